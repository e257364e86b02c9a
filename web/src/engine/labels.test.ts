import { patientPoint } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { labelLookup, ownersOf } from './labels.ts';

it('the most particular visible structure owns a label', () => {
  const skin = { key: 'skin', labels: [1, 2, 3], visible: true };
  const bone = { key: 'bone', labels: [2, 3], visible: true };
  const femur = { key: 'femur_left', labels: [3], visible: true };
  expect([...ownersOf([skin, bone, femur])].toSorted()).toEqual([
    [1, 'skin'],
    [2, 'bone'],
    [3, 'femur_left'],
  ]);
  expect(ownersOf([femur, bone, skin]).get(2)).toBe('bone');
  expect(ownersOf([skin, bone, { ...femur, visible: false }]).get(3)).toBe('bone');
  expect(ownersOf([]).get(1)).toBeUndefined();
});

it('looks up the nearest voxel, and nothing outside', () => {
  const at = labelLookup({
    size: [2, 2, 2],
    affine: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, -3, 30],
    data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
  });
  expect(at(patientPoint(10.9, 19.2, 28.6))).toBe(1);
  expect(at(patientPoint(12, 22, 27))).toBe(8);
  expect(at(patientPoint(8.9, 20, 30))).toBe(0);
});
