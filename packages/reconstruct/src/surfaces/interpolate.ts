import { affineFromSteps, stepI, stepJ, stepK, toPatient, type Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { type LabelGrid, wholeGrid } from './slices.ts';

/** Layers to make per slice so that voxels get nearly cubic; 1 where they are within a factor of 2. */
export function layersBetween(spacing: Vec3): number {
  const inPlane = (spacing[0] + spacing[1]) / 2;
  return Math.max(1, Math.min(6, Math.round(spacing[2] / inPlane / 1.25)));
}

/**
 * Shape-based interpolation (Raya & Udupa, IEEE Trans. Medical Imaging 9(1), 1990): between two
 * slices a segment's edge moves as the mean of its signed in-plane distances does. Labels are
 * replaced by segment numbers. Each slice becomes `layers` layers centred on where it was, so the
 * extent along k and hence the volume stay as they are.
 */
export async function interpolated(
  grid: LabelGrid,
  segmentOf: Uint8Array,
  layers: number,
  pace: Pace,
): Promise<LabelGrid> {
  const [nx, ny, nz] = grid.size;
  const area = nx * ny;
  const data = new Uint8Array(area * nz * layers);
  const clip = layers * 4;
  let low = slicePlanes(grid, segmentOf, 0, clip);
  let high = low;
  for (let k = 0; k < nz; k++) {
    const below = low;
    low = high;
    high = k + 1 < nz ? slicePlanes(grid, segmentOf, k + 1, clip) : low;
    for (let n = 0; n < layers; n++) {
      // Centre of the layer relative to the centre of slice k, in slices: -½…½.
      const offset = (n + 0.5) / layers - 0.5;
      const other = offset < 0 ? below : high;
      blend(
        low,
        other,
        Math.abs(offset),
        data.subarray((k * layers + n) * area, (k * layers + n + 1) * area),
      );
    }
    await pace.breathe();
  }
  const m = grid.affine;
  const thin = stepK(m).map((v) => v / layers) as unknown as Vec3;
  const first = toPatient(m, [0, 0, 0.5 / layers - 0.5]);
  return wholeGrid({
    size: [nx, ny, nz * layers],
    affine: affineFromSteps(stepI(m), stepJ(m), thin, first),
    data,
  });
}

/** One slice: its segments and, made when first asked for, the distance to each segment's edge. */
interface Planes {
  readonly labels: Uint8Array;
  distance(segment: number): Float32Array;
}

function slicePlanes(grid: LabelGrid, segmentOf: Uint8Array, k: number, clip: number): Planes {
  const [nx, ny] = grid.size;
  const labels = new Uint8Array(nx * ny);
  for (let y = 0; y < ny; y++) {
    const from = grid.start + grid.row * y + grid.plane * k;
    for (let x = 0; x < nx; x++)
      labels[y * nx + x] = segmentOf[grid.data[from + x] as number] as number;
  }
  const made = new Map<number, Float32Array>();
  return {
    labels,
    distance(segment) {
      let d = made.get(segment);
      if (d === undefined) {
        d = signedDistance(labels, segment, nx, ny, clip);
        made.set(segment, d);
      }
      return d;
    },
  };
}

function blend(own: Planes, other: Planes, t: number, out: Uint8Array): void {
  const a = own.labels;
  const b = other.labels;
  const distances = new Map<number, readonly [Float32Array, Float32Array]>();
  const both = (segment: number): readonly [Float32Array, Float32Array] => {
    let pair = distances.get(segment);
    if (pair === undefined) {
      pair = [own.distance(segment), other.distance(segment)];
      distances.set(segment, pair);
    }
    return pair;
  };
  for (let p = 0; p < out.length; p++) {
    const la = a[p] as number;
    const lb = b[p] as number;
    if (la === lb) {
      out[p] = la;
      continue;
    }
    // Any third segment is outside in both slices and cannot win.
    const [a0, a1] = both(la);
    const [b0, b1] = both(lb);
    const da = (1 - t) * (a0[p] as number) + t * (a1[p] as number);
    const db = (1 - t) * (b0[p] as number) + t * (b1[p] as number);
    out[p] = da >= db ? la : lb;
  }
}

/** In-plane chamfer distance (weights 1, √2) to the segment's edge in pixels, positive inside. */
function signedDistance(
  labels: Uint8Array,
  segment: number,
  nx: number,
  ny: number,
  clip: number,
): Float32Array {
  const inside = new Float32Array(nx * ny);
  const outside = new Float32Array(nx * ny);
  for (let p = 0; p < labels.length; p++) {
    if (labels[p] === segment) inside[p] = clip;
    else outside[p] = clip;
  }
  chamfer(inside, nx, ny);
  chamfer(outside, nx, ny);
  for (let p = 0; p < inside.length; p++)
    inside[p] =
      (inside[p] as number) > 0 ? (inside[p] as number) - 0.5 : 0.5 - (outside[p] as number);
  return blurred(blurred(inside, 1, nx), nx, ny);
}

/** Weights ¼ ½ ¼ along one axis: the steps of the pixels would leave grooves from slice to slice. */
function blurred(d: Float32Array, step: number, count: number): Float32Array {
  const out = d.slice();
  const other = d.length / count;
  const along = step === 1 ? count : 1;
  for (let n = 0; n < other; n++) {
    for (let m = 1; m < count - 1; m++) {
      const p = n * along + m * step;
      out[p] = ((d[p - step] as number) + 2 * (d[p] as number) + (d[p + step] as number)) / 4;
    }
  }
  return out;
}

function chamfer(d: Float32Array, nx: number, ny: number): void {
  const diagonal = Math.SQRT2;
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const p = y * nx + x;
      let v = d[p] as number;
      if (v === 0) continue;
      if (x > 0) v = Math.min(v, (d[p - 1] as number) + 1);
      if (y > 0) {
        v = Math.min(v, (d[p - nx] as number) + 1);
        if (x > 0) v = Math.min(v, (d[p - nx - 1] as number) + diagonal);
        if (x < nx - 1) v = Math.min(v, (d[p - nx + 1] as number) + diagonal);
      }
      d[p] = v;
    }
  }
  for (let y = ny - 1; y >= 0; y--) {
    for (let x = nx - 1; x >= 0; x--) {
      const p = y * nx + x;
      let v = d[p] as number;
      if (v === 0) continue;
      if (x < nx - 1) v = Math.min(v, (d[p + 1] as number) + 1);
      if (y < ny - 1) {
        v = Math.min(v, (d[p + nx] as number) + 1);
        if (x < nx - 1) v = Math.min(v, (d[p + nx + 1] as number) + diagonal);
        if (x > 0) v = Math.min(v, (d[p + nx - 1] as number) + diagonal);
      }
      d[p] = v;
    }
  }
}
