import { YuepianError } from '@yuepian/contract';
import { expect, test } from 'vitest';
import { Throttle } from './throttle.ts';

const secondsToWait = (throttle: Throttle, key: string): number => {
  try {
    throttle.check(key);
    return 0;
  } catch (error) {
    expect(error).toBeInstanceOf(YuepianError);
    return Number((error as YuepianError).details.seconds);
  }
};

test('the wait doubles after the free attempts, up to the longest, per key', () => {
  let now = 1_000_000;
  const throttle = new Throttle({ free: 3, longestSeconds: 5, now: () => now });
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    throttle.begin('a');
    const wait = secondsToWait(throttle, 'a');
    waits.push(wait);
    now += wait * 1000;
  }
  expect(waits).toEqual([0, 0, 0, 1, 2, 4, 5, 5]);
  expect(secondsToWait(throttle, 'b')).toBe(0);
});

test('success and an hour of quiet clear the record', () => {
  let now = 0;
  const throttle = new Throttle({ free: 1, longestSeconds: 5, now: () => now });
  throttle.begin('a');
  throttle.begin('a');
  expect(secondsToWait(throttle, 'a')).toBe(1);
  throttle.succeed('a');
  expect(secondsToWait(throttle, 'a')).toBe(0);
  throttle.begin('a');
  now += 61 * 60_000;
  throttle.begin('a');
  expect(secondsToWait(throttle, 'a')).toBe(0);
});
