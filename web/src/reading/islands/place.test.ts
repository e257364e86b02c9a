import { expect, it } from 'vitest';
import {
  freePlace,
  type IslandPlace,
  nearestOf,
  nearestPoint,
  placeAt,
  stepPlace,
} from './place.ts';

const screen = { left: 0, top: 100, right: 3000, bottom: 2000 };

it('an island that is dragged lies on the edge nearest to the finger', () => {
  expect(placeAt([40, 1050], screen)).toEqual({ edge: 'left', along: 0.5 });
  expect(placeAt([2990, 300], screen).edge).toBe('right');
  expect(placeAt([1500, 1990], screen)).toEqual({ edge: 'bottom', along: 0.5 });
  expect(placeAt([1500, 110], screen)).toEqual({ edge: 'top', along: 0.5 });
  // Past the edge of the images it stays on the edge.
  expect(placeAt([-50, 5000], screen).along).toBeLessThanOrEqual(1);
});

it('arrows move it along its edge, round the corners and across', () => {
  const left: IslandPlace = { edge: 'left', along: 0.5 };
  expect(stepPlace(left, 'down')).toEqual({ edge: 'left', along: 0.55 });
  expect(stepPlace(left, 'right')).toEqual({ edge: 'right', along: 0.5 });
  expect(stepPlace(left, 'left')).toBe(left);
  expect(stepPlace({ edge: 'left', along: 1 }, 'down')).toEqual({ edge: 'bottom', along: 0 });
  expect(stepPlace({ edge: 'right', along: 1 }, 'down')).toEqual({ edge: 'bottom', along: 1 });
  expect(stepPlace({ edge: 'bottom', along: 1 }, 'right')).toEqual({ edge: 'right', along: 1 });
  expect(stepPlace({ edge: 'bottom', along: 0.5 }, 'up')).toEqual({ edge: 'top', along: 0.5 });
});

it('every place of the edges can be reached with arrows', () => {
  let place: IslandPlace = { edge: 'left', along: 0 };
  const edges = new Set<string>();
  for (const arrow of ['down', 'right', 'up', 'left'] as const) {
    for (let n = 0; n < 22; n++) {
      place = stepPlace(place, arrow);
      edges.add(place.edge);
    }
  }
  expect([...edges].sort()).toEqual(['bottom', 'left', 'right', 'top']);
});

it('a new island lies where the others are not', () => {
  const taken: IslandPlace[] = [];
  for (let n = 0; n < 6; n++) {
    const place = freePlace(taken);
    expect(taken).not.toContainEqual(place);
    taken.push(place);
  }
  expect(taken.slice(0, 2)).toEqual([
    { edge: 'left', along: 0.5 },
    { edge: 'right', along: 0.5 },
  ]);
});

it('a contact belongs to the island whose border is nearest', () => {
  const a = { left: 0, top: 0, right: 100, bottom: 1000 };
  const b = { left: 900, top: 0, right: 1000, bottom: 100 };
  const boxes = [
    ['a', a],
    ['b', b],
  ] as const;
  expect(nearestOf([300, 900], boxes)).toBe('a');
  expect(nearestOf([700, 50], boxes)).toBe('b');
  expect(nearestOf([0, 0], [])).toBeUndefined();
  expect(nearestPoint([300, 900], a)).toEqual([100, 900]);
});
