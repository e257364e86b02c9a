import { spacing, type Volume } from '@yuepian/geometry';
import {
  boxAroundMask,
  countVoxels,
  cropMaskBox,
  deepestPoint,
  type MaskBox,
  type SegmentHint,
  segmentInBox,
} from '@yuepian/reconstruct';
import { print } from './figure.ts';

export interface BoxTrial {
  readonly name: string;
  readonly volume: Volume;
  /** What the box and the seed are taken from and the result is compared with. */
  readonly reference: MaskBox;
  readonly hint: SegmentHint;
  readonly note: string;
}

/** Dice of two masks of one grid (Dice, Ecology 26(3), 1945). */
export function diceOf(a: Uint8Array, b: Uint8Array): number {
  let [na, nb, both] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== 0) na++;
    if (b[i] !== 0) nb++;
    if (a[i] !== 0 && b[i] !== 0) both++;
  }
  return na + nb === 0 ? Number.NaN : (2 * both) / (na + nb);
}

/**
 * What a doctor would do: a box 10 mm wider than the structure and one seed where it is thickest.
 * One seed ball and the box's shell are all that the program is told.
 */
export function boxTrial(trial: BoxTrial): number {
  const box = boxAroundMask(trial.reference, 10);
  const seed = deepestPoint(trial.reference);
  if (box === undefined || seed === undefined) throw new Error(`${trial.name} is empty`);
  const started = performance.now();
  const found = segmentInBox(trial.volume, box, { inside: [seed] }, trial.hint);
  const milliseconds = performance.now() - started;
  const truth = cropMaskBox(trial.reference, box);
  const dice = diceOf(found.data, truth.data);
  print({
    name: `box.${trial.name}`,
    value: dice,
    unit: 'Dice',
    n: 1,
    note: `${trial.note}; box ${box.size.join('×')} of ${spacing(truth.affine)
      .map((s) => s.toFixed(2))
      .join('×')} mm, ${Math.round(milliseconds)} ms, volume ${(
      (100 * countVoxels(found)) / countVoxels(truth) - 100
    ).toFixed(1)} %`,
  });
  return dice;
}
