import { invert, stepI, stepJ, stepK, toPatient } from './affine.ts';
import { type Plane, plane } from './plane.ts';
import type { Degree, Mm, Mm2, PatientPoint, Vec3 } from './units.ts';
import { cross, dot, norm, subtract } from './vector.ts';
import type { Volume } from './volume.ts';

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

export interface RegionStatistics {
  /** Number of voxels counted. */
  readonly count: number;
  readonly mean: number;
  /** Population standard deviation (divides by n). */
  readonly standardDeviation: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Statistics of the voxels an ellipse covers: those that the plane of the ellipse cuts and whose
 * centre, projected along the plane's normal, lies inside. On a plane parallel to the slices this
 * is exactly "pixels of the slice with their centre inside".
 * @param volume full-resolution volume, values after rescale.
 * @returns undefined when no voxel qualifies (outside the volume, or smaller than a voxel).
 */
export function ellipseStatistics(volume: Volume, e: Ellipse): RegionStatistics | undefined {
  const a = subtract(e.endA, e.centre);
  const b = subtract(e.endB, e.centre);
  const normal = cross(a, b);
  if (norm(normal) === 0) return undefined;
  const cut = plane(e.centre, normal);
  const inside = insideEllipse(a, b);
  const reach = voxelReach(volume, cut);
  const accumulator = new Moments();
  forEachVoxelNear(volume, e, a, b, reach, (point, value) => {
    const d = subtract(point, e.centre);
    const height = dot(cut.normal, d);
    // Half open, so that a plane midway between two slices counts one of them, not both.
    if (height <= -reach || height > reach) return;
    if (inside(d)) accumulator.add(value);
  });
  return accumulator.result();
}

/** Test of an in-plane offset (its part along the normal is ignored) against |p·a + q·b|, p²+q² ≤ 1. */
function insideEllipse(a: Vec3, b: Vec3): (offset: Vec3) => boolean {
  const [aa, ab, bb] = [dot(a, a), dot(a, b), dot(b, b)];
  const d = aa * bb - ab * ab;
  return (offset) => {
    const [oa, ob] = [dot(offset, a), dot(offset, b)];
    const p = (oa * bb - ob * ab) / d;
    const q = (ob * aa - oa * ab) / d;
    return p * p + q * q <= 1;
  };
}

/** Half the extent of one voxel along the plane's normal, in mm. */
function voxelReach(volume: Volume, cut: Plane): number {
  const m = volume.affine;
  return (
    [stepI(m), stepJ(m), stepK(m)].reduce((sum, s) => sum + Math.abs(dot(cut.normal, s)), 0) / 2
  );
}

function forEachVoxelNear(
  volume: Volume,
  e: Ellipse,
  a: Vec3,
  b: Vec3,
  reach: number,
  visit: (point: PatientPoint, value: number) => void,
): void {
  const inverse = invert(volume.affine);
  const centre = toPatient(inverse, e.centre);
  const [nx, ny] = volume.size;
  const range = ([0, 1, 2] as const).map((axis) => {
    const row: Vec3 = [
      inverse[axis * 4] ?? 0,
      inverse[axis * 4 + 1] ?? 0,
      inverse[axis * 4 + 2] ?? 0,
    ];
    // Half extent of the ellipse along a voxel axis: support function of conjugate half diameters.
    const half = Math.hypot(dot(row, a), dot(row, b)) + reach * norm(row) + 1e-6;
    const c = centre[axis];
    return [
      Math.max(0, Math.ceil(c - half)),
      Math.min(volume.size[axis] - 1, Math.floor(c + half)),
    ] as const;
  }) as [readonly [number, number], readonly [number, number], readonly [number, number]];
  for (let k = range[2][0]; k <= range[2][1]; k++) {
    for (let j = range[1][0]; j <= range[1][1]; j++) {
      for (let i = range[0][0]; i <= range[0][1]; i++) {
        visit(toPatient(volume.affine, [i, j, k]), volume.data[i + nx * (j + ny * k)] as number);
      }
    }
  }
}

/** Mean and spread in one pass without cancellation (Welford, Technometrics 4(3), 1962). */
class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.#count++;
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  result(): RegionStatistics | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      mean: this.#mean,
      standardDeviation: Math.sqrt(this.#squares / this.#count),
      min: this.#min,
      max: this.#max,
    };
  }
}
