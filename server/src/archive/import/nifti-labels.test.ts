import type { LabelMap } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import type { NiftiFile } from './nifti.ts';
import { NiftiLabels } from './nifti-labels.ts';

const grid = {
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
  frameOfReferenceUid: '1.2',
} as const;
const labelMap = (slices: number): LabelMap => ({
  ...grid,
  size: [10, 10, slices],
  data: new Uint8Array(100 * slices),
  segments: [],
});
const file = (title: string, slices: number): NiftiFile => ({
  file: `${title}.nii`,
  title,
  digest: title,
  volume: {
    ...grid,
    size: [10, 10, slices],
    data: new Int16Array(100 * slices),
    intentCode: 0,
    labelNames: new Map(),
  },
});

it('a refused map takes no room from those that come after it', () => {
  const labels = new NiftiLabels(1000);
  expect(labels.wait(file('a', 4), labelMap(4))).toBe(true);
  expect(labels.wait(file('large', 20), labelMap(20))).toBe(false);
  expect(labels.wait(file('b', 6), labelMap(6))).toBe(true);
  expect(labels.wait(file('c', 1), labelMap(1))).toBe(false);
});

it('the voxels of the file are not held beside the labels', () => {
  const labels = new NiftiLabels();
  labels.wait(file('a', 4), labelMap(4));
  const [waiting] = [...labels.matched()];
  expect(waiting?.nifti).toEqual({ file: 'a.nii', title: 'a', digest: 'a' });
});
