import { expect, it } from 'vitest';
import { Twist, twistSlack } from './spin.ts';

const turned = (twist: Twist, steps: readonly number[]): number =>
  steps.reduce((sum, step) => sum + twist.add(step), 0);

it('fingers that only zoom do not tilt the picture', () => {
  const wobble = [4, -3, 5, 3, -6, 4, 2, -8];
  expect(turned(new Twist(), wobble)).toBe(0);
});

it('a twist that is meant turns the picture by what is beyond the slack, either way', () => {
  for (const way of [1, -1]) {
    const twist = new Twist();
    expect(turned(twist, [6 * way, 6 * way, 20 * way])).toBeCloseTo(way * (32 - twistSlack), 9);
    // From then on back again as well.
    expect(turned(twist, [-30 * way])).toBe(-30 * way);
  }
});

it('the next pair of fingers starts afresh', () => {
  const twist = new Twist();
  turned(twist, [30]);
  twist.end();
  expect(turned(twist, [9])).toBe(0);
});
