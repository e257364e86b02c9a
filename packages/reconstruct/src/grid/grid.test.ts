import type { Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { Pace } from '../pace.ts';
import { random, randomMask } from '../testing.ts';
import {
  type BitMask,
  countBits,
  cropMask,
  emptyMask,
  enlarge,
  hasBit,
  maskAbove,
  maskBelow,
  not,
  paint,
  pasteMask,
  setRun,
} from './bits.ts';
import { components, holes, select } from './components.ts';
import {
  close,
  closeWithRoom,
  dilate,
  erode,
  erodeBox,
  growWithin,
  open,
  seenAlong,
  stepsFor,
} from './morphology.ts';
import { shrink, shrinkNow } from './shrink.ts';

const size: Vec3 = [71, 9, 7];

/** The mask as a plain function, false outside. */
const at =
  (m: BitMask) =>
  (x: number, y: number, z: number): boolean =>
    x >= 0 &&
    y >= 0 &&
    z >= 0 &&
    x < m.size[0] &&
    y < m.size[1] &&
    z < m.size[2] &&
    hasBit(m, x, y, z);

/** Compares with a definition voxel by voxel; the first difference is named. */
function expectMask(m: BitMask, truth: (x: number, y: number, z: number) => boolean): void {
  const wrong: string[] = [];
  for (let z = 0; z < m.size[2]; z++)
    for (let y = 0; y < m.size[1]; y++)
      for (let x = 0; x < m.size[0]; x++)
        if (hasBit(m, x, y, z) !== truth(x, y, z)) wrong.push(`${x},${y},${z}`);
  expect(wrong.slice(0, 3)).toEqual([]);
  // Nothing may stand in the spare bits of a row, or counts go wrong.
  expect(countBits(m)).toBe(countBits(not(not(m))));
}

const faces = [
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
  [0, 0, 1],
  [0, 0, -1],
] as const;

describe('bit masks', () => {
  it.each([64, 71, 1, 33])('are made from values and painted back, %i columns', (nx) => {
    const s: Vec3 = [nx, 5, 3];
    const next = random(nx);
    const data = Int16Array.from({ length: nx * 15 }, () => Math.round(next() * 2000 - 1000));
    const above = maskAbove(data, s, 100);
    expectMask(above, (x, y, z) => (data[x + nx * (y + 5 * z)] as number) > 100);
    expectMask(
      maskBelow(data, s, -200),
      (x, y, z) => (data[x + nx * (y + 5 * z)] as number) < -200,
    );
    const labels = new Uint8Array(data.length);
    paint(above, labels, 3);
    expect(Array.from(labels)).toEqual(Array.from(data, (v) => (v > 100 ? 3 : 0)));
  });

  it('are cropped, pasted and enlarged without a shift', () => {
    const m = randomMask(size, 0.4, 1);
    const first: Vec3 = [37, 2, 1];
    expectMask(cropMask(m, first, [30, 5, 4]), (x, y, z) => at(m)(x + 37, y + 2, z + 1));
    expectMask(pasteMask(m, [45, 3, 2], [140, 15, 11]), (x, y, z) => at(m)(x - 45, y - 3, z - 2));
    expectMask(enlarge(m, [141, 18, 7], [2, 2, 1]), (x, y, z) =>
      at(m)(Math.floor(x / 2), Math.floor(y / 2), z),
    );
    const labels = new Uint8Array(140 * 15 * 11);
    paint(m, labels, 1, [140, 15, 11], [45, 3, 2]);
    expect(labels.reduce((n, v) => n + v, 0)).toBe(countBits(m));
    expect(labels[45 + 140 * (3 + 15 * 2)]).toBe(hasBit(m, 0, 0, 0) ? 1 : 0);
  });
});

describe('morphology', () => {
  it('dilates to face neighbours in one step and to all neighbours in the second', () => {
    const m = randomMask(size, 0.05, 2);
    const cross = (x: number, y: number, z: number): boolean =>
      at(m)(x, y, z) || faces.some(([a, b, c]) => at(m)(x + a, y + b, z + c));
    expectMask(dilate(m, [1, 1, 1]), cross);
    const inside = (x: number, y: number, z: number): boolean =>
      x >= 0 && y >= 0 && z >= 0 && x < size[0] && y < size[1] && z < size[2] && cross(x, y, z);
    expectMask(dilate(m, [2, 2, 2]), (x, y, z) => {
      for (let c = -1; c <= 1; c++)
        for (let b = -1; b <= 1; b++)
          for (let a = -1; a <= 1; a++) if (inside(x + a, y + b, z + c)) return true;
      return false;
    });
  });

  it('erodes what dilation of the background reaches, never from the border', () => {
    const m = randomMask(size, 0.9, 3);
    const background = not(m);
    const truth = not(dilate(background, [2, 1, 2]));
    expectMask(erode(m, [2, 1, 2]), at(truth));
    const full = not(emptyMask(size));
    expect(countBits(erode(full, [3, 3, 3]))).toBe(countBits(full));
    expect(countBits(erodeBox(full, [40, 3, 3]))).toBe(countBits(full));
  });

  it('sees along an axis and erodes by a box, also across words', () => {
    const m = randomMask(size, 0.03, 4);
    expectMask(seenAlong(m, 0, 1, 37), (x, y, z) => {
      for (let d = 0; d <= 37; d++) if (at(m)(x + d, y, z)) return true;
      return false;
    });
    expectMask(seenAlong(m, 0, -1, 5), (x, y, z) => {
      for (let d = 0; d <= 5; d++) if (at(m)(x - d, y, z)) return true;
      return false;
    });
    expectMask(seenAlong(m, 1, -1, 3), (x, y, z) => [0, 1, 2, 3].some((d) => at(m)(x, y - d, z)));
    expectMask(seenAlong(m, 2, 1, 2), (x, y, z) => [0, 1, 2].some((d) => at(m)(x, y, z + d)));
    const solid = not(m);
    expectMask(erodeBox(solid, [34, 2, 1]), (x, y, z) => {
      for (let c = -1; c <= 1; c++)
        for (let b = -2; b <= 2; b++)
          for (let a = -34; a <= 34; a++) if (at(m)(x + a, y + b, z + c)) return false;
      return true;
    });
  });

  it('opens away what is thin, closes gaps, and grows only along paths', () => {
    const m = emptyMask([40, 20, 20]);
    for (let row = 0; row < 400; row++) if (row % 20 < 12) setRun(m, row, 3, 20);
    setRun(m, 15 + 20 * 10, 0, 39);
    expect(hasBit(open(m, [2, 2, 2]), 10, 15, 10)).toBe(false);
    expect(hasBit(open(m, [2, 2, 2]), 10, 5, 10)).toBe(true);
    const gap = emptyMask([40, 20, 20]);
    for (let row = 0; row < 400; row++) {
      setRun(gap, row, 0, 15);
      setRun(gap, row, 19, 39);
    }
    expect(hasBit(close(gap, [2, 2, 2]), 17, 10, 10)).toBe(true);
    const seed = emptyMask([40, 20, 20]);
    setRun(seed, 0, 0, 0);
    const grown = growWithin(seed, gap, [50, 50, 50]);
    expect(hasBit(grown, 15, 19, 19)).toBe(true);
    expect(hasBit(grown, 19, 0, 0)).toBe(false);
  });

  it('does not fill the corner between a mask and the border when it has room', () => {
    const m = emptyMask([40, 40, 9]);
    for (let z = 0; z < 9; z++)
      for (let y = 0; y < 40; y++) if (y < 36) setRun(m, y + 40 * z, 4, 35);
    expect(countBits(closeWithRoom(m, [6, 6, 2]))).toBe(countBits(m));
    expect(countBits(close(m, [6, 6, 2]))).toBeGreaterThan(countBits(m));
  });

  it('turns millimetres into steps', () => {
    expect(stepsFor(3, [0.7, 1.5, 5], 1)).toEqual([4, 2, 1]);
    expect(stepsFor(1, [5, 5, 5])).toEqual([0, 0, 0]);
  });
});

describe('components', () => {
  it('agree with a flood fill, their measures too', () => {
    const m = randomMask(size, 0.35, 5);
    const c = components(m);
    const seen = new Set<string>();
    const sizes: number[] = [];
    for (let z = 0; z < size[2]; z++)
      for (let y = 0; y < size[1]; y++)
        for (let x = 0; x < size[0]; x++) {
          if (!at(m)(x, y, z) || seen.has(`${x},${y},${z}`)) continue;
          const stack: [number, number, number][] = [[x, y, z]];
          seen.add(`${x},${y},${z}`);
          let n = 0;
          for (let p = stack.pop(); p; p = stack.pop()) {
            n++;
            for (const [a, b, d] of faces) {
              const q: [number, number, number] = [p[0] + a, p[1] + b, p[2] + d];
              if (!at(m)(...q) || seen.has(q.join())) continue;
              seen.add(q.join());
              stack.push(q);
            }
          }
          sizes.push(n);
        }
    const ascending = (a: number, b: number): number => a - b;
    expect(Array.from(c.voxels).sort(ascending)).toEqual(sizes.sort(ascending));
    expect(countBits(select(c, () => true))).toBe(countBits(m));
    const one = select(c, (n) => n === 0);
    expect(countBits(one)).toBe(c.voxels[0]);
  });

  it('finds holes per plane and in the volume', () => {
    // A tube along z: enclosed in every slice, open in the volume.
    const tube = emptyMask([40, 12, 8]);
    for (let z = 0; z < 8; z++)
      for (let y = 2; y < 10; y++) {
        if (y === 2 || y === 9) setRun(tube, y + 12 * z, 30, 36);
        else {
          setRun(tube, y + 12 * z, 30, 30);
          setRun(tube, y + 12 * z, 36, 36);
        }
      }
    expect(countBits(holes(tube, 'xy'))).toBe(5 * 6 * 8);
    expect(countBits(holes(tube, 'volume'))).toBe(0);
    expect(countBits(holes(tube, 'xz'))).toBe(0);
  });
});

describe('shrinking', () => {
  it('averages blocks, also those cut by the border, and keeps the place', async () => {
    const data = Int16Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 1000);
    const volume = {
      size: [7, 5, 3] as const,
      affine: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 3, 30] as const,
      frameOfReferenceUid: '1',
      data,
    };
    const coarse = await shrink(volume, [2, 2, 2], 'float32', new Pace());
    expect(coarse.size).toEqual([4, 3, 2]);
    expect(coarse.affine.filter((_, i) => i % 4 === 3)).toEqual([11, 21, 31.5]);
    for (let k = 0; k < 2; k++)
      for (let j = 0; j < 3; j++)
        for (let i = 0; i < 4; i++) {
          let [sum, n] = [0, 0];
          for (let z = k * 2; z < Math.min(3, k * 2 + 2); z++)
            for (let y = j * 2; y < Math.min(5, j * 2 + 2); y++)
              for (let x = i * 2; x < Math.min(7, i * 2 + 2); x++, n++)
                sum += data[x + 7 * (y + 5 * z)] as number;
          expect(coarse.data[i + 4 * (j + 3 * k)]).toBeCloseTo(sum / n, 3);
        }
    expect(Array.from(shrinkNow(volume, [1, 1, 1], 'int16').data)).toEqual(Array.from(data));
  });
});
