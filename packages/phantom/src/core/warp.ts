import type { Vec3 } from '@yuepian/geometry';
import type { Box } from './field.ts';
import { Random } from './random.ts';

/**
 * How a patient differs from the one that the shapes describe. Each axis is stretched by itself, here
 * more and there less, so that organs change place and size together and never run into each other,
 * and a slice of the patient stays a slice of the shapes.
 */
export interface Warp {
  /** Place in the patient (LPS mm) → place among the shapes, one axis. */
  toShapes(axis: 0 | 1 | 2, place: number): number;
  /** The inverse, to a nanometre. */
  toPatient(point: Vec3): Vec3;
}

/** The shapes as they are. */
export const noWarp: Warp = { toShapes: (_, place) => place, toPatient: (point) => point };

/** Largest change of a length over some centimetres, and of the whole trunk or head. */
const local = 0.05;
const whole = 0.04;

interface Axis {
  readonly scale: number;
  readonly waves: readonly {
    readonly height: number;
    readonly k: number;
    readonly phase: number;
  }[];
  /** Place that stays, mm. */
  readonly fixed: number;
}

/**
 * The patient of a seed; seed 1 is the shapes themselves.
 * @param covered what the images show: along z the shapes go on beyond it, so its ends stay.
 */
export function warpOf(seed: number, covered: Box): Warp {
  if (seed === 1) return noWarp;
  const random = new Random(seed * 31 + 17);
  const axes = ([0, 1, 2] as const).map((axis): Axis => {
    const length = covered.max[axis] - covered.min[axis];
    const isHeight = axis === 2;
    // Hardly wider than the shapes: the nose reaches to the rim of the images.
    const scale = isHeight ? 1 : 1 + random.between(-whole / 4, whole);
    const fixed = isHeight ? covered.min[2] : (covered.min[axis] + covered.max[axis]) / 2;
    // Two waves over the length; their slopes add to `local` at most.
    const waves = [2, 4].map((halves) => {
      const k = (Math.PI * halves) / length;
      // Along z both ends must stay: a sine from one end to the other.
      const phase = isHeight ? 0 : random.between(0, 2 * Math.PI);
      return { height: (random.between(-1, 1) * local) / 2 / k, k, phase };
    });
    return { scale, waves, fixed };
  }) as [Axis, Axis, Axis];

  const toShapes: Warp['toShapes'] = (axis, place) => {
    const { scale, waves, fixed } = axes[axis];
    const t = place - fixed;
    return (
      fixed +
      scale * t +
      waves.reduce(
        (sum, w) => sum + w.height * (Math.sin(w.k * t + w.phase) - Math.sin(w.phase)),
        0,
      )
    );
  };
  const inverse = (axis: 0 | 1 | 2, shape: number): number => {
    let place = shape;
    // The slope lies within a tenth of 1: each step leaves a tenth of the error.
    for (let n = 0; n < 12; n++) place += shape - toShapes(axis, place);
    return place;
  };
  return { toShapes, toPatient: ([x, y, z]) => [inverse(0, x), inverse(1, y), inverse(2, z)] };
}
