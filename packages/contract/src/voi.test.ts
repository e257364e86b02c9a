import { describe, expect, it } from 'vitest';
import { decodeVoiLut, encodeVoiLut, greyCurve, shapeOf, type VoiWindow } from './voi.ts';

describe('LINEAR (PS3.3 C.11.2.1.2.1)', () => {
  const grey = (c: number, w: number, x: number) =>
    greyCurve({ centre: c, width: w, function: 'LINEAR' }, true)(x);
  it.each([
    // The examples of the standard, y over 0…255: centre 2048, width 4096 is the whole 12 bits.
    [2048, 4096, 0, 0],
    [2048, 4096, 4095, 1],
    [2048, 4096, 2047.5, 0.5],
    // Width 1: one value divides black from white.
    [2048, 1, 2047, 0],
    [2048, 1, 2048, 1],
    [0, 100, -50, 0],
    [0, 100, 49, 1],
    [0, 100, 1000, 1],
    [0, 100, -1000, 0],
  ])('centre %d, width %d: %d → %d', (c, w, x, y) => {
    expect(grey(c, w, x)).toBeCloseTo(y, 12);
  });
  it('is the pseudo-code of the standard everywhere', () => {
    const [c, w] = [40, 400];
    for (let x = -300; x <= 400; x += 0.5) {
      const y =
        x <= c - 0.5 - (w - 1) / 2
          ? 0
          : x > c - 0.5 + (w - 1) / 2
            ? 1
            : (x - (c - 0.5)) / (w - 1) + 0.5;
      expect(grey(c, w, x)).toBeCloseTo(y, 12);
    }
  });
});

describe('LINEAR_EXACT (C.11.2.1.3.2)', () => {
  it.each([
    [2048, 4096, 0, 0],
    [2048, 4096, 4096, 1],
    [2048, 1, 2047.5, 0],
    [2048, 1, 2048.5, 1],
    [0, 100, -50, 0],
    [0, 100, 25, 0.75],
    [0, 100, 50, 1],
  ])('centre %d, width %d: %d → %d', (centre, width, x, y) => {
    const curve = greyCurve({ centre, width, function: 'LINEAR_EXACT' }, true);
    expect(curve(x)).toBeCloseTo(y, 12);
    // What is said of fractions when the file names no function.
    expect(greyCurve({ centre, width }, false)(x)).toBeCloseTo(y, 12);
  });
});

describe('SIGMOID (C.11.2.1.3.1)', () => {
  it('is 1 / (1 + exp(−4 (x − c) / w)), whole numbers or not', () => {
    for (const whole of [true, false]) {
      const curve = greyCurve({ centre: 2000, width: 800, function: 'SIGMOID' }, whole);
      expect(curve(2000)).toBe(0.5);
      expect(curve(2400)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
      expect(curve(1600)).toBeCloseTo(1 / (1 + Math.exp(2)), 12);
      expect(curve(1e6)).toBe(1);
      expect(curve(-1e6)).toBe(0);
    }
  });
});

describe('a VOI LUT (C.11.2.1.1)', () => {
  const values = [0, 10, 400, 1000, 4095];
  const table = decodeVoiLut(encodeVoiLut(values, 12));
  // Five entries from −2 on.
  const window = { centre: 0, width: 4 };

  it('gives each value its entry, and values beyond the nearest end', () => {
    const curve = greyCurve(window, true, table);
    expect([-100, -2, -1, 0, 1, 2, 100].map((v) => Math.round(curve(v) * 4095))).toEqual([
      0, 0, 10, 400, 1000, 4095, 4095,
    ]);
  });
  it('is stretched by a wider window', () => {
    const curve = greyCurve({ centre: 100, width: 40 }, true, table);
    expect([80, 90, 100, 120].map((v) => Math.round(curve(v) * 4095))).toEqual([0, 10, 400, 4095]);
  });
  it('survives its way through text, and takes its largest entry for white when the bits lie', () => {
    const all = Array.from({ length: 65536 }, (_, i) => i);
    const back = decodeVoiLut(encodeVoiLut(all, 16));
    expect(back.every((v, i) => Math.abs(v * 65535 - i) < 0.01)).toBe(true);
    expect([...decodeVoiLut(encodeVoiLut([0, 1023], 8))]).toEqual([0, 1]);
  });
});

describe('the shape of a window', () => {
  const windows: VoiWindow[] = [
    { centre: 40, width: 400, name: '', function: 'SIGMOID' },
    { centre: 2047.5, width: 4095, name: '', lut: 0 },
  ];
  it('is that of the file’s window with its numbers, else of the first', () => {
    expect(shapeOf(windows, { centre: 2047.5, width: 4095 })).toEqual({ lut: 0 });
    expect(shapeOf(windows, { centre: 40, width: 400 })).toEqual({ function: 'SIGMOID' });
    expect(shapeOf(windows, { centre: 41, width: 380 })).toEqual({ function: 'SIGMOID' });
    expect(shapeOf([], { centre: 1, width: 2 })).toEqual({});
  });
});
