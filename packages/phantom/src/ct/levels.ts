import type { Vec3 } from '@yuepian/geometry';
import { warpOf } from '../core/warp.ts';
import { covered } from './body.ts';
import { ribLine, ribPlans } from './ribs.ts';
import { vertebraDistance, vertebrae } from './spine.ts';

/** Which single bone a place in the spine or the ribs of a patient belongs to. */
export interface BoneLevels {
  /** `L5` … `T5`: the vertebra that a place in the spine (LPS mm) belongs to. */
  vertebra(p: Vec3): string;
  /** `rib_left_9`, `sternum`: the bone that a place in the ribs (LPS mm) belongs to. */
  rib(p: Vec3): string;
}

/**
 * The label map has one label for all vertebrae and one for ribs and sternum; the shapes know more.
 * @param seed of the patient, as for `ctAbdomen`.
 */
export function boneLevels(seed = 1): BoneLevels {
  const warp = warpOf(seed, covered);
  const shapes = (p: Vec3): Vec3 => [
    warp.toShapes(0, p[0]),
    warp.toShapes(1, p[1]),
    warp.toShapes(2, p[2]),
  ];
  const lines = ribPlans.map((plan) => ({ number: plan.number, points: ribLine(plan) }));
  return {
    vertebra(p) {
      const [x, y, z] = shapes(p);
      let [best, least] = ['', Number.POSITIVE_INFINITY];
      for (const v of vertebrae) {
        const d = vertebraDistance(v, x, y, z);
        if (d < least) [best, least] = [v.name, d];
      }
      return best;
    },
    rib(p) {
      const [x, y, z] = shapes(p);
      // The sternum: on the midline, in front.
      if (Math.abs(x) < 24 && y < -66) return 'sternum';
      let [best, least] = [0, Number.POSITIVE_INFINITY];
      for (const { number, points } of lines)
        for (const q of points) {
          const d = Math.hypot(Math.abs(x) - q[0], y - q[1], z - q[2]);
          if (d < least) [best, least] = [number, d];
        }
      return `rib_${x > 0 ? 'left' : 'right'}_${best}`;
    },
  };
}
