import { describe, expect, it } from 'vitest';
import { decodePlanes, encodePlanes } from './volume-coding.ts';

/** mulberry32: a test that fails must fail again. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('delta-planes', () => {
  it('codes rows by differences that start anew, low bytes before high bytes', () => {
    // row 1: 5, 3 → differences 5, -2 → zig-zag 10, 3; row 2: -1, 300 → -1, 301 → 1, 602 = 0x025a
    const bytes = encodePlanes(Int16Array.of(5, 3, -1, 300), 2);
    expect([...bytes]).toEqual([10, 3, 1, 0x5a, 0, 0, 0, 2]);
  });

  it.each(['int16', 'uint16'] as const)('gives every %s back, wrap-around included', (type) => {
    const next = random(7);
    const Voxels = type === 'int16' ? Int16Array : Uint16Array;
    const extremes = [-32768, 32767, -32768, 0, 32767, -1, 65535, 0, 65535, 32768, 1, -32767];
    const values = new Voxels(12 * 1000).map((_, i) => extremes[i] ?? Math.floor(next() * 65536));
    for (const row of [1, 12, 1000, 12000]) {
      expect(decodePlanes(encodePlanes(values, row), type, row)).toEqual(values);
    }
  });

  it('decodes into a given array, a slab of a volume for one', () => {
    const volume = new Int16Array(12);
    const slab = Int16Array.of(-1000, -1024, 3071, -32768);
    decodePlanes(encodePlanes(slab, 2), 'int16', 2, volume.subarray(4, 8));
    expect([...volume]).toEqual([0, 0, 0, 0, ...slab, 0, 0, 0, 0]);
  });

  it('refuses what is no whole number of rows', () => {
    expect(() => encodePlanes(new Int16Array(5), 2)).toThrow(RangeError);
    expect(() => decodePlanes(new Uint8Array(7), 'int16', 1)).toThrow(RangeError);
    expect(() => decodePlanes(new Uint8Array(8), 'int16', 2, new Int16Array(3))).toThrow(
      RangeError,
    );
  });
});
