import { affineFromSteps, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { Sureness } from './sureness.ts';
import { volumeRange } from './uncertainty.ts';

const size: Vec3 = [40, 30, 20];
const affine = affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 1.5], [-16, -12, -15]);
/** Logit of class 1 over 0: a ball of 8 mm whose border is `band` mm wide; class 2 never wins. */
function logitsOf(band: number): Float32Array {
  const n = size[0] * size[1] * size[2];
  const out = new Float32Array(3 * n);
  for (let k = 0, i = 0; k < size[2]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let x = 0; x < size[0]; x++, i++) {
        const r = Math.hypot(-16 + 0.8 * x, -12 + 0.8 * j, -15 + 1.5 * k);
        out[n + i] = (8 - r) / band;
        out[2 * n + i] = -40;
      }
  return out;
}
const ball = (r: number): number => ((4 / 3) * Math.PI * r ** 3) / 1000;

describe('Sureness', () => {
  it.each([0.3, 1])('gives the volumes of p > 0.75 and p > 0.25, band %d', (band) => {
    const all = logitsOf(band);
    const sure = new Sureness({ size, affine }, 3);
    // In two slabs, as tiles come.
    const plane = size[0] * size[1];
    for (const [first, planes] of [
      [0, 8],
      [8, 12],
    ] as const) {
      const part = new Float32Array(3 * planes * plane);
      for (let c = 0; c < 3; c++) {
        const from = c * plane * size[2] + first * plane;
        part.set(all.subarray(from, from + planes * plane), c * planes * plane);
      }
      sure.add(first, planes, part);
    }
    // p = 1 / (1 + e^-l): 0.75 lies where l = ln 3.
    const shift = Math.log(3) * band;
    const { lowMl, highMl } = sure.rangeOf(1);
    expect(Math.abs(lowMl / ball(8 - shift) - 1)).toBeLessThan(0.03);
    expect(Math.abs(highMl / ball(8 + shift) - 1)).toBeLessThan(0.03);
    const box = sure.boxOf(1, 6);
    if (!box) throw new Error('no box');
    const range = volumeRange(box);
    expect(Math.abs(range.low / lowMl - 1)).toBeLessThan(0.02);
    expect(Math.abs(range.high / highMl - 1)).toBeLessThan(0.02);
  });

  it('takes probabilities as they are, and gives what it gives for their logits', () => {
    const logits = logitsOf(1);
    const n = logits.length / 3;
    const probabilities = logits.map((_, at) => {
      const of = (c: number): number => Math.exp(logits[(at % n) + c * n] as number);
      return of(Math.floor(at / n)) / (of(0) + of(1) + of(2));
    });
    const [a, b] = [new Sureness({ size, affine }, 3), new Sureness({ size, affine }, 3, true)];
    a.add(0, size[2], logits);
    b.add(0, size[2], probabilities);
    const [x, y] = [a.rangeOf(1), b.rangeOf(1)];
    for (const key of ['lowMl', 'wonMl', 'highMl'] as const)
      expect(Math.abs(y[key] / x[key] - 1), key).toBeLessThan(1e-3);
    const [p, q] = [a.boxOf(1), b.boxOf(1)];
    expect(q?.data.every((v, i) => Math.abs(v - (p?.data[i] ?? 0)) <= 1)).toBe(true);
    // Read as logits they would make everything unsure: none above 75 %.
    const wrong = new Sureness({ size, affine }, 3);
    wrong.add(0, size[2], probabilities);
    expect(wrong.rangeOf(1).lowMl).toBe(0);
  });

  it('knows nothing of a class that wins nowhere', () => {
    const sure = new Sureness({ size, affine }, 3);
    sure.add(0, size[2], logitsOf(1));
    expect(sure.boxOf(2)).toBeUndefined();
    expect(sure.rangeOf(2)).toEqual({ lowMl: 0, wonMl: 0, highMl: 0 });
  });
});
