import type { Vec3 } from '@yuepian/geometry';

/** A point of a tube: position in LPS mm and radius. */
export type TubePoint = readonly [number, number, number, number];

/** Catmull-Rom curve (centripetal parameter would loop less, uniform is enough here) through rows of numbers. */
export function spline(rows: readonly (readonly number[])[]): (t: number) => number[] {
  const last = rows.length - 1;
  const row = (i: number): readonly number[] => rows[Math.min(last, Math.max(0, i))] as number[];
  return (t) => {
    const s = Math.min(Math.max(t, 0), 1) * last;
    const i = Math.min(Math.floor(s), Math.max(last - 1, 0));
    const f = s - i;
    const [p0, p1, p2, p3] = [row(i - 1), row(i), row(i + 1), row(i + 2)];
    return p1.map((b, n) => {
      const a = p0[n] as number;
      const c = p2[n] as number;
      const d = p3[n] as number;
      return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
    });
  };
}

/** A spline through tube points, sampled about every `step` mm. */
export function tube(points: readonly TubePoint[], step = 2): TubePoint[] {
  let length = 0;
  for (let n = 1; n < points.length; n++) {
    const [a, b] = [points[n - 1] as TubePoint, points[n] as TubePoint];
    length += Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
  }
  const curve = spline(points);
  const count = Math.max(2, Math.ceil(length / step));
  return Array.from({ length: count + 1 }, (_, n) => curve(n / count) as unknown as TubePoint);
}

/** Mirrors at the midsagittal plane. */
export const mirrored = <T extends Vec3 | TubePoint>(points: readonly T[]): T[] =>
  points.map((p) => [-p[0], ...p.slice(1)] as unknown as T);

/**
 * Values that change smoothly with height: rows of [z, a, b, …] in falling or rising z; monotone
 * cubic between rows (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980, harmonic-mean slopes), so
 * that a contour never overshoots its keys.
 */
export function keyframes(rows: readonly (readonly number[])[]): (z: number) => number[] {
  const sorted = [...rows].sort((a, b) => (a[0] as number) - (b[0] as number));
  const zs = sorted.map((r) => r[0] as number);
  const columns = (sorted[0]?.length ?? 1) - 1;
  const slopes = Array.from({ length: columns }, (_, c) =>
    monotoneSlopes(zs, column(sorted, c + 1)),
  );
  return (z) => {
    const last = zs.length - 1;
    let i = 0;
    while (i < last - 1 && z > (zs[i + 1] as number)) i++;
    const [z0, z1] = [zs[i] as number, zs[i + 1] as number];
    const h = z1 - z0;
    const t = Math.min(1, Math.max(0, (z - z0) / h));
    return Array.from({ length: columns }, (_, c) => {
      const [p0, p1] = [sorted[i]?.[c + 1] as number, sorted[i + 1]?.[c + 1] as number];
      const [m0, m1] = [slopes[c]?.[i] as number, slopes[c]?.[i + 1] as number];
      const t2 = t * t;
      const t3 = t2 * t;
      return (
        (2 * t3 - 3 * t2 + 1) * p0 +
        (t3 - 2 * t2 + t) * h * m0 +
        (3 * t2 - 2 * t3) * p1 +
        (t3 - t2) * h * m1
      );
    });
  };
}

const column = (rows: readonly (readonly number[])[], c: number): number[] =>
  rows.map((r) => r[c] as number);

function monotoneSlopes(x: readonly number[], y: readonly number[]): number[] {
  const secant = y
    .slice(1)
    .map((v, n) => (v - (y[n] as number)) / ((x[n + 1] as number) - (x[n] as number)));
  return y.map((_, n) => {
    const a = secant[n - 1];
    const b = secant[n];
    if (a === undefined || b === undefined) return a ?? b ?? 0;
    return a * b <= 0 ? 0 : (2 * a * b) / (a + b);
  });
}
