import { patientPoint } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { insidePoint, labelLookup, ownersOf } from './labels.ts';

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

it('finds a point inside a structure that bends around its own middle', () => {
  const [nx, ny] = [40, 40];
  const data = new Uint8Array(nx * ny * 3);
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      const r = Math.hypot(i - 20, j - 20);
      // A crescent in the middle slice, six pixels thick; a little of it elsewhere.
      if (r > 12 && r < 18 && i > 12) data[i + nx * j + nx * ny] = 7;
      if (i < 4 && j < 4) data[i + nx * j] = 7;
    }
  }
  const grid = {
    size: [nx, ny, 3],
    affine: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, -3, 30],
    data,
  } as const;
  const found = insidePoint(grid, [7]);
  if (!found) throw new Error('not found');
  expect(found[2]).toBe(27);
  const [i, j] = [(found[0] - 10) / 2, (found[1] - 20) / 2];
  expect(Math.abs(Math.hypot(i - 20, j - 20) - 15)).toBeLessThan(1.5);
  expect(insidePoint(grid, [8])).toBeUndefined();
});
