import { canvasPoint } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { isNews, wheelSteps } from './attach.ts';
import { type Pinch, PointerRouter, type PointerTarget } from './router.ts';
import { type PointerRole, type PointerSample, roleOf } from './sample.ts';

const sample = (
  id: number,
  role: PointerRole,
  x: number,
  y: number,
  time: number,
): PointerSample => ({
  id,
  role,
  at: canvasPoint(x, y),
  buttons: 1,
  shift: false,
  control: false,
  pressure: 0.5,
  time,
});

/** Records what each stroke received, by pointer. */
function recorder(): {
  target: PointerTarget;
  strokes: Map<number, string[]>;
  pinches: Pinch[];
  taps: number[];
} {
  const strokes = new Map<number, string[]>();
  const pinches: Pinch[] = [];
  const taps: number[] = [];
  return {
    strokes,
    pinches,
    taps,
    target: {
      begin(first) {
        const log = strokes.get(first.id) ?? [];
        strokes.set(first.id, log);
        log.push(`begin ${first.at}`);
        return {
          move: (s) => log.push(`move ${s.at}`),
          end: (s) => log.push(`end ${s.at}`),
          cancel: () => log.push('cancel'),
        };
      },
      pinch: (p) => pinches.push(p),
      tap: (_, count) => taps.push(count),
    },
  };
}

/** A small deterministic generator (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Act = (router: PointerRouter) => void;

/** One pen's life: down, moves, and up or cancel. */
function penStream(id: number, next: () => number): Act[] {
  const acts: Act[] = [];
  const point = (n: number): PointerSample =>
    sample(id, 'pen', id * 100 + Math.round(next() * 90), Math.round(next() * 500), n * 8);
  const down = point(0);
  acts.push((r) => r.down(down));
  for (let n = 1; n < 4 + next() * 20; n++) {
    const p = point(n);
    acts.push((r) => r.move(p));
  }
  const last = point(30);
  acts.push(next() < 0.2 ? (r) => r.cancel(id) : (r) => r.up(last));
  return acts;
}

describe('pointers', () => {
  it('gives ten interleaved pens the same strokes as each alone', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed);
      const streams = Array.from({ length: 10 }, (_, n) => penStream(n + 1, next));
      const alone = new Map<number, string[]>();
      streams.forEach((stream, n) => {
        const r = recorder();
        const router = new PointerRouter(r.target);
        for (const act of stream) act(router);
        alone.set(n + 1, r.strokes.get(n + 1) ?? []);
      });
      const together = recorder();
      const router = new PointerRouter(together.target);
      const queues = streams.map((s) => [...s]);
      while (queues.some((q) => q.length > 0)) {
        const open = queues.filter((q) => q.length > 0);
        open[Math.floor(next() * open.length)]?.shift()?.(router);
      }
      expect(Object.fromEntries(together.strokes)).toEqual(Object.fromEntries(alone));
      expect(router.activeCount).toBe(0);
    }
  });

  it('turns two fingers that land together into a pinch and removes the draft', () => {
    const r = recorder();
    const router = new PointerRouter(r.target);
    router.down(sample(1, 'finger', 100, 100, 0));
    router.down(sample(2, 'finger', 200, 100, 60));
    router.move(sample(2, 'finger', 300, 100, 80));
    expect(r.strokes.get(1)).toEqual(['begin 100,100', 'cancel']);
    expect(r.strokes.has(2)).toBe(false);
    expect(r.pinches).toEqual([
      { centre: [200, 100], dx: 50, dy: 0, scale: 2, turn: 0, fingers: 2 },
    ]);
    router.up(sample(1, 'finger', 100, 100, 100));
    router.move(sample(2, 'finger', 400, 100, 120));
    expect(r.pinches).toHaveLength(1);
    expect(router.activeCount).toBe(0);
  });

  it('lets a second finger draw by itself when the first is under way', () => {
    const r = recorder();
    const router = new PointerRouter(r.target);
    router.down(sample(1, 'finger', 100, 100, 0));
    router.move(sample(1, 'finger', 180, 100, 50));
    router.down(sample(2, 'finger', 500, 100, 60));
    router.move(sample(2, 'finger', 520, 100, 70));
    expect(r.strokes.get(1)).toEqual(['begin 100,100', 'move 180,100']);
    expect(r.strokes.get(2)).toEqual(['begin 500,100', 'move 520,100']);
    expect(r.pinches).toEqual([]);
  });

  it('keeps the fingers of two people apart on a board, however close in time', () => {
    const r = recorder();
    const router = new PointerRouter({ ...r.target, handSpan: () => 460 });
    router.down(sample(1, 'finger', 100, 100, 0));
    router.down(sample(2, 'finger', 900, 100, 10));
    router.move(sample(1, 'finger', 150, 100, 20));
    router.move(sample(2, 'finger', 950, 100, 20));
    expect(r.pinches).toEqual([]);
    expect([...r.strokes.keys()]).toEqual([1, 2]);
  });

  it('keeps two people who pinch in one view apart: each has two fingers, not four', () => {
    const r = recorder();
    let ends = 0;
    const pinchEnd = () => {
      ends += 1;
    };
    const router = new PointerRouter({ ...r.target, pinchEnd, handSpan: () => 460 });
    router.down(sample(1, 'finger', 100, 100, 0));
    router.down(sample(2, 'finger', 200, 100, 10));
    // The other's nearer finger is in reach of the first hand's, but nearer to its own.
    router.down(sample(3, 'finger', 900, 100, 20));
    router.down(sample(4, 'finger', 640, 100, 30));
    router.move(sample(2, 'finger', 210, 100, 40));
    router.move(sample(4, 'finger', 630, 100, 40));
    expect(r.pinches.map((p) => [p.fingers, p.centre[0]])).toEqual([
      [2, 155],
      [2, 765],
    ]);
    router.up(sample(1, 'finger', 100, 100, 50));
    expect([ends, router.activeCount]).toEqual([1, 2]);
    router.move(sample(3, 'finger', 910, 100, 60));
    expect(r.pinches).toHaveLength(3);
    router.cancel(3);
    expect([ends, router.activeCount]).toEqual([2, 0]);
  });

  it('takes a mouse event that a pen or a touch left behind for a ghost, and a real mouse not', () => {
    const r = recorder();
    const router = new PointerRouter(r.target);
    router.down(sample(5, 'pen', 100, 100, 0));
    router.down(sample(1, 'mouse', 104, 100, 2));
    router.move(sample(5, 'pen', 160, 100, 20));
    router.up(sample(5, 'pen', 160, 100, 40));
    router.down(sample(1, 'mouse', 161, 101, 300));
    router.up(sample(1, 'mouse', 161, 101, 310));
    expect([...r.strokes.keys()]).toEqual([5]);
    router.down(sample(1, 'mouse', 400, 300, 320));
    router.up(sample(1, 'mouse', 400, 300, 330));
    router.down(sample(2, 'mouse', 161, 101, 1200));
    expect([...r.strokes.keys()]).toEqual([5, 1, 2]);
  });

  it('counts a reading once that raw and ordinary events both bring', () => {
    const a = sample(1, 'pen', 10, 10, 100);
    expect(isNews(undefined, a)).toBe(true);
    expect(isNews(a, { ...a })).toBe(false);
    expect(isNews(a, sample(1, 'pen', 11, 10, 100))).toBe(true);
    expect(isNews(a, sample(1, 'pen', 9, 10, 92))).toBe(false);
    expect(isNews(a, sample(1, 'pen', 10, 10, 104))).toBe(true);
  });

  it('ignores a palm, and removes what a finger drew that grew into one', () => {
    const r = recorder();
    const router = new PointerRouter(r.target);
    router.down(sample(1, 'palm', 100, 100, 0));
    expect(r.strokes.size).toBe(0);
    router.down(sample(2, 'finger', 10, 10, 0));
    router.move(sample(2, 'palm', 12, 10, 10));
    router.up(sample(2, 'palm', 12, 10, 20));
    expect(r.strokes.get(2)).toEqual(['begin 10,10', 'cancel']);
    expect(roleOf({ pointerType: 'touch', width: 120, height: 40 })).toBe('palm');
    expect(roleOf({ pointerType: 'touch', width: 20, height: 20 })).toBe('finger');
    expect(roleOf({ pointerType: 'touch', width: 60, height: 20 }, 55)).toBe('palm');
    expect(roleOf({ pointerType: 'pen', width: 120, height: 40 })).toBe('pen');
  });

  it('tells a tap and a double tap from a drag', () => {
    const r = recorder();
    const router = new PointerRouter(r.target);
    const click = (x: number, t: number, drag = 0): void => {
      router.down(sample(1, 'mouse', x, 0, t));
      if (drag > 0) router.move(sample(1, 'mouse', x + drag, 0, t + 10));
      router.up(sample(1, 'mouse', x + drag, 0, t + 40));
    };
    click(10, 0);
    click(12, 200);
    click(10, 2000);
    click(10, 2100, 50);
    click(10, 2200);
    expect(r.taps).toEqual([1, 2, 1, 1]);
  });

  it('counts a wheel notch as one step and adds up a trackpad', () => {
    const steps = wheelSteps();
    expect(steps({ deltaX: 0, deltaY: 100, deltaMode: 0 })).toBe(1);
    expect(steps({ deltaX: 0, deltaY: -120, deltaMode: 0 })).toBe(-1);
    expect(steps({ deltaX: 0, deltaY: 3, deltaMode: 1 })).toBe(1);
    const swipe = Array.from({ length: 20 }, () => steps({ deltaX: 0, deltaY: 6, deltaMode: 0 }));
    expect(swipe.reduce((a, b) => a + b, 0)).toBe(4);
  });
});
