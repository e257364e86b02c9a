import type { Degree, Mm, Mm2, PatientPoint, Vec3 } from './units.ts';
import { add, cross, dot, lerp, norm, scale, subtract } from './vector.ts';

/** Distance between two points in mm. */
export const distance = (a: PatientPoint, b: PatientPoint): Mm => norm(subtract(b, a)) as Mm;

/** Angle a–vertex–b in degrees, 0…180; NaN when a side has no length. */
export function angle(a: PatientPoint, vertex: PatientPoint, b: PatientPoint): Degree {
  const u = subtract(a, vertex);
  const v = subtract(b, vertex);
  if (norm(u) === 0 || norm(v) === 0) return Number.NaN as Degree;
  // atan2 stays exact near 0° and 180°, where acos loses half its digits.
  return ((Math.atan2(norm(cross(u, v)), dot(u, v)) * 180) / Math.PI) as Degree;
}

/** An ellipse in patient space by its centre and the ends of its two half axes. */
export interface Ellipse {
  readonly centre: PatientPoint;
  readonly endA: PatientPoint;
  readonly endB: PatientPoint;
}

/** Area in mm². Exact for conjugate half diameters too: π·|a × b|. */
export function ellipseArea(e: Ellipse): Mm2 {
  return (Math.PI * norm(cross(subtract(e.endA, e.centre), subtract(e.endB, e.centre)))) as Mm2;
}

/**
 * Circumference of an ellipse in mm: 4·a·E(e), by the arithmetic-geometric mean (Abramowitz & Stegun
 * 17.6), exact to rounding. Conjugate half diameters are brought to the axes first.
 */
export function ellipsePerimeter(e: Ellipse): Mm {
  const [u, v] = [subtract(e.endA, e.centre), subtract(e.endB, e.centre)];
  const sum = dot(u, u) + dot(v, v);
  const product = norm(cross(u, v));
  // a² + b² and a·b do not change between conjugate pairs (Apollonius).
  const root = Math.sqrt(Math.max(0, sum * sum - 4 * product * product));
  const [a, b] = [Math.sqrt((sum + root) / 2), Math.sqrt(Math.max(0, (sum - root) / 2))];
  if (a === 0) return 0 as Mm;
  if (b < a * 1e-12) return (4 * a) as Mm;
  let [p, q, power, series] = [a, b, 0.5, (a * a - b * b) / 2];
  while (p - q > 1e-15 * p) {
    const c = (p - q) / 2;
    [p, q, power] = [(p + q) / 2, Math.sqrt(p * q), power * 2];
    series += power * c * c;
  }
  return ((2 * Math.PI * (a * a - series)) / p) as Mm;
}

/** Corners of a rectangle given like an ellipse: its centre and the middles of two sides. */
export function rectangleCorners(e: Ellipse): readonly [Vec3, Vec3, Vec3, Vec3] {
  const [a, b] = [subtract(e.endA, e.centre), subtract(e.endB, e.centre)];
  const corner = (s: number, t: number): Vec3 => add(e.centre, add(scale(a, s), scale(b, t)));
  return [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
}

/** Twice the area of a closed polygon as a vector along its normal (Newell, after Sutherland 1974). */
export function areaVector(corners: readonly Vec3[]): Vec3 {
  const first = corners[0];
  if (!first) return [0, 0, 0];
  let sum: Vec3 = [0, 0, 0];
  // Seen from the first corner: far from the origin, products of large numbers would cancel badly.
  for (let n = 1; n + 1 < corners.length; n++) {
    const [p, q] = [corners[n] as Vec3, corners[n + 1] as Vec3];
    sum = add(sum, cross(subtract(p, first), subtract(q, first)));
  }
  return sum;
}

/** Area of a closed, plane polygon in mm². One that crosses itself counts each side with its sign. */
export const polygonArea = (corners: readonly Vec3[]): Mm2 =>
  (norm(areaVector(corners)) / 2) as Mm2;

/** Length of a line through points in mm; with the way back to the first when `closed`. */
export function pathLength(points: readonly Vec3[], closed = false): Mm {
  let sum = 0;
  for (let n = 1; n < points.length; n++) {
    sum += norm(subtract(points[n] as Vec3, points[n - 1] as Vec3));
  }
  const [first, last] = [points[0], points.at(-1)];
  return (closed && first && last ? sum + norm(subtract(first, last)) : sum) as Mm;
}

/**
 * Cobb angle between two lines of a plane (end plates), degrees 0…180: the angle of the wedge in
 * which both lie, seen from where their straight extensions meet, so that it does not matter in which
 * direction each was drawn and a curve beyond 90° is not turned into its supplement. Where one line
 * crosses the other's extension there is no such wedge; then it is the smaller angle between them.
 * NaN when a line has no length.
 */
export function cobbAngle(
  a: PatientPoint,
  b: PatientPoint,
  c: PatientPoint,
  d: PatientPoint,
): Degree {
  const [u, v] = [subtract(b, a), subtract(d, c)];
  const normal = cross(u, v);
  if (norm(u) === 0 || norm(v) === 0) return Number.NaN as Degree;
  const smaller = (Math.atan2(norm(normal), Math.abs(dot(u, v))) * 180) / Math.PI;
  // Below a thousandth of a degree the lines meet too far away to tell.
  if (smaller < 1e-3) return smaller as Degree;
  const w = subtract(c, a);
  const square = dot(normal, normal);
  const s = dot(cross(w, v), normal) / square;
  const t = dot(cross(w, u), normal) / square;
  const isWedge = (s < 0 || s > 1) && (t < 0 || t > 1);
  if (!isWedge) return smaller as Degree;
  const [p, q] = [s < 0 ? u : scale(u, -1), t < 0 ? v : scale(v, -1)];
  return ((Math.atan2(norm(cross(p, q)), dot(p, q)) * 180) / Math.PI) as Degree;
}

/**
 * The short axis of a bidirectional measure (RECIST 1.1: longest diameter and the longest one at a
 * right angle to it): `from`–`to` turned about its middle until it stands at a right angle to a–b.
 * @param normal of the plane, unit length.
 */
export function perpendicularAxis(
  a: Vec3,
  b: Vec3,
  from: Vec3,
  to: Vec3,
  normal: Vec3,
): readonly [Vec3, Vec3] {
  const axis = subtract(b, a);
  const length = norm(axis);
  if (length === 0) return [from, to];
  const across = scale(cross(normal, axis), 1 / length);
  const middle = lerp(from, to, 0.5);
  const half = scale(across, dot(subtract(to, from), across) / 2);
  return [subtract(middle, half), add(middle, half)];
}
