import type { Vec3 } from '@yuepian/geometry';
import type { PhantomTruth } from '../case.ts';
import { mix } from '../core/sdf.ts';
import { hu } from './materials.ts';
import { femoralHead } from './pelvis.ts';
import * as urinary from './urinary.ts';
import { aortaLine } from './vessels.ts';

/** What is known without measuring. */
export function abdomenTruth(): Omit<PhantomTruth, 'volumesMl'> {
  const aorta = nearestOnLine(urinary.tumourCentre, aortaLine);
  const landmarks: Record<string, Vec3> = {
    tumour_centre: urinary.tumourCentre,
    stone_centre: urinary.stoneCentre,
    aorta_at_tumour: aorta,
    femoral_head_left: femoralHead,
    femoral_head_right: [-femoralHead[0], femoralHead[1], femoralHead[2]],
  };
  const between = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return {
    landmarks,
    distances: {
      tumour_centre_to_aorta_axis: between(urinary.tumourCentre, aorta),
      tumour_centre_to_stone_centre: between(urinary.tumourCentre, urinary.stoneCentre),
      femoral_head_to_femoral_head: 2 * femoralHead[0],
      stone_length: 2 * Math.max(...urinary.stoneRadii),
    },
    values: { ...hu },
  };
}

function nearestOnLine(p: Vec3, line: readonly (readonly number[])[]): Vec3 {
  let best: Vec3 = p;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 1; n < line.length; n++) {
    const [a, b] = [line[n - 1] as number[], line[n] as number[]];
    for (let s = 0; s <= 200; s++) {
      const q = [0, 1, 2].map((i) => mix(a[i] as number, b[i] as number, s / 200));
      const d = Math.hypot(...q.map((v, i) => v - (p[i] as number)));
      if (d < least) {
        least = d;
        best = q as unknown as Vec3;
      }
    }
  }
  return best;
}
