import { type Mark, mark } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { CaseDocument } from '../case/index.ts';
import { PointerRouter } from '../pointer/index.ts';
import { linesOf } from './format.ts';
import { axialProjection, testEditor, testMark, testSample } from './testing.ts';
import { valuesOf } from './values.ts';

/** mulberry32, so that a failure can be repeated. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const tools = [
  'ink',
  'length',
  'rectangle',
  'ellipse',
  'freehand',
  'arrow',
  'angle',
  'polygon',
] as const;
type Act = (router: PointerRouter) => void;

/** Some strokes of one pen: down, moves, up or cancel, several times. */
function penStream(id: number, next: () => number): Act[] {
  const acts: Act[] = [];
  let time = 0;
  const at = (x: number, y: number) => {
    time += 8;
    const pressure = Math.round(next() * 100) / 100;
    // Each hand works where it stands: taking hold of a neighbour's mark is meant to change it.
    return { ...testSample(x + id * 1500, y, id), role: 'pen' as const, pressure, time };
  };
  for (let stroke = 0; stroke < 1 + next() * 5; stroke++) {
    let [x, y] = [Math.round(next() * 780), Math.round(next() * 580)];
    const down = at(x, y);
    acts.push((r) => r.down(down));
    for (let n = 0; n < next() * 14; n++) {
      x += Math.round(next() * 40 - 20);
      y += Math.round(next() * 40 - 20);
      const move = at(x, y);
      acts.push((r) => r.move(move));
    }
    const last = at(x, y);
    acts.push(next() < 0.15 ? (r) => r.cancel(id) : (r) => r.up(last));
  }
  return acts;
}

/** A board with ten hands, each with a tool and a colour of its own. */
function board() {
  const colourOf = (id: number): string => `#0000${id.toString(16).padStart(2, '0')}`;
  const { editor, marks } = testEditor((s) => ({
    owner: `hand${s.id}`,
    tool: tools[s.id % tools.length],
    colour: colourOf(s.id),
  }));
  const router = new PointerRouter({ begin: (s) => editor.begin(s), pinch: () => undefined });
  return {
    router,
    /** What a hand drew, without the ids, which count what all have drawn. */
    of: (id: number): Omit<Mark, 'id'>[] =>
      [...marks.values()]
        .filter((m) => m.colour === colourOf(id))
        .map(({ id: _, ...rest }) => rest),
    count: () => marks.size,
  };
}

describe('ten hands at one board', () => {
  it('draw the same marks together, in any order of events, as each alone', () => {
    let drawn = 0;
    for (let seed = 1; seed <= 320; seed++) {
      const next = random(seed);
      const streams = Array.from({ length: 10 }, (_, n) => penStream(n + 1, next));
      const together = board();
      const queues = streams.map((s) => [...s]);
      while (queues.some((q) => q.length > 0)) {
        const open = queues.filter((q) => q.length > 0);
        open[Math.floor(next() * open.length)]?.shift()?.(together.router);
      }
      streams.forEach((stream, n) => {
        const alone = board();
        for (const act of stream) act(alone.router);
        expect(together.of(n + 1)).toEqual(alone.of(n + 1));
      });
      drawn += together.count();
    }
    // The streams do draw.
    expect(drawn).toBeGreaterThan(3000);
  });
});

/** Two people with the same case. */
function pair() {
  const [a, b] = [new CaseDocument(), new CaseDocument()];
  const line = { kind: 'line' };
  a.doc.on('update', (u: Uint8Array, origin: unknown) => {
    if (origin !== line) Y.applyUpdate(b.doc, u, line);
  });
  b.doc.on('update', (u: Uint8Array, origin: unknown) => {
    if (origin !== line) Y.applyUpdate(a.doc, u, line);
  });
  return { a, b };
}
const length = (id: string, to: number): Mark =>
  testMark(
    'length',
    [
      [0, 0, 0],
      [to, 0, 0],
    ],
    id,
  );

describe('two people', () => {
  it('each take back only their own last act', () => {
    const { a, b } = pair();
    a.addMark(length('a1', 10));
    b.addMark(length('b1', 20));
    a.changeMark(length('b1', 0).id, { label: '病灶' });
    b.addMark(length('b2', 30));
    a.undo();
    expect(b.content.marks.map((m) => [m.id, m.label])).toEqual([
      ['a1', ''],
      ['b1', ''],
      ['b2', ''],
    ]);
    b.undo();
    expect(a.content.marks.map((m) => m.id)).toEqual(['a1', 'b1']);
    a.undo();
    expect(b.content.marks.map((m) => m.id)).toEqual(['b1']);
    a.redo();
    expect(b.content.marks.map((m) => m.id)).toEqual(['a1', 'b1']);
  });

  it('who move the same mark at once both read the length of its points, never another', () => {
    const { a, b } = pair();
    a.addMark(length('m', 10));
    const { id } = length('m', 0);
    for (let n = 1; n <= 50; n++) {
      const one = n % 2 ? a : b;
      one.changeMark(id, {
        points: [
          [0, 0, 0],
          [0, n * 3, n * 4],
        ],
      });
      for (const side of [a, b]) {
        const [shown] = side.content.marks;
        const lines = shown && linesOf(valuesOf(shown, { volume: undefined, unit: '' }), 'en');
        expect(lines).toEqual([`${n * 5}.0 mm`]);
      }
    }
  });

  it('keep ink as bytes through the document, to the byte', () => {
    const { a, b } = pair();
    const { editor, marks } = testEditor('ink', axialProjection());
    const stroke = editor.begin(testSample(100, 100));
    for (let n = 0; n < 200; n++) stroke?.move(testSample(100 + n, 100 + 30 * Math.sin(n / 9)));
    stroke?.end(testSample(300, 100));
    const [ink] = [...marks.values()];
    if (!ink) throw new Error('nothing was drawn');
    a.addMark(ink);
    expect(b.content.marks[0]?.stroke).toEqual(ink.stroke);
    expect(mark.safeParse(b.content.marks[0]).success).toBe(true);
  });
});
