import { expect, it } from 'vitest';
import { affordable } from './models.ts';

const files = (...triangles: number[]) => triangles.map((n) => ({ triangles: n, url: `${n}` }));

it('gives a few structures all they can use, and one no more than is worth it', () => {
  expect(affordable([])).toBe(0);
  expect(affordable([files(15_000, 60_000, 250_000)])).toBe(60_000);
  expect(affordable([files(15_000, 60_000), files(15_000, 62_844), files(4_000)])).toBe(62_844);
});

it('shares what can be drawn among many', () => {
  const bone = files(2_000, 15_000, 50_000);
  // 5 × 50,000 are too many beside the others; 33 × 15,000 as well.
  expect(affordable([...Array(5).fill(bone), ...Array(5).fill(bone)])).toBe(15_000);
  expect(affordable(Array(33).fill(bone))).toBe(2_000);
  // A small one is drawn whole where the large ones are not.
  expect(affordable([...Array(30).fill(bone), files(9_000)])).toBe(9_000);
  // Too many for anything: the coarsest of each.
  expect(affordable(Array(200).fill(bone))).toBe(0);
});
