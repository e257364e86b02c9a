import { affineFromSteps, type PatientPoint } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { dice } from '../testing.ts';
import type { ImageBox, MaskBox } from './box.ts';
import { segmentInBox } from './segment.ts';
import { settleBorder } from './settle.ts';

const size = [40, 40, 40] as const;
const affine = affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]);

/** A ball of `radius` voxels in the middle: 1 within, 0 outside, linear over one voxel between. */
function ball(radius: number): { truth: Uint8Array; share: Float32Array } {
  const truth = new Uint8Array(size[0] * size[1] * size[2]);
  const share = new Float32Array(truth.length);
  for (let k = 0, at = 0; k < size[2]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let i = 0; i < size[0]; i++, at++) {
        const d = radius - Math.hypot(i - 19.5, j - 19.5, k - 19.5);
        truth[at] = d >= 0 ? 1 : 0;
        share[at] = Math.min(1, Math.max(0, 0.5 + d));
      }
  return { truth, share };
}

const overlap = (a: Uint8Array, b: Uint8Array): number =>
  dice(
    (i) => a[i] === 1,
    (i) => b[i] === 1,
    a.length,
  );

/** Normal noise of σ 1, the same each time (minimal standard generator, Box & Muller). */
function noise(): () => number {
  let state = 20;
  const uniform = (): number => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe('settleBorder', () => {
  it.each([
    ['too small', 8],
    ['too big', 12],
  ])('brings a mask that is %s to the edge of the ball', (_, radius) => {
    const { truth, share } = ball(10);
    const image: ImageBox = { size, affine, data: share.map((v) => 50 + 100 * v) };
    const mask: MaskBox = { size, affine, data: ball(radius).truth };
    settleBorder(image, mask, new Uint8Array(truth.length), { reach: 0.4, rounds: 2 });
    expect(overlap(mask.data, truth)).toBeGreaterThan(0.99);
  });

  it('moves no farther than its reach, and leaves seeds', () => {
    const { truth, share } = ball(10);
    const image: ImageBox = { size, affine, data: share.map((v) => 50 + 100 * v) };
    const mask: MaskBox = { size, affine, data: ball(6).truth };
    const marks = new Uint8Array(truth.length);
    const [inside, outside] = [20 + 40 * (20 + 40 * 20), 26 + 40 * (20 + 40 * 20)];
    marks[inside] = 1;
    marks[outside] = 2;
    settleBorder(image, mask, marks, { reach: 0.2, rounds: 1 });
    const count = mask.data.reduce((a, b) => a + b, 0);
    const of = (radius: number): number => ball(radius).truth.reduce((a, b) => a + b, 0);
    // Two voxels at most.
    expect(count).toBeGreaterThan(of(6.5));
    expect(count).toBeLessThan(of(8.5));
    expect([mask.data[inside], mask.data[outside]]).toEqual([1, 0]);
  });
});

describe('segmentInBox, even surroundings', () => {
  it.each([40, -90, 160])('a ball of 9 mm at %i HU is not underfilled', (contrast) => {
    const { truth, share } = ball(4.5);
    const random = noise();
    const image: ImageBox = {
      size,
      affine,
      data: share.map((v) => 50 + contrast * v + 12 * random()),
    };
    const [first, n] = [12, 16];
    const box = { first: [first, first, first], size: [n, n, n] } as const;
    const seed = [21, 18.5, 20] as unknown as PatientPoint;
    const found = segmentInBox(image, box, { inside: [seed] }, 'tumour');
    const part: number[] = [];
    for (let k = 0; k < n; k++)
      for (let j = 0; j < n; j++)
        for (let i = 0; i < n; i++)
          part.push(truth[first + i + 40 * (first + j + 40 * (first + k))] as number);
    const expected = Uint8Array.from(part);
    expect(overlap(found.data, expected)).toBeGreaterThan(0.85);
    const volume = found.data.reduce((a, b) => a + b, 0) / expected.reduce((a, b) => a + b, 0);
    expect(volume).toBeGreaterThan(0.8);
    expect(volume).toBeLessThan(1.25);
  });
});
