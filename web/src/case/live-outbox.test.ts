import {
  caseLimits,
  type InkBatch,
  inkBatch,
  type LiveRequest,
  liveRequest,
} from '@yuepian/contract';
import { expect, test } from 'vitest';
import { LiveOutbox } from './live-outbox.ts';

const batchOf = (
  stroke: string,
  from: number,
  points: number,
  end?: InkBatch['end'],
): InkBatch => ({
  ...inkBatch.parse({
    stroke,
    frameOfReferenceUid: '1.2.3',
    tool: 'pen',
    colour: '#56b4e9',
    width: 1,
    plane: { point: [0, 0, 0], normal: [0, 0, 1] },
    from,
    points: [],
    ...(end && { end }),
  }),
  points: Array.from({ length: points * 4 }, (_, n) => -12_345.678 - from * 4 - n),
});

/** An outbox whose frames and time are the test's. */
function outboxAt() {
  const requests: LiveRequest[] = [];
  const frames: (() => void)[] = [];
  let now = 1_000;
  let waiting: { at: number; run: () => void }[] = [];
  const outbox = new LiveOutbox(
    (request) => requests.push(request),
    (callback) => frames.push(callback),
    { now: () => now, after: (ms, run) => waiting.push({ at: now + ms, run }) },
  );
  return {
    outbox,
    requests,
    frames,
    pass: (ms: number): void => {
      now += ms;
      const due = waiting.filter((w) => w.at <= now);
      waiting = waiting.filter((w) => w.at > now);
      for (const { run } of due) run();
    },
  };
}

/** What goes out after these batches came in from one event. */
function sent(batches: readonly InkBatch[]): LiveRequest[] {
  const { outbox, requests, pass } = outboxAt();
  for (const batch of batches) outbox.ink(batch);
  pass(0);
  return requests;
}
const inkOf = (requests: readonly LiveRequest[]): InkBatch[] =>
  requests.flatMap((r) => (r.type === 'ink' ? r.batches : []));

test('a long batch is told in parts that fit the contract, and lose nothing', () => {
  const long = batchOf('a', 8, 700, 'done');
  const requests = sent([long]);
  for (const request of requests) {
    expect(liveRequest.safeParse(request).success).toBe(true);
    expect(JSON.stringify(request).length).toBeLessThan(caseLimits.liveBytes);
  }
  const parts = inkOf(requests);
  expect(parts.map((p) => [p.from, p.points.length / 4, p.end])).toEqual([
    [8, 256, undefined],
    [264, 256, undefined],
    [520, 188, 'done'],
  ]);
  expect(parts.flatMap((p) => p.points)).toEqual(long.points);
});

test('what several hands draw in a frame is one message while it is short', () => {
  expect(sent([batchOf('a', 0, 3), batchOf('b', 0, 2), batchOf('b', 2, 4)])).toHaveLength(1);
  const full = ['a', 'b', 'c'].map((id) => batchOf(id, 0, 256));
  const requests = sent(full);
  expect(requests).toHaveLength(3);
  for (const r of requests) expect(JSON.stringify(r).length).toBeLessThan(caseLimits.liveBytes);
  expect(inkOf(requests).map((p) => p.stroke)).toEqual(['a', 'b', 'c']);
});

test('ink waits for no frame, and not for more than a tick after the ink before it', () => {
  const { outbox, requests, frames, pass } = outboxAt();
  outbox.ink(batchOf('a', 0, 1));
  pass(0);
  expect(inkOf(requests).map((b) => b.from)).toEqual([0]);
  outbox.ink(batchOf('a', 1, 1));
  pass(caseLimits.tickMs - 1);
  outbox.ink(batchOf('a', 2, 1));
  expect(requests).toHaveLength(1);
  pass(1);
  expect(inkOf(requests).map((b) => [b.from, b.points.length / 4])).toEqual([
    [0, 1],
    [1, 2],
  ]);
  pass(10 * caseLimits.tickMs);
  outbox.ink(batchOf('a', 3, 1));
  pass(0);
  expect(requests).toHaveLength(3);
  expect(frames).toEqual([]);
});
