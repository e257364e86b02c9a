import {
  type Affine,
  add,
  dot,
  invert,
  norm,
  type PatientPoint,
  patientPoint,
  scale,
  stepI,
  stepJ,
  stepK,
  subtract,
  toPatient,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import { isClipped } from './clip.ts';
import { opacityAt, type Transfer } from './presets.ts';

/** A line of sight: from the viewer into the picture, unit direction, LPS mm. */
export interface Ray {
  readonly origin: Vec3;
  readonly direction: Vec3;
}

export interface Surface {
  readonly key: string;
  readonly opacity: number;
  readonly positions: Float32Array;
  readonly indices: Uint32Array;
  readonly centre: Vec3;
  readonly radius: number;
  /** mm from its place, where structures are drawn apart. */
  readonly offset?: Vec3 | undefined;
}
/** Unit normal and distance of each clip plane. */
type Clip = readonly (readonly [Vec3, number])[];
export interface Hit {
  readonly distance: number;
  readonly point: PatientPoint;
  readonly key?: string;
}

const at = (r: Ray, t: number): PatientPoint => {
  const p = add(r.origin, scale(r.direction, t));
  return patientPoint(p[0], p[1], p[2]);
};

/** A person points at what hides: through glass first at what is behind it. */
const glass = 0.6;

/**
 * The structure a person means: the first surface that hides what is behind it; where there is only
 * glass, the first pane.
 */
export function pickSurface(
  from: Ray,
  surfaces: readonly Surface[],
  clip: Clip = [],
): Hit | undefined {
  let solid: Hit | undefined;
  let pane: Hit | undefined;
  for (const s of surfaces) {
    if (s.opacity <= 0.005) continue;
    const ray = s.offset ? { ...from, origin: subtract(from.origin, s.offset) } : from;
    const toCentre = subtract(s.centre, ray.origin);
    const along = dot(toCentre, ray.direction);
    const off = dot(toCentre, toCentre) - along * along;
    if (off > s.radius * s.radius) continue;
    const limit = (s.opacity >= glass ? solid : pane)?.distance ?? Number.POSITIVE_INFINITY;
    if (along - s.radius > limit) continue;
    const distance = firstTriangle(ray, s, limit, clip);
    if (distance === undefined) continue;
    const hit = { distance, point: at(ray, distance), key: s.key };
    if (s.opacity >= glass) solid = hit;
    else pane = hit;
  }
  return solid ?? pane;
}

/** Möller–Trumbore (J. Graphics Tools 2(1), 1997) over all triangles; about 10 ms for a million. */
function firstTriangle(ray: Ray, s: Surface, limit: number, clip: Clip): number | undefined {
  const [ox, oy, oz] = ray.origin;
  const [dx, dy, dz] = ray.direction;
  const p = s.positions;
  let best = limit;
  for (let t = 0; t < s.indices.length; t += 3) {
    const a = (s.indices[t] as number) * 3;
    const b = (s.indices[t + 1] as number) * 3;
    const c = (s.indices[t + 2] as number) * 3;
    const ax = p[a] as number;
    const ay = p[a + 1] as number;
    const az = p[a + 2] as number;
    const e1x = (p[b] as number) - ax;
    const e1y = (p[b + 1] as number) - ay;
    const e1z = (p[b + 2] as number) - az;
    const e2x = (p[c] as number) - ax;
    const e2y = (p[c + 1] as number) - ay;
    const e2z = (p[c + 2] as number) - az;
    const hx = dy * e2z - dz * e2y;
    const hy = dz * e2x - dx * e2z;
    const hz = dx * e2y - dy * e2x;
    const det = e1x * hx + e1y * hy + e1z * hz;
    if (det > -1e-12 && det < 1e-12) continue;
    const f = 1 / det;
    const sx = ox - ax;
    const sy = oy - ay;
    const sz = oz - az;
    const u = f * (sx * hx + sy * hy + sz * hz);
    if (u < 0 || u > 1) continue;
    const qx = sy * e1z - sz * e1y;
    const qy = sz * e1x - sx * e1z;
    const qz = sx * e1y - sy * e1x;
    const v = f * (dx * qx + dy * qy + dz * qz);
    if (v < 0 || u + v > 1) continue;
    const distance = f * (e2x * qx + e2y * qy + e2z * qz);
    if (distance > 0 && distance < best && !(clip.length > 0 && isClipped(clip, at(ray, distance))))
      best = distance;
  }
  return best < limit ? best : undefined;
}

/**
 * Where the eye stops in a rendered volume: half of the light is gone (composite), or the brightest
 * voxel (MIP).
 */
export function pickVolume(
  ray: Ray,
  volume: Volume,
  t: Transfer,
  clip: Clip = [],
): Hit | undefined {
  const inverse = invert(volume.affine);
  const range = boxRange(ray, volume, inverse);
  if (!range) return undefined;
  const m = volume.affine;
  const step = Math.min(norm(stepI(m)), norm(stepJ(m)), norm(stepK(m))) / 2;
  let light = 1;
  let brightest = Number.NEGATIVE_INFINITY;
  let where = 0;
  for (let d = range[0]; d <= range[1]; d += step) {
    const value = sample(volume, inverse, add(ray.origin, scale(ray.direction, d)));
    if (value === undefined || (clip.length > 0 && isClipped(clip, at(ray, d)))) continue;
    if (t.blend === 'max') {
      if (value > brightest) [brightest, where] = [value, d];
      continue;
    }
    light *= (1 - opacityAt(t, value)) ** step;
    if (light < 0.5) return { distance: d, point: at(ray, d) };
  }
  if (t.blend !== 'max' || opacityAt(t, brightest) < 0.05) return undefined;
  return { distance: where, point: at(ray, where) };
}

/** Entry and exit distance of the ray through the volume's box (slab method). */
function boxRange(ray: Ray, volume: Volume, inverse: Affine): [number, number] | undefined {
  const origin = toPatient(inverse, ray.origin);
  const tip = toPatient(inverse, add(ray.origin, ray.direction));
  let [near, far] = [0, Number.POSITIVE_INFINITY];
  for (const a of [0, 1, 2] as const) {
    const d = tip[a] - origin[a];
    const [lo, hi] = [-0.5 - origin[a], volume.size[a] - 0.5 - origin[a]];
    if (Math.abs(d) < 1e-12) {
      if (lo > 0 || hi < 0) return undefined;
      continue;
    }
    near = Math.max(near, Math.min(lo / d, hi / d));
    far = Math.min(far, Math.max(lo / d, hi / d));
  }
  return near < far ? [near, far] : undefined;
}

function sample(volume: Volume, inverse: Affine, p: Vec3): number | undefined {
  const v = toPatient(inverse, p);
  const [nx, ny, nz] = volume.size;
  const [i, j, k] = [Math.round(v[0]), Math.round(v[1]), Math.round(v[2])];
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return undefined;
  return volume.data[i + nx * (j + ny * k)];
}
