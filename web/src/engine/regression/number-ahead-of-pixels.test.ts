import type { FrameStack } from '@yuepian/contract';
import { afterEach, expect, it, vi } from 'vitest';
import { FrameLoading } from '../frame-session.ts';
import type { FrameProgress } from '../types.ts';

afterEach(() => vi.unstubAllGlobals());

const stack = {
  seriesInstanceUid: '2.25.3',
  frames: Array.from({ length: 40 }, (_, n) => ({
    sopInstanceUid: '2.25.4',
    frame: n + 1,
    rows: 1,
    columns: 2,
    colour: false,
    windows: [],
    invert: false,
    url: `/frames/${n}`,
  })),
  cineRate: 10,
  warnings: [],
} as unknown as FrameStack;

/** A session over a server that answers when it is told to. */
function open() {
  const waiting = new Map<string, (response: Response) => void>();
  vi.stubGlobal('location', { href: 'http://localhost/' });
  vi.stubGlobal(
    'fetch',
    (url: string | URL) =>
      new Promise<Response>((resolve) => waiting.set(new URL(url).pathname, resolve)),
  );
  const shown: string[] = [];
  const session = new FrameLoading({
    stack,
    signal: undefined,
    show: (_pixels, index) => shown.push(`show ${index}`),
    hide: () => shown.push('hide'),
    failed: (index) => shown.push(`failed ${index}`),
  });
  const next = (what: (s: FrameProgress) => boolean) =>
    new Promise<FrameProgress>((resolve) => {
      const stop = session.onChange((s) => {
        if (!what(s)) return;
        stop();
        resolve(s);
      });
    });
  const answer = (index: number, ok = true): void => {
    const header = { rows: 1, columns: 2, samplesPerPixel: 1, voxelType: 'uint8' };
    const response = ok
      ? new Response(Uint8Array.of(index, index), {
          headers: { 'x-frame': JSON.stringify(header) },
        })
      : new Response('{}', { status: 422 });
    waiting.get(`/frames/${index}`)?.(response);
  };
  return { session, shown, next, answer };
}

it('shows no pixels of the image before under the number of the one asked for', async () => {
  const { session, shown, next, answer } = open();
  expect(session.shownIndex).toBeUndefined();
  const first = next((s) => s.shownIndex === 0);
  answer(0);
  await first;
  expect(session.valueAt(1, 0)).toEqual([0]);

  session.show(20);
  expect(session).toMatchObject({ index: 20, shownIndex: undefined, failure: undefined });
  expect(session.valueAt(1, 0)).toBeUndefined();
  expect(shown).toEqual(['show 0', 'hide']);
  const other = next((s) => s.shownIndex === 20);
  answer(20);
  await other;
  expect(session.valueAt(1, 0)).toEqual([20]);

  // One that is here is there at once, with nothing in between.
  session.show(0);
  expect(session).toMatchObject({ index: 0, shownIndex: 0 });
  expect(shown).toEqual(['show 0', 'hide', 'show 20', 'show 0']);
  session.close();
});

it('says that an image cannot be had, and shows no other in its place', async () => {
  const { session, shown, next, answer } = open();
  const first = next((s) => s.shownIndex === 0);
  answer(0);
  await first;
  session.show(20);
  const failed = next((s) => s.failure !== undefined);
  answer(20, false);
  expect(await failed).toMatchObject({ index: 20, shownIndex: undefined });
  expect(shown).toEqual(['show 0', 'hide', 'failed 20']);
  session.show(0);
  expect(session).toMatchObject({ shownIndex: 0, failure: undefined });
  session.close();
});
