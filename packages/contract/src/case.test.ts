import { describe, expect, it } from 'vitest';
import {
  type MarkKind,
  mark,
  markKind,
  markToJson,
  packMark,
  pointsOfKind,
  unpackMark,
} from './case.ts';

const base = {
  id: 'm1',
  frameOfReferenceUid: '1.2.3',
  plane: { point: [0, 0, 0], normal: [0, 0, 1] },
  label: '',
  colour: '#5cb8ff',
  author: { id: 'u1', name: '陈' },
  createdAt: '2026-11-20T08:00:00.000Z',
  hidden: false,
};
const points = (n: number) => Array.from({ length: n }, (_, k) => [k, 0, 0]);
const complete = (kind: MarkKind, n: number = pointsOfKind[kind][0]) => ({
  ...base,
  version: 2,
  kind,
  points: points(n),
  ...((kind === 'ink' || kind === 'highlighter') && { stroke: Uint8Array.of(1, 0, 20, 0, 0) }),
  ...(kind === 'keyImage' && { keyImage: { view: 'axial' } }),
  ...(kind.startsWith('surface') && { structureKey: 'bone' }),
});

describe('a mark', () => {
  it('of version 1 opens as one of today, with everything it said', () => {
    const old = { ...base, version: 1, kind: 'ellipse', volumeId: 'v1', points: points(3) };
    expect(mark.parse(old)).toEqual({ ...old, version: 2 });
    expect(mark.safeParse({ ...old, version: 3 }).success).toBe(false);
    expect(mark.safeParse({ ...old, points: points(2) }).success).toBe(false);
  });

  it.each(markKind.options)('%s has its number of points and no other', (kind) => {
    const [fewest, most] = pointsOfKind[kind];
    expect(mark.safeParse(complete(kind)).success).toBe(true);
    expect(mark.safeParse(complete(kind, most + 1)).success).toBe(false);
    if (fewest > 0) expect(mark.safeParse(complete(kind, fewest - 1)).success).toBe(false);
  });

  it('has ink, a view or a structure exactly where its kind needs one', () => {
    const { stroke: _, ...dry } = complete('ink');
    expect(mark.safeParse(dry).success).toBe(false);
    expect(mark.safeParse({ ...complete('length'), stroke: Uint8Array.of(1) }).success).toBe(false);
    expect(mark.safeParse({ ...complete('ink'), stroke: new Uint8Array(400_000) }).success).toBe(
      false,
    );
    expect(mark.safeParse({ ...complete('length'), keyImage: { view: 'axial' } }).success).toBe(
      false,
    );
    expect(mark.safeParse({ ...complete('surfacePoint'), structureKey: undefined }).success).toBe(
      false,
    );
    expect(mark.safeParse({ ...complete('length'), colour: 'red' }).success).toBe(false);
  });

  it('is stored in one entry as it was made, and reads as it was', () => {
    for (const kind of markKind.options) {
      const made = mark.parse({ ...complete(kind), label: '主动脉', hidden: true });
      const packed = packMark(made);
      expect(Object.keys(packed)).toEqual(['made']);
      expect(mark.parse(unpackMark(made.id, packed))).toEqual(made);
    }
    const ink = mark.parse(complete('ink'));
    expect(Object.keys(packMark(ink).made)).not.toContain('points');
    expect(mark.parse(unpackMark(ink.id, packMark(ink)))).toEqual(ink);
  });

  it('of an earlier case, with an entry a field, reads as well', () => {
    const old = complete('length');
    expect(unpackMark('m1', old)).toBe(old);
    expect(mark.parse(unpackMark('m1', { ...old, version: 1 }))).toEqual(mark.parse(old));
  });

  it('shows what was changed later instead, and never poses as another or as other than it was', () => {
    const made = mark.parse(complete('length'));
    const entry = packMark(made);
    const later = { ...entry, label: '静脉', kind: 'arrow', id: 'other' };
    expect(mark.parse(unpackMark('m1', later))).toEqual({ ...made, label: '静脉' });
    const forged = { made: { ...entry.made, id: 'other' } };
    expect(mark.parse(unpackMark('m1', forged))).toEqual(made);
    expect(mark.safeParse(unpackMark('m1', { made: null })).success).toBe(false);
    expect(mark.safeParse(unpackMark('m1', { ...entry, hidden: 'yes' })).success).toBe(false);
  });

  it('keeps its ink through JSON as base64', () => {
    const sent = { ...complete('ink'), stroke: 'AQAUAAA=' };
    expect(mark.parse(sent).stroke).toEqual(Uint8Array.of(1, 0, 20, 0, 0));
    expect(markToJson(mark.parse(sent)).stroke).toBe(sent.stroke);
    expect(markToJson(mark.parse(complete('length'))).stroke).toBeUndefined();
    expect(mark.safeParse({ ...sent, stroke: '***' }).success).toBe(false);
  });
});
