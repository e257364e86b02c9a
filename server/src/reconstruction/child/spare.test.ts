import { once } from 'node:events';
import { expect, test } from 'vitest';
import { SpareChild } from './spare.ts';

test('the process that was prepared is the one that is given, once', async () => {
  const spare = new SpareChild();
  spare.prepare();
  spare.prepare();
  const [first, second] = [spare.take(), spare.take()];
  expect(first.pid).toBeDefined();
  expect(second.pid).not.toBe(first.pid);
  for (const child of [first, second]) {
    const over = once(child, 'exit');
    child.disconnect();
    await over;
  }
});

test('closing ends the one that waits and makes no other', async () => {
  const spare = new SpareChild();
  spare.prepare();
  const waiting = spare.waiting;
  if (!waiting) throw new Error('nothing waits');
  const over = once(waiting, 'exit');
  spare.close();
  expect((await over)[1]).toBe('SIGKILL');
  spare.prepare();
  expect(spare.waiting).toBeUndefined();
});

test('one that dies while it waits is forgotten', async () => {
  const spare = new SpareChild();
  spare.prepare();
  const waiting = spare.waiting;
  if (!waiting) throw new Error('nothing waits');
  const over = once(waiting, 'exit');
  waiting.kill('SIGKILL');
  await over;
  expect(spare.waiting).toBeUndefined();
  spare.close();
});
