import { affineFromSteps, type Vec3 } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { ribOrder } from './ribs.ts';

const size: Vec3 = [60, 60, 60];
const affine = affineFromSteps([3, 0, 0], [0, 3, 0], [0, 0, 3], [-90, -90, -60]);

interface Shape {
  readonly label: number;
  readonly kind?: 'rib_left' | 'rib_right';
  /** Where along the chest, degrees from the front (0) by the side (90) to the back (180). */
  readonly from: number;
  readonly to: number;
  /** Height at the back, mm; a rib falls by 60 mm to the front. */
  readonly back: number;
}

/** How many ribs of its side lie above each. */
function orderOf(shapes: readonly Shape[]): Record<number, number> {
  const data = new Uint8Array(size[0] * size[1] * size[2]);
  const ribs = shapes.map(({ label, kind = 'rib_left', from, to, back }) => {
    const sum: [number, number, number] = [0, 0, 0];
    let count = 0;
    for (let degrees = from; degrees <= to; degrees++) {
      const turn = (degrees * Math.PI) / 180;
      const x = 75 * Math.sin(turn) * (kind === 'rib_left' ? 1 : -1);
      const y = -65 * Math.cos(turn);
      const z = back - (60 * (180 - degrees)) / 180;
      const [i, j, k] = [(x + 90) / 3, (y + 90) / 3, (z + 60) / 3].map(Math.round) as [
        number,
        number,
        number,
      ];
      data[i + 60 * (j + 60 * k)] = label;
      for (const [axis, v] of [x, y, z].entries()) sum[axis as 0 | 1 | 2] += v;
      count++;
    }
    const centre = sum.map((v) => v / count) as [number, number, number];
    return { label, kind, centre };
  });
  const order = ribOrder({ size, affine }, data, ribs);
  return Object.fromEntries(shapes.map((s) => [s.label, order(s.label)]));
}

it('counts whole ribs from the top', () => {
  const whole = { from: 5, to: 175 };
  const shapes = [10, 34, 58].map((back, n) => ({ label: n + 1, back, ...whole }));
  expect(orderOf(shapes)).toEqual({ 1: 2, 2: 1, 3: 0 });
});

it('puts a rib whose back the scan cut off above one that is whole and has a higher middle', () => {
  const shapes = [
    { label: 1, from: 5, to: 60, back: 50 },
    { label: 2, from: 5, to: 175, back: 34 },
  ];
  // The middle of the first lies at some 1 mm, that of the second at 4 mm.
  expect(orderOf(shapes)).toEqual({ 1: 0, 2: 1 });
});

it('orders two that lie nowhere over each other by the one between them', () => {
  const shapes = [
    { label: 1, from: 5, to: 60, back: 50 },
    { label: 2, from: 5, to: 175, back: 34 },
    { label: 3, from: 120, to: 175, back: 20 },
  ];
  expect(orderOf(shapes)).toEqual({ 1: 0, 2: 1, 3: 2 });
});

it('counts each side by itself', () => {
  const whole = { from: 5, to: 175 };
  const shapes: Shape[] = [
    { label: 1, back: 40, ...whole },
    { label: 2, back: 10, ...whole },
    { label: 3, back: 52, kind: 'rib_right', ...whole },
    { label: 4, back: 22, kind: 'rib_right', ...whole },
  ];
  expect(orderOf(shapes)).toEqual({ 1: 0, 2: 1, 3: 0, 4: 1 });
});
