import { markId } from '@yuepian/contract';
import { expect, it } from 'vitest';
import type { WetBatch } from '../live.ts';
import { type WetStroke, WetStrokes } from '../wet.ts';

const plane: WetStroke['plane'] = { point: [0, 0, 0], normal: [0, 0, -1] };
const line = { kind: 'ink', colour: '#4fd1c5', width: 1, plane } as const;
const noMark = (): boolean => false;
const minute = 60_000;

it('ink stays while the pen rests, and after its end until its mark is there', () => {
  const wet = new WetStrokes();
  const own: WetStroke = {
    ...line,
    id: markId.parse('own'),
    points: [{ x: 0, y: 0 }],
    times: [0],
    predicted: [],
    isDone: false,
    isOwn: true,
  };
  wet.add(own);
  wet.expire(60 * minute, noMark);
  expect([...wet.all]).toEqual([own]);
  own.isDone = true;
  own.endedAt = 60 * minute;
  wet.expire(60 * minute + 5_000, noMark);
  expect(wet.isEmpty).toBe(false);
  wet.expire(60 * minute + 5_000, (id) => id === own.id);
  expect(wet.isEmpty).toBe(true);
});

it('another’s ink stays while their pen rests, and goes when they are gone', () => {
  const wet = new WetStrokes();
  const batch = (state: WetBatch['state']): WetBatch => ({
    ...line,
    strokeId: markId.parse('theirs'),
    from: 0,
    points: [[0, 0, 0]],
    state,
  });
  wet.receive(batch('drawing'), 0);
  wet.expire(2 * minute, noMark);
  expect(wet.isEmpty).toBe(false);
  wet.receive(batch('cancelled'), 2 * minute);
  expect(wet.isEmpty).toBe(true);
  // The news of their leaving may have been missed.
  wet.receive(batch('drawing'), 0);
  wet.expire(11 * minute, noMark);
  expect(wet.isEmpty).toBe(true);
});
