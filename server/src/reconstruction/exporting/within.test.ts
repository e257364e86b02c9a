import { expect, it } from 'vitest';
import { within } from './exporting.ts';

it('work that takes too long ends with an error of the closed set, which says after how long', async () => {
  const work = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  await expect(within(0.01, work)).rejects.toMatchObject({
    code: 'took_too_long',
    details: { seconds: 0.01 },
  });
  expect(await within(10, async () => 'done')).toBe('done');
});
