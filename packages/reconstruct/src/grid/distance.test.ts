import type { Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { random } from '../testing.ts';
import { farAway, signedDistances, squaredDistances } from './distance.ts';

describe('squaredDistances', () => {
  it.each([
    [[7, 6, 5], [1, 1, 1], 0.1],
    [[9, 4, 6], [0.7, 0.8, 3.1], 0.03],
    [[5, 8, 1], [2, 0.5, 1], 0.2],
    [[1, 6, 7], [1, 1.5, 0.4], 0.5],
  ] as [Vec3, Vec3, number][])('is exact on a %s grid of %s mm', (size, step, share) => {
    const next = random(3);
    const data = Uint8Array.from({ length: size[0] * size[1] * size[2] }, () =>
      next() < share ? 1 : 0,
    );
    data[2] = 1;
    for (const isIn of [0, 1] as const) {
      const found = squaredDistances(data, size, step, isIn);
      const place = (n: number): Vec3 => [
        (n % size[0]) * step[0],
        (Math.floor(n / size[0]) % size[1]) * step[1],
        Math.floor(n / (size[0] * size[1])) * step[2],
      ];
      for (let a = 0; a < data.length; a++) {
        let best = Number.POSITIVE_INFINITY;
        for (let b = 0; b < data.length; b++) {
          if (data[b] !== isIn) continue;
          const [p, q] = [place(a), place(b)];
          best = Math.min(best, (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2);
        }
        expect(found[a]).toBeCloseTo(best, 3);
      }
    }
  });

  it('of an empty set is far away everywhere', () => {
    const found = squaredDistances(new Uint8Array(60), [3, 4, 5], [1, 1, 1], 1);
    expect(found.every((d) => d >= farAway * 0.99)).toBe(true);
  });
});

describe('signedDistances', () => {
  it('changes sign half-way between an inside and an outside voxel', () => {
    const line = signedDistances(Uint8Array.from([0, 0, 1, 1, 1, 0]), [6, 1, 1], [2, 9, 9]);
    expect([...line]).toEqual([3, 1, -1, -3, -1, 1]);
  });
});
