import { expect, test } from 'vitest';
import { boxOfVolume, type Clip, handlesOf, moved, planesOf, travel } from './clip.ts';

const box = boxOfVolume([101, 101, 51], [1, 0, 0, -50, 0, 1, 0, -50, 0, 0, 2, -50]);

test('a box is six planes that keep its middle and nothing outside', () => {
  const planes = planesOf(box);
  expect(planes).toHaveLength(6);
  const isKept = (p: readonly number[]): boolean =>
    planes.every(
      ({ point, normal }) =>
        normal.reduce((sum, n, a) => sum + n * ((p[a] ?? 0) - (point[a] ?? 0)), 0) >= 0,
    );
  expect(isKept([0, 0, 0])).toBe(true);
  for (const out of [
    [60, 0, 0],
    [0, -51, 0],
    [0, 0, 51],
  ]) {
    expect(isKept(out)).toBe(false);
  }
});

test('a handle moves its own side only, and never past the other', () => {
  const next = moved(box, 'low0', 30) as Extract<Clip, { kind: 'box' }>;
  expect([next.low[0], next.high[0], next.low[1]]).toEqual([-20, 50, -50]);
  const squeezed = moved(box, 'low0', 500) as Extract<Clip, { kind: 'box' }>;
  expect(squeezed.low[0]).toBe(45);
  expect(handlesOf(box)).toHaveLength(6);
});

test('a plane moves along its normal', () => {
  const plane: Clip = { kind: 'plane', point: [1, 2, 3], normal: [0, 0, -1] };
  expect(moved(plane, 'plane', 5)).toMatchObject({ point: [1, 2, -2] });
});

test('what the pointer travels is measured along the line as it is seen', () => {
  const screen = { right: [1, 0, 0], up: [0, 0, 1] } as const;
  expect(travel([0, 0, 1], [0, 0, 0], [7, 0, 5], screen)).toBeCloseTo(5);
  // Foreshortened by half: the same way on the screen is twice the way in the patient.
  const tilted = [0, Math.sqrt(3) / 2, 0.5] as const;
  expect(travel(tilted, [0, 0, 0], [0, 0, 5], screen)).toBeCloseTo(10);
  // A line that points at the viewer follows up and down.
  expect(travel([0, 1, 0], [0, 0, 0], [3, 0, 5], screen)).toBeCloseTo(5);
});
