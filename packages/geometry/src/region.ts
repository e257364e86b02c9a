import { invert, stepI, stepJ, stepK, toPatient } from './affine.ts';
import { areaVector, type Ellipse, rectangleCorners } from './measure.ts';
import { type Plane, plane, planeBasis } from './plane.ts';
import type { PatientPoint, Vec3 } from './units.ts';
import { cross, dot, norm, subtract } from './vector.ts';
import type { Volume } from './volume.ts';

export interface RegionStatistics {
  /** Number of voxels counted. */
  readonly count: number;
  readonly mean: number;
  /** Population standard deviation (divides by n). */
  readonly standardDeviation: number;
  readonly min: number;
  readonly max: number;
}

/*
 * One rule for every region: a voxel counts when the plane of the region cuts it and its centre,
 * projected along the plane's normal, lies inside. On a plane parallel to the slices this is exactly
 * "pixels of the slice with their centre inside". A plane midway between two slices counts one of
 * them. All functions take the full-resolution volume, values after rescale, and give undefined when
 * no voxel qualifies (outside of the volume, or smaller than a voxel).
 */

/** A centre on the curve itself counts. */
export function ellipseStatistics(volume: Volume, e: Ellipse): RegionStatistics | undefined {
  const a = subtract(e.endA, e.centre);
  const b = subtract(e.endB, e.centre);
  const normal = cross(a, b);
  if (norm(normal) === 0) return undefined;
  const inside = insideEllipse(a, b);
  return statistics(volume, plane(e.centre, normal), rectangleCorners(e), (p) =>
    inside(subtract(p, e.centre)),
  );
}

/** The four sides of the rectangle whose half axes are those of `e`; see polygonStatistics for its rim. */
export const rectangleStatistics = (volume: Volume, e: Ellipse): RegionStatistics | undefined =>
  polygonStatistics(volume, rectangleCorners(e));

/**
 * Voxels inside a closed, plane polygon by the even-odd rule (Shimrat, Comm. ACM 5(8), 1962). An edge
 * owns its lower end and not its upper one along the plane's second axis, so that two polygons that
 * share an edge never count a voxel twice.
 */
export function polygonStatistics(
  volume: Volume,
  corners: readonly Vec3[],
): RegionStatistics | undefined {
  const normal = areaVector(corners);
  const first = corners[0];
  if (!first || norm(normal) === 0) return undefined;
  const cut = plane(first as PatientPoint, normal);
  const { right, down } = planeBasis(cut.normal);
  const flat = (p: Vec3): readonly [number, number] => {
    const d = subtract(p, first);
    return [dot(d, right), dot(d, down)];
  };
  const outline = corners.map(flat);
  return statistics(volume, cut, corners, (p) => isInsidePolygon(flat(p), outline));
}

/** Even-odd rule, half-open edges; see polygonStatistics. */
export function isInsidePolygon(
  [x, y]: readonly [number, number],
  outline: readonly (readonly [number, number])[],
): boolean {
  let inside = false;
  let before = outline.at(-1);
  for (const corner of outline) {
    if (before && corner[1] > y !== before[1] > y) {
      const at = before[0] + ((y - before[1]) / (corner[1] - before[1])) * (corner[0] - before[0]);
      if (x < at) inside = !inside;
    }
    before = corner;
  }
  return inside;
}

/** @param corners a polygon that holds the region; voxels outside of its box are not looked at. */
function statistics(
  volume: Volume,
  cut: Plane,
  corners: readonly Vec3[],
  isInside: (p: PatientPoint) => boolean,
): RegionStatistics | undefined {
  const reach = voxelReach(volume, cut);
  const accumulator = new Moments();
  forEachVoxelNear(volume, corners, reach, (point, value) => {
    const height = dot(cut.normal, subtract(point, cut.point));
    // Half open, so that a plane midway between two slices counts one of them, not both.
    if (height <= -reach || height > reach) return;
    if (isInside(point)) accumulator.add(value);
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
  corners: readonly Vec3[],
  reach: number,
  visit: (point: PatientPoint, value: number) => void,
): void {
  const inverse = invert(volume.affine);
  const indices = corners.map((c) => toPatient(inverse, c));
  const [nx, ny] = volume.size;
  const range = ([0, 1, 2] as const).map((axis) => {
    const row: Vec3 = [
      inverse[axis * 4] ?? 0,
      inverse[axis * 4 + 1] ?? 0,
      inverse[axis * 4 + 2] ?? 0,
    ];
    const margin = reach * norm(row) + 1e-6;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const p of indices) {
      low = Math.min(low, p[axis]);
      high = Math.max(high, p[axis]);
    }
    return [
      Math.max(0, Math.ceil(low - margin)),
      Math.min(volume.size[axis] - 1, Math.floor(high + margin)),
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
