import { describe, expect, test } from 'vitest';
import {
  andMasks,
  boxOfMask,
  cropOfMask,
  decodeMask,
  encodeMask,
  type MaskEdges,
  maskOfCrop,
  masksOfLabels,
  maskVoxels,
  maskWithout,
  orMasks,
  xorMasks,
} from './mask.ts';

/** Deterministic rubbish (xorshift32, Marsaglia 2003). */
function noise(seed: number): () => number {
  let s = seed;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 2 ** 32;
  };
}
const size = [17, 9, 5] as const;
const voxels = size[0] * size[1] * size[2];
const whole = { first: [0, 0, 0], size } as const;
const randomBytes = (seed: number): Uint8Array => {
  const next = noise(seed);
  let inside = 0;
  return Uint8Array.from({ length: voxels }, () => {
    if (next() < 0.2) inside = 1 - inside;
    return inside;
  });
};
const bytesOf = (edges: MaskEdges) => cropOfMask(edges, size, whole);

describe('a mask as edges', () => {
  test('both, either and without, as voxel by voxel', () => {
    for (let seed = 1; seed < 40; seed++) {
      const [a, b] = [randomBytes(seed), randomBytes(seed + 100)];
      const [p, q] = [maskOfCrop(a, size, whole), maskOfCrop(b, size, whole)];
      expect(bytesOf(andMasks(p, q))).toEqual(a.map((v, i) => v & (b[i] ?? 0)));
      expect(bytesOf(orMasks(p, q))).toEqual(a.map((v, i) => v | (b[i] ?? 0)));
      expect(bytesOf(maskWithout(p, q))).toEqual(a.map((v, i) => v & (1 - (b[i] ?? 0))));
      expect(encodeMask(orMasks(p, q))).toEqual(encodeMask(orMasks(q, p)));
    }
    const none = new Uint32Array(0);
    const some = Uint32Array.of(3, 9);
    expect([andMasks(none, some), orMasks(none, some)]).toEqual([none, some]);
  });

  test('is the bytes it was made of, and counts them', () => {
    for (let seed = 1; seed < 40; seed++) {
      const bytes = randomBytes(seed);
      const edges = maskOfCrop(bytes, size, whole);
      expect(bytesOf(edges)).toEqual(bytes);
      expect(maskVoxels(edges)).toBe(bytes.reduce((a, b) => a + b, 0));
      expect(decodeMask(encodeMask(edges), voxels)).toEqual(edges);
    }
  });

  test('the difference of two leads from one to the other and back', () => {
    for (let seed = 1; seed < 40; seed++) {
      const [a, b] = [randomBytes(seed), randomBytes(seed + 100)].map((x) =>
        maskOfCrop(x, size, whole),
      ) as [MaskEdges, MaskEdges];
      const diff = xorMasks(a, b);
      expect(xorMasks(a, diff)).toEqual(b);
      expect(xorMasks(b, diff)).toEqual(a);
      const expected = bytesOf(a).map((v, n) => v ^ (bytesOf(b)[n] as number));
      expect(bytesOf(diff)).toEqual(expected);
    }
  });

  test('the box around it holds all of it and nothing less would', () => {
    const bytes = new Uint8Array(voxels);
    for (const [i, j, k] of [
      [3, 2, 1],
      [9, 4, 3],
      [5, 7, 2],
    ] as const) {
      bytes[i + size[0] * (j + size[1] * k)] = 1;
    }
    const edges = maskOfCrop(bytes, size, whole);
    const box = boxOfMask(edges, size);
    expect(box).toEqual({ first: [3, 2, 1], size: [7, 6, 3] });
    if (!box) throw new Error('no box');
    const crop = cropOfMask(edges, size, box);
    expect(crop.reduce((a, b) => a + b, 0)).toBe(3);
    expect(maskOfCrop(crop, size, box)).toEqual(edges);
    expect(boxOfMask(new Uint32Array(0), size)).toBeUndefined();
  });

  test('segments that share labels come out of one pass', () => {
    const labels = Uint8Array.from([0, 1, 1, 2, 2, 0, 3, 3]);
    const [skin, bone, lung] = masksOfLabels(labels, [
      { labels: [1, 2, 3] },
      { labels: [2] },
      { labels: [3] },
    ]);
    expect([...(skin ?? [])]).toEqual([1, 5, 6, 8]);
    expect([...(bone ?? [])]).toEqual([3, 5]);
    expect([...(lung ?? [])]).toEqual([6, 8]);
  });

  test('bytes that are no mask of the volume are refused', () => {
    expect(() => decodeMask(Uint8Array.of(1, 5), 5)).toThrow('beyond');
    expect(() => decodeMask(Uint8Array.of(1), 5)).toThrow('does not end');
    expect(() => decodeMask(Uint8Array.of(1, 0), 5)).toThrow('rise');
    expect(() => decodeMask(Uint8Array.of(1, 0x80), 5)).toThrow('within');
    expect(() => decodeMask(new Uint8Array(9).fill(0xff), 5)).toThrow('too long');
    expect(decodeMask(Uint8Array.of(0, 5), 5)).toEqual(Uint32Array.of(0, 5));
  });
});
