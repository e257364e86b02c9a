import { personColours, type User, userId } from '@yuepian/contract';
import { expect, test } from 'vitest';
import { CaseRoom } from './room.ts';

const person = (name: string, colour: string): User => ({
  id: userId.parse(name),
  name,
  displayName: name,
  role: 'doctor',
  colour,
});

test('everybody has the colour of their marks where it is free, and no two the same while there are others', () => {
  const room = new CaseRoom({
    seq: () => 0,
    sendAll: () => undefined,
    record: () => undefined,
    leadChanged: () => undefined,
    empty: () => undefined,
  });
  const [first, second, third] = personColours;
  expect(room.colourOf(person('ann', second))).toBe(second);
  // Taken, or of an account from before there was one table of colours.
  expect(room.colourOf(person('bob', second))).toBe(first);
  expect(room.colourOf(person('eve', '#5aa9e6'))).toBe(third);
  expect(room.colourOf(person('ann', '#5aa9e6'))).toBe(second);
  const rest = personColours.slice(3).map((_, n) => room.colourOf(person(`p${n}`, second)));
  expect(new Set([first, second, third, ...rest]).size).toBe(personColours.length);
  expect(room.colourOf(person('late', third))).toBe(third);
  room.close();
});
