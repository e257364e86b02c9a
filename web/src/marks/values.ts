import type { Mark } from '@yuepian/contract';
import {
  angle,
  type Degree,
  distance,
  type Ellipse,
  ellipseArea,
  ellipseStatistics,
  type Mm,
  type Mm2,
  nearestVoxel,
  type PatientPoint,
  patientPoint,
  type RegionStatistics,
  toVoxel,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';

/** What a mark says, computed anew from its points whenever it is shown; never stored. */
export type MarkValues =
  | { readonly kind: 'length'; readonly length: Mm | undefined }
  | { readonly kind: 'angle'; readonly angle: Degree | undefined }
  | {
      readonly kind: 'probe';
      readonly value: number | undefined;
      readonly unit: string;
      readonly at: PatientPoint;
    }
  | {
      readonly kind: 'ellipse';
      readonly area: Mm2 | undefined;
      readonly statistics: RegionStatistics | undefined;
      readonly unit: string;
    };

export interface MeasuringGround {
  /** Full-resolution voxels, undefined while only a preview is there: then no value is shown. */
  readonly volume: Volume | undefined;
  readonly unit: string;
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
  const [a, b, c] = points ?? [];
  switch (mark.kind) {
    case 'length':
      return { kind: 'length', length: a && b && distance(a, b) };
    case 'angle': {
      // An angle survives an unknown pixel size, but not unequal ones; without a size none is shown.
      return { kind: 'angle', angle: a && b && c && angle(a, b, c) };
    }
    case 'probe': {
      const at = patientPoint(...(mark.points[0] ?? [0, 0, 0]));
      return {
        kind: 'probe',
        value: mark.frame ? undefined : valueAt(ground.volume, at),
        unit: ground.unit,
        at,
      };
    }
    case 'ellipse': {
      const ellipse = a && b && c && { centre: a, endA: b, endB: c };
      return {
        kind: 'ellipse',
        area: ellipse && ellipseArea(ellipse),
        statistics: mark.frame || !ellipse ? undefined : statisticsOf(ground.volume, ellipse),
        unit: ground.unit,
      };
    }
  }
}

function valueAt(volume: Volume | undefined, at: PatientPoint): number | undefined {
  return volume && nearestVoxel(volume, toVoxel(volume.affine, at));
}

/** The last statistics per ellipse and volume: a render must not count a million voxels again. */
const cache = new WeakMap<Volume, Map<string, RegionStatistics | undefined>>();
const cacheLimit = 500;

function statisticsOf(volume: Volume | undefined, e: Ellipse): RegionStatistics | undefined {
  if (!volume) return undefined;
  const known = cache.get(volume) ?? new Map<string, RegionStatistics | undefined>();
  cache.set(volume, known);
  const key = [e.centre, e.endA, e.endB].map((p: Vec3) => p.join()).join(';');
  if (known.has(key)) return known.get(key);
  if (known.size >= cacheLimit) known.clear();
  const result = ellipseStatistics(volume, e);
  known.set(key, result);
  return result;
}
