import type { Vec3 } from '@yuepian/geometry';
import type { PhantomTruth } from '../case.ts';
import { mix } from '../core/sdf.ts';
import type { Warp } from '../core/warp.ts';
import { hu } from './materials.ts';
import { femoralHead } from './pelvis.ts';
import * as urinary from './urinary.ts';
import { aortaLine } from './vessels.ts';

/** What is known without measuring. */
export function abdomenTruth(warp: Warp): Omit<PhantomTruth, 'volumesMl'> {
  const tumour = warp.toPatient(urinary.tumourCentre);
  const stone = warp.toPatient(urinary.stoneCentre);
  const aorta = nearestOnLine(tumour, aortaLine, warp);
  const landmarks = {
    tumour_centre: tumour,
    stone_centre: stone,
    aorta_at_tumour: aorta,
    femoral_head_left: warp.toPatient([...femoralHead]),
    femoral_head_right: warp.toPatient([-femoralHead[0], femoralHead[1], femoralHead[2]]),
  };
  const between = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return {
    landmarks,
    distances: {
      tumour_centre_to_aorta_axis: between(tumour, aorta),
      tumour_centre_to_stone_centre: between(tumour, stone),
      femoral_head_to_femoral_head: between(
        landmarks.femoral_head_left,
        landmarks.femoral_head_right,
      ),
      stone_length: Math.max(...stoneExtents(warp)),
    },
    values: { ...hu },
  };
}

/** Lengths of the stone along the three axes: its ends in the patient, mm. */
function stoneExtents(warp: Warp): number[] {
  return ([0, 1, 2] as const).map((axis) => {
    const end = (sign: number): number => {
      const point = [...urinary.stoneCentre] as [number, number, number];
      point[axis] += sign * (urinary.stoneRadii[axis] as number);
      return warp.toPatient(point)[axis];
    };
    return end(1) - end(-1);
  });
}

/** @param p in the patient; `line` runs among the shapes. */
function nearestOnLine(p: Vec3, line: readonly (readonly number[])[], warp: Warp): Vec3 {
  let best: Vec3 = p;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 1; n < line.length; n++) {
    const [a, b] = [line[n - 1] as number[], line[n] as number[]];
    for (let s = 0; s <= 200; s++) {
      const at = [0, 1, 2].map((i) => mix(a[i] as number, b[i] as number, s / 200));
      const q = warp.toPatient(at as unknown as Vec3);
      const d = Math.hypot(...q.map((v, i) => v - (p[i] as number)));
      if (d < least) {
        least = d;
        best = q;
      }
    }
  }
  return best;
}
