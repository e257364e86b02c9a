import { encodeVoiLut, type VoiWindow } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import { type FrameLook, paintGrey } from './frame-grey.ts';

const look = (o: Partial<FrameLook>): FrameLook => ({
  window: { centre: 50, width: 100 },
  inverted: false,
  windows: [],
  luts: [],
  ...o,
});

function greys(samples: Int16Array | Uint8Array | Float32Array, o: Partial<FrameLook>): number[] {
  const out = new Uint32Array(samples.length);
  paintGrey(samples, out, look(o));
  return [...out].map((pixel) => {
    const [r, g, b, a] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255, pixel >>> 24];
    expect([g, b, a]).toEqual([r, r, 255]);
    return r;
  });
}
const sigmoid = (x: number, c: number, w: number) =>
  Math.round(255 / (1 + Math.exp((-4 * (x - c)) / w)));

describe('a single image', () => {
  it('is painted by the linear window where the file names no function', () => {
    // (x − 49.5) / 99 + 0.5 of 255.
    expect(greys(Int16Array.of(-10, 0, 50, 99, 200), {})).toEqual([0, 0, 129, 255, 255]);
    expect(greys(Int16Array.of(-10, 0, 50, 99, 200), { inverted: true })).toEqual([
      255, 255, 126, 0, 0,
    ]);
  });

  it('keeps its sigmoid, at the file’s window and after a drag', () => {
    const windows: VoiWindow[] = [{ centre: 50, width: 100, name: '', function: 'SIGMOID' }];
    const values = [-200, 0, 50, 75, 100, 300];
    for (const samples of [Int16Array.from(values), Float32Array.from(values)]) {
      expect(greys(samples, { windows })).toEqual(values.map((v) => sigmoid(v, 50, 100)));
      const window = { centre: 80, width: 60 };
      expect(greys(samples, { windows, window })).toEqual(values.map((v) => sigmoid(v, 80, 60)));
    }
    expect(greys(Uint8Array.of(50, 50, 255), { windows, inverted: true })).toEqual([128, 128, 0]);
  });

  it('is painted by its table, entry by entry', () => {
    const luts = [encodeVoiLut([0, 4095, 100, 2000], 12)];
    const windows: VoiWindow[] = [{ centre: 11.5, width: 3, name: '', lut: 0 }];
    const window = { centre: 11.5, width: 3 };
    const expected = [0, 0, 255, 6, 125, 125];
    expect(greys(Int16Array.of(-5, 10, 11, 12, 13, 99), { luts, windows, window })).toEqual(
      expected,
    );
  });

  it('is linear where the table that is named is not there', () => {
    const windows: VoiWindow[] = [{ centre: 50, width: 100, name: '', lut: 7 }];
    expect(greys(Int16Array.of(0, 99), { windows })).toEqual([0, 255]);
  });
});
