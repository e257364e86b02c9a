import {
  type Affine,
  add,
  affineFromSteps,
  cross,
  dot,
  norm,
  scale,
  subtract,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import type { FrameHeader, InstanceHeader, Tile } from './types.ts';

/** A frame that has a place: what a volume is made of. */
export interface PlacedFrame {
  readonly header: InstanceHeader;
  readonly frame: FrameHeader;
  readonly position: Vec3;
  readonly orientation: readonly [number, number, number, number, number, number];
  readonly pixelSpacing: readonly [number, number];
  /** A part of the frame only. */
  readonly tile?: Tile;
}

/** Geometry of slices that share orientation and pixel grid, in order along the normal. */
export interface Stack {
  readonly frames: readonly PlacedFrame[];
  /** mm along the normal from the first slice. */
  readonly distances: readonly number[];
  readonly affine: Affine;
  readonly gaps: { readonly min: number; readonly max: number; readonly median: number };
  readonly equalGaps: boolean;
  /** Slices that seem to be missing where gaps are whole multiples of the usual one. */
  readonly missing: number;
  readonly tiltDegrees: number;
  readonly orthogonal: boolean;
}

/** Frames nearer to each other than this along the normal are the same place; positions are rounded. */
export const samePlace = 0.02;

// Not Math.min(...values): a hostile object has more frames than a call has arguments.
export const least = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
export const greatest = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

export const rowOf = (f: PlacedFrame): Vec3 => [
  f.orientation[0],
  f.orientation[1],
  f.orientation[2],
];
export const columnOf = (f: PlacedFrame): Vec3 => [
  f.orientation[3],
  f.orientation[4],
  f.orientation[5],
];
export const normalOf = (f: PlacedFrame): Vec3 => unit(cross(rowOf(f), columnOf(f)));

/** Sorted along `normal`; the instance number only settles ties, so that the answer is always the same. */
export function alongNormal(frames: readonly PlacedFrame[], normal: Vec3): PlacedFrame[] {
  return [...frames].sort(
    (a, b) => dot(a.position, normal) - dot(b.position, normal) || byNumber(a, b),
  );
}

export function byNumber(a: PlacedFrame, b: PlacedFrame): number {
  return (
    (a.header.instanceNumber ?? 0) - (b.header.instanceNumber ?? 0) ||
    (a.header.sopInstanceUid < b.header.sopInstanceUid ? -1 : 1) *
      (a.header.sopInstanceUid === b.header.sopInstanceUid ? 0 : 1) ||
    a.frame.frame - b.frame.frame
  );
}

/**
 * @param frames at least two, at different places, sharing orientation and pixel spacing.
 * The affine is orthogonal when the slices lie above each other within `tolerance`, else its k
 * column is the real mean step, so that a tilted gantry keeps every voxel where it was scanned.
 */
export function measureStack(frames: readonly PlacedFrame[]): Stack {
  const axes = meanAxes(frames);
  const ordered = alongNormal(frames, axes.normal);
  const first = (ordered[0] as PlacedFrame).position;
  const offsets = ordered.map((f) => subtract(f.position, first));
  const distances = offsets.map((o) => dot(o, axes.normal));
  const count = ordered.length;
  const span = distances[count - 1] as number;
  const step = span / (count - 1);
  const gaps = distances.slice(1).map((d, n) => d - (distances[n] as number));
  const median = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] as number;
  const [rowSpacing, columnSpacing] = (ordered[0] as PlacedFrame).pixelSpacing;
  const lateral = offsets.map((o, n) => subtract(o, scale(axes.normal, distances[n] as number)));
  const drift = lateral[count - 1] as Vec3;
  const orthogonal = greatest(lateral.map(norm)) <= tolerance(Math.min(rowSpacing, columnSpacing));
  const equalGaps = distances.every(
    (d, n) => Math.abs(d - n * step) <= Math.max(0.055, 0.02 * step),
  );
  const k = orthogonal
    ? scale(axes.normal, step)
    : add(scale(axes.normal, step), scale(drift, 1 / (count - 1)));
  // The mean origin halves what rounding of the positions leaves.
  const origin = equalGaps
    ? scale(ordered.map((f, n) => subtract(f.position, scale(k, n))).reduce(add), 1 / count)
    : first;
  return {
    frames: ordered,
    distances,
    affine: affineFromSteps(
      scale(axes.row, columnSpacing),
      scale(axes.column, rowSpacing),
      k,
      origin,
    ),
    gaps: { min: least(gaps), max: greatest(gaps), median },
    equalGaps,
    missing: equalGaps ? 0 : missingSlices(gaps, median),
    tiltDegrees: orthogonal ? 0 : (Math.atan2(norm(drift), span) * 180) / Math.PI,
    orthogonal,
  };
}

/** Sideways drift that may be left out: a quarter of a pixel and never more than 0.2 mm. */
const tolerance = (pixel: number): number => Math.min(0.25 * pixel, 0.2);

/** Right-handed orthonormal axes; the mean takes out what rounding of the cosines put in. */
function meanAxes(frames: readonly PlacedFrame[]): { row: Vec3; column: Vec3; normal: Vec3 } {
  const row = unit(frames.map(rowOf).reduce(add));
  const rough = frames.map(columnOf).reduce(add);
  const normal = unit(cross(row, rough));
  return { row, column: cross(normal, row), normal };
}

/**
 * How many slices are missing: every gap must be a whole multiple of the usual one, and the long
 * ones rare; a protocol that changes its spacing half way is unequal, not incomplete.
 */
function missingSlices(gaps: readonly number[], usual: number): number {
  const multiples = gaps.map((g) => Math.round(g / usual));
  if (gaps.some((g, n) => Math.abs(g - (multiples[n] as number) * usual) > 0.1 * usual)) return 0;
  const long = multiples.filter((m) => m > 1);
  if (multiples.includes(0) || long.length > Math.max(1, 0.2 * gaps.length)) return 0;
  return long.reduce((sum, m) => sum + m - 1, 0);
}
