import type { Mark } from '@yuepian/contract';
import {
  angle,
  cobbAngle,
  type Degree,
  distance,
  type Ellipse,
  ellipseArea,
  ellipsePerimeter,
  ellipseStatistics,
  type Mm,
  type Mm2,
  nearestVoxel,
  type PatientPoint,
  pathLength,
  patientPoint,
  polygonArea,
  polygonStatistics,
  type RegionStatistics,
  rectangleCorners,
  rectangleStatistics,
  toVoxel,
  type Volume,
} from '@yuepian/geometry';

/** What a mark says, computed anew from its points whenever it is shown; never stored. */
export type MarkValues =
  | { readonly kind: 'length'; readonly length: Mm | undefined }
  | { readonly kind: 'axes'; readonly long: Mm | undefined; readonly short: Mm | undefined }
  | { readonly kind: 'angle'; readonly angle: Degree | undefined }
  | {
      readonly kind: 'value';
      readonly value: number | undefined;
      readonly unit: string;
      readonly at: PatientPoint;
      readonly grey: GreyKind;
    }
  | {
      readonly kind: 'region';
      readonly area: Mm2 | undefined;
      readonly perimeter: Mm | undefined;
      readonly statistics: RegionStatistics | undefined;
      readonly unit: string;
      readonly grey: GreyKind;
    }
  | { readonly kind: 'nothing' };

/**
 * Why there are no grey values: a `colour` image has no single value a pixel; a single image that is not
 * on the screen is not here (`elsewhere`); the mark was made on another volume (`otherSeries`), whose
 * values these are not; the device holds no full resolution (`reduced`); or they are still to come.
 */
export type NoGrey = 'colour' | 'elsewhere' | 'otherSeries' | 'reduced' | 'loading';

/**
 * What the grey values are: of a volume in its unit (HU); of a single image as they are in the file,
 * with no unit that means anything elsewhere (`raw`); or why there are none.
 */
export type GreyKind = 'measured' | 'raw' | NoGrey;

export interface MeasuringGround {
  /** Full-resolution voxels, undefined while only a preview is there: then no value is shown. */
  readonly volume: Volume | undefined;
  readonly unit: string;
  /** Absent for a volume that is there or still loading. */
  readonly grey?: GreyKind;
  /** Values of a single image in pixel coordinates. */
  readonly pixels?: Volume | undefined;
  /**
   * Size of a pixel [x, y] in mm for marks on a single frame; undefined where it cannot be trusted,
   * then there is no length, only the reason.
   */
  readonly pixelSize?: readonly [number, number] | undefined;
}

/** Millimetres of a mark's points: patient space as it is, frame pixels times the pixel's size. */
function inMillimetres(mark: Mark, ground: MeasuringGround): PatientPoint[] | undefined {
  if (mark.frame === undefined) return mark.points.map((p) => patientPoint(...p));
  const size = ground.pixelSize;
  return size && mark.points.map((p) => patientPoint(p[0] * size[0], p[1] * size[1], 0));
}

/** @param mark points in LPS mm, or pixels when it lies on a frame. */
export function valuesOf(mark: Mark, ground: MeasuringGround): MarkValues {
  const points = inMillimetres(mark, ground);
  const [a, b, c, d] = points ?? [];
  switch (mark.kind) {
    case 'length':
    case 'distance':
      return { kind: 'length', length: a && b && distance(a, b) };
    case 'surfaceLine':
      return { kind: 'length', length: points && pathLength(points) };
    case 'bidirectional':
      // The longer one is the long axis, whichever was drawn first (RECIST 1.1).
      return axesOf([a && b && distance(a, b), c && d && distance(c, d)]);
    case 'angle':
      // An angle survives an unknown pixel size, but not unequal ones; without a size none is shown.
      return { kind: 'angle', angle: a && b && c && angle(a, b, c) };
    case 'cobb':
      return { kind: 'angle', angle: a && b && c && d && cobbAngle(a, b, c, d) };
    case 'probe':
    case 'point': {
      const at = patientPoint(...(mark.points[0] ?? [0, 0, 0]));
      const value = valueAt(valuesIn(mark, ground), at);
      return { kind: 'value', value, unit: ground.unit, at, grey: greyOf(mark, ground) };
    }
    case 'ellipse':
    case 'rectangle':
    case 'polygon':
    case 'freehand':
      return regionOf(mark, points, ground);
    case 'arrow':
    case 'text':
    case 'ink':
    case 'highlighter':
    case 'keyImage':
    case 'surfacePoint':
      return { kind: 'nothing' };
  }
}

function axesOf([p, q]: readonly [Mm | undefined, Mm | undefined]): MarkValues {
  if (p === undefined || q === undefined)
    return { kind: 'axes', long: undefined, short: undefined };
  return p >= q ? { kind: 'axes', long: p, short: q } : { kind: 'axes', long: q, short: p };
}

function regionOf(
  mark: Mark,
  points: readonly PatientPoint[] | undefined,
  ground: MeasuringGround,
): MarkValues {
  const [a, b, c] = points ?? [];
  const isRound = mark.kind === 'ellipse';
  const axes: Ellipse | undefined =
    (isRound || mark.kind === 'rectangle') && a && b && c
      ? { centre: a, endA: b, endB: c }
      : undefined;
  const corners = axes ? rectangleCorners(axes) : points;
  const [centre, endA, endB] = mark.points.map((p) => patientPoint(...p));
  const counted = centre && endA && endB && (isRound || mark.kind === 'rectangle');
  return {
    kind: 'region',
    area: isRound ? axes && ellipseArea(axes) : corners && polygonArea(corners),
    perimeter: isRound ? axes && ellipsePerimeter(axes) : corners && pathLength(corners, true),
    // In the mark's own space: on a single image pixels are counted, whatever their size in mm.
    statistics: statisticsOf(
      valuesIn(mark, ground),
      mark,
      counted ? { centre, endA, endB } : undefined,
    ),
    unit: ground.unit,
    grey: greyOf(mark, ground),
  };
}

const valuesIn = (mark: Mark, ground: MeasuringGround): Volume | undefined =>
  mark.frame ? ground.pixels : ground.volume;

/** Without any values a place is not outside of them. */
const greyOf = (mark: Mark, ground: MeasuringGround): GreyKind =>
  ground.grey ?? (valuesIn(mark, ground) ? 'measured' : 'loading');

function valueAt(volume: Volume | undefined, at: PatientPoint): number | undefined {
  return volume && nearestVoxel(volume, toVoxel(volume.affine, at));
}

/** The last statistics per region and volume: a render must not count a million voxels again. */
const cache = new WeakMap<Volume, Map<string, RegionStatistics | undefined>>();
const cacheLimit = 2000;

function statisticsOf(
  volume: Volume | undefined,
  { kind, points }: Mark,
  axes: Ellipse | undefined,
): RegionStatistics | undefined {
  if (!volume) return undefined;
  const known = cache.get(volume) ?? new Map<string, RegionStatistics | undefined>();
  cache.set(volume, known);
  // The points are the key: a value can never belong to points that have changed.
  const key = `${kind};${points.join(';')}`;
  if (known.has(key)) return known.get(key);
  if (known.size >= cacheLimit) known.clear();
  const count = kind === 'ellipse' ? ellipseStatistics : rectangleStatistics;
  const result = axes ? count(volume, axes) : polygonStatistics(volume, points);
  known.set(key, result);
  return result;
}
