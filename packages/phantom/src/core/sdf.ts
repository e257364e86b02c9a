import type { Vec3 } from '@yuepian/geometry';

/**
 * Signed distance in mm at a point (LPS mm), negative inside. Shapes here are near-distances: exact
 * at the surface, of slope about one around it (Quilez, "Distance functions", for the primitives).
 */
export type Sdf = (x: number, y: number, z: number) => number;

export const clamp = (v: number, low: number, high: number): number =>
  Math.min(Math.max(v, low), high);
export const mix = (a: number, b: number, t: number): number => a + (b - a) * t;
export const smoothstep = (low: number, high: number, v: number): number => {
  const t = clamp((v - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
};

/** Union with a fillet of size k (polynomial smooth minimum). */
export const smin = (a: number, b: number, k: number): number => {
  const h = Math.max(k - Math.abs(a - b), 0) / k;
  return Math.min(a, b) - h * h * k * 0.25;
};
/** Intersection with a rounded edge of size k. */
export const smax = (a: number, b: number, k: number): number => -smin(-a, -b, k);

/** Ellipsoid in its own axes; first-order distance. */
export function ellipsoid(
  x: number,
  y: number,
  z: number,
  rx: number,
  ry: number,
  rz: number,
): number {
  const k0 = Math.sqrt((x / rx) ** 2 + (y / ry) ** 2 + (z / rz) ** 2);
  const k1 = Math.sqrt((x / (rx * rx)) ** 2 + (y / (ry * ry)) ** 2 + (z / (rz * rz)) ** 2);
  return k1 > 1e-9 ? (k0 * (k0 - 1)) / k1 : -Math.min(rx, ry, rz);
}

/** Flat ellipse in its own axes; first-order distance. */
export function ellipse(x: number, y: number, rx: number, ry: number): number {
  const k0 = Math.sqrt((x / rx) ** 2 + (y / ry) ** 2);
  const k1 = Math.sqrt((x / (rx * rx)) ** 2 + (y / (ry * ry)) ** 2);
  return k1 > 1e-9 ? (k0 * (k0 - 1)) / k1 : -Math.min(rx, ry);
}

/** Superellipse |x/a|^n + |y/b|^n = 1; first-order distance along the ray from its centre. */
export function superellipse(x: number, y: number, a: number, b: number, n: number): number {
  const q = ((Math.abs(x) / a) ** n + (Math.abs(y) / b) ** n) ** (1 / n);
  const r = Math.sqrt(x * x + y * y);
  return q > 1e-6 ? (1 - 1 / q) * Math.max(r, 0.3 * Math.min(a, b)) : -Math.min(a, b);
}

/** Capsule between a and b whose radius runs from ra to rb. */
export function capsule(
  x: number,
  y: number,
  z: number,
  a: Vec3,
  b: Vec3,
  ra: number,
  rb: number,
): number {
  const bx = b[0] - a[0];
  const by = b[1] - a[1];
  const bz = b[2] - a[2];
  const px = x - a[0];
  const py = y - a[1];
  const pz = z - a[2];
  const t = clamp((px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz || 1), 0, 1);
  const dx = px - bx * t;
  const dy = py - by * t;
  const dz = pz - bz * t;
  return Math.sqrt(dx * dx + dy * dy + dz * dz) - mix(ra, rb, t);
}

/** Rounded box of half sizes h. */
export function roundBox(
  x: number,
  y: number,
  z: number,
  hx: number,
  hy: number,
  hz: number,
  r: number,
): number {
  const qx = Math.abs(x) - hx + r;
  const qy = Math.abs(y) - hy + r;
  const qz = Math.abs(z) - hz + r;
  const outside = Math.sqrt(Math.max(qx, 0) ** 2 + Math.max(qy, 0) ** 2 + Math.max(qz, 0) ** 2);
  return outside + Math.min(Math.max(qx, qy, qz), 0) - r;
}

/** An orthonormal frame at a point: world → local coordinates. */
export interface LocalFrame {
  readonly origin: Vec3;
  readonly u: Vec3;
  readonly v: Vec3;
  readonly w: Vec3;
}

/** A frame whose w follows `axis` and whose u lies as near as possible to `towards`. */
export function frameAlong(origin: Vec3, axis: Vec3, towards: Vec3): LocalFrame {
  const w = unit3(axis);
  const along = w[0] * towards[0] + w[1] * towards[1] + w[2] * towards[2];
  const u = unit3([
    towards[0] - along * w[0],
    towards[1] - along * w[1],
    towards[2] - along * w[2],
  ]);
  const v: Vec3 = [w[1] * u[2] - w[2] * u[1], w[2] * u[0] - w[0] * u[2], w[0] * u[1] - w[1] * u[0]];
  return { origin, u, v, w };
}

const unit3 = (a: Vec3): Vec3 => {
  const n = Math.hypot(a[0], a[1], a[2]) || 1;
  return [a[0] / n, a[1] / n, a[2] / n];
};

/** Puts a shape of local coordinates into the world. */
export function placed(frame: LocalFrame, shape: Sdf): Sdf {
  const { origin: o, u, v, w } = frame;
  return (x, y, z) => {
    const dx = x - o[0];
    const dy = y - o[1];
    const dz = z - o[2];
    return shape(
      dx * u[0] + dy * u[1] + dz * u[2],
      dx * v[0] + dy * v[1] + dz * v[2],
      dx * w[0] + dy * w[1] + dz * w[2],
    );
  };
}

export const toWorld = (f: LocalFrame, p: Vec3): Vec3 => [
  f.origin[0] + p[0] * f.u[0] + p[1] * f.v[0] + p[2] * f.w[0],
  f.origin[1] + p[0] * f.u[1] + p[1] * f.v[1] + p[2] * f.w[1],
  f.origin[2] + p[0] * f.u[2] + p[1] * f.v[2] + p[2] * f.w[2],
];
