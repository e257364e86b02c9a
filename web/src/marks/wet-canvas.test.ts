import { markId } from '@yuepian/contract';
import { afterEach, expect, it, vi } from 'vitest';
import type { WetBatch } from './live.ts';
import { axialProjection } from './testing.ts';
import { WetCanvas } from './wet-canvas.ts';

afterEach(() => vi.unstubAllGlobals());

it('a point goes to the live channel when the pen reports it, each once and in order, with how the line ended', () => {
  const frames: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
  const sent: WetBatch[] = [];
  const canvas = new WetCanvas({
    // Nothing is painted here: only what goes out is looked at.
    canvas: { getContext: () => null } as unknown as HTMLCanvasElement,
    projection: () => axialProjection(),
    place: () => undefined,
    isMark: () => false,
    live: { send: (batch) => sent.push(batch), subscribe: () => () => undefined },
  });
  const strokeId = markId.parse('0123456789abcdef0123456789abcdef');
  const line = canvas.begin({
    id: strokeId,
    kind: 'ink',
    colour: '#56b4e9',
    width: 1,
    plane: { point: [10, 20, 30], normal: [0, 0, -1] },
  });
  line.move([{ x: 0, y: 0, pressure: 0.5 }], [{ x: 9, y: 9 }], 0);
  line.move(
    [
      { x: 1, y: 0, pressure: 0.6 },
      { x: 2, y: 0, pressure: 0.7 },
    ],
    [],
    8,
  );
  expect(sent.map((b) => [b.strokeId, b.from, b.state])).toEqual([
    [strokeId, 0, 'drawing'],
    [strokeId, 1, 'drawing'],
  ]);
  // What is expected next is painted here and never told.
  expect(sent[0]?.points).toEqual([[10, 20, 30]]);
  expect(sent[1]?.pressures).toEqual([0.6, 0.7]);
  line.end();
  expect(sent.at(-1)).toMatchObject({ from: 3, points: [], state: 'done' });
  for (const run of frames.splice(0)) run();
  expect(sent).toHaveLength(3);
});
