import { expect, it } from 'vitest';
import { makesRoom } from './useFinding.ts';

const started = () => ({ job: 'j', of: 'bone' });
const running = { isListed: false, isDone: false };
const listed = { isListed: true, isDone: false };
const done = { isListed: true, isDone: true };

it('hides a bone that somebody had said is to be seen', () => {
  const mine = started();
  expect(makesRoom(mine, { ...running, isSeen: true })).toBe(false);
  expect(makesRoom(mine, { ...listed, isSeen: true })).toBe(false);
  expect(makesRoom(mine, { ...done, isSeen: true })).toBe(true);
});

it('does nothing where it is out of sight by itself, or was hidden meanwhile', () => {
  expect(makesRoom(started(), { ...done, isSeen: false })).toBe(false);
  const mine = started();
  makesRoom(mine, { ...listed, isSeen: true });
  expect(makesRoom(mine, { ...done, isSeen: false })).toBe(false);
});

it('leaves a bone that is shown after its parts came, though the job ends later', () => {
  const mine = started();
  makesRoom(mine, { ...listed, isSeen: false });
  expect(makesRoom(mine, { ...done, isSeen: true })).toBe(false);
});
