import { expect, it } from 'vitest';
import { groupTicks } from './tick-groups.ts';

const groupsOf = (places: readonly number[], reach: number) =>
  groupTicks(
    places.map((at) => ({ at, item: at })),
    reach,
  );

it('leaves ticks alone that a finger can tell apart', () => {
  expect(groupsOf([100, 0, 40], 40).map((g) => [g.at, g.items])).toEqual([
    [0, [0]],
    [40, [40]],
    [100, [100]],
  ]);
});

it('puts those of one moment together, none lost, in the order of the line', () => {
  expect(groupsOf([10, 10, 10], 40)).toEqual([{ at: 10, items: [10, 10, 10] }]);
});

it('keeps any two targets a target apart, however close the ticks lie', () => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  for (let run = 0; run < 200; run++) {
    const places = Array.from({ length: 1 + Math.floor(random() * 60) }, () => random() * 900);
    const groups = groupsOf(places, 41);
    expect(groups.flatMap((g) => g.items)).toEqual(places.toSorted((a, b) => a - b));
    for (const [n, group] of groups.entries()) {
      const next = groups[n + 1];
      if (next) expect(next.at - group.at).toBeGreaterThanOrEqual(41 - 1e-9);
    }
  }
});
