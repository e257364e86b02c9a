import { inkBatch, markId } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import type { WetBatch } from '../marks/index.ts';
import { fadeMm, strengthOf } from './Cursors.tsx';
import { toLive, toWet } from './ink-port.ts';
import { formatStretch } from './time.ts';

const batch: WetBatch = {
  strokeId: markId.parse('0123456789abcdef0123456789abcdef'),
  kind: 'ink',
  colour: '#56b4e9',
  width: 1.5,
  plane: { point: [1, 2, 3], normal: [0, 0, 1] },
  from: 4,
  points: [
    [1, 2, 3],
    [-4.5, 6, 3],
  ],
  state: 'drawing',
};

describe('ink on the live channel', () => {
  it('comes back as it was sent, with and without pressure', () => {
    const pressed: WetBatch = { ...batch, pressures: [0, 0.75] };
    for (const sent of [batch, pressed]) expect(toWet(toLive(sent))).toEqual(sent);
  });
  it('keeps the tool and how a line ended', () => {
    for (const kind of ['ink', 'highlighter', 'laser'] as const) {
      for (const state of ['drawing', 'done', 'cancelled'] as const) {
        const sent: WetBatch = { ...batch, kind, state };
        expect(toWet(toLive(sent))).toEqual(sent);
      }
    }
  });
  it('fits the contract, and an end without points does too', () => {
    expect(inkBatch.safeParse(toLive(batch)).success).toBe(true);
    const end = toLive({ ...batch, points: [], state: 'done' });
    expect(inkBatch.safeParse(end).success).toBe(true);
    expect(toWet(end)).toMatchObject({ points: [], state: 'done' });
  });
});

describe('a cursor beside the slice', () => {
  it('is whole on the slice and in its slab, fades with the distance, and is gone', () => {
    expect(strengthOf(0, 0)).toBe(1);
    expect(strengthOf(-9, 10)).toBe(1);
    expect(strengthOf(10, 0)).toBeLessThan(1);
    expect(strengthOf(-20, 0)).toBe(strengthOf(20, 0));
    expect(strengthOf(20, 0)).toBeLessThan(strengthOf(10, 0));
    expect(strengthOf(fadeMm, 0)).toBe(0);
  });
});

it('times of a replay are minutes and seconds', () => {
  expect([0, 59_999, 60_000, 3_725_000].map(formatStretch)).toEqual([
    '0:00',
    '0:59',
    '1:00',
    '62:05',
  ]);
});
