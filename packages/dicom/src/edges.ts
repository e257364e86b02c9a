import { orientationLetters, type Vec3 } from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import type { FrameHeader } from './types.ts';

/** Letters of the patient's side at each edge of an image, e.g. `R`, `HL`. */
export interface FrameEdges {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

const opposites: Readonly<Record<string, string>> = {
  A: 'P',
  P: 'A',
  L: 'R',
  R: 'L',
  H: 'F',
  F: 'H',
};
const opposite = (letters: string): string =>
  [...letters].map((letter) => opposites[letter] ?? '').join('');

/**
 * Patient Orientation (0020,0020): where the rows go to, and where the columns go to (PS3.3
 * C.7.6.1.1.1). Terms of animals, and whatever else is not of these six letters, say nothing here.
 */
export function patientOrientation(root: Dataset): readonly [string, string] | undefined {
  const [row, column, ...more] = root.strings('PatientOrientation').map((s) => s.trim());
  const isTerm = (s: string | undefined): s is string =>
    s !== undefined && /^[APLRHF]{1,3}$/.test(s) && ![...s].some((c) => s.includes(opposite(c)));
  return isTerm(row) && isTerm(column) && more.length === 0 ? [row, column] : undefined;
}

/** As the file says, else from the direction cosines; undefined where it says neither. */
export function edgesOf(frame: FrameHeader | undefined): FrameEdges | undefined {
  const [right, bottom] = frame?.patientOrientation ?? computed(frame?.orientation) ?? [];
  if (!right || !bottom) return undefined;
  return { left: opposite(right), right, top: opposite(bottom), bottom };
}

function computed(o: FrameHeader['orientation']): readonly [string, string] | undefined {
  if (!o) return undefined;
  const [row, column]: readonly [Vec3, Vec3] = [
    [o[0], o[1], o[2]],
    [o[3], o[4], o[5]],
  ];
  return [orientationLetters(row), orientationLetters(column)];
}
