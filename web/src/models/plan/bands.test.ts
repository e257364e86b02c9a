import { expect, test } from 'vitest';
import { bandsOf } from './bands.ts';

test('every triangle is in one band, by the mean of its corners', () => {
  const mesh = {
    positions: new Float32Array(18),
    normals: new Float32Array(18),
    indices: Uint32Array.of(0, 1, 2, 1, 2, 3, 3, 4, 5, 0, 2, 4),
  };
  const certainty = Float32Array.of(0, 0.1, 0.2, 1, 0.9, 1);
  const bands = bandsOf(mesh, certainty);
  // Means 0.1, 0.43, 0.97, 0.37.
  expect(bands.map((b) => b && [...b.indices])).toEqual([
    [0, 1, 2],
    [1, 2, 3, 0, 2, 4],
    undefined,
    [3, 4, 5],
  ]);
});
