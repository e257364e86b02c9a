import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frameStack, sopInstanceUid, toErrorBody, YuepianError } from '@yuepian/contract';
import { afterEach, expect, it, vi } from 'vitest';
import { FrameLoading } from './frame-session.ts';
import type { FrameProgress } from './types.ts';

const size = 4;
/** Which frame the archive cannot give, counted from 0. */
const broken = 3;
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.unstubAllGlobals();
});

/** A stack of 6 frames on a real server, of which one is refused. */
async function stack() {
  const server = createServer((request, response) => {
    const n = Number(request.url?.slice(1));
    if (n === broken) {
      response.writeHead(422, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(toErrorBody(new YuepianError('cannot_decode', { reason: 'jpeg' }))),
      );
      return;
    }
    const header = { rows: size, columns: size, samplesPerPixel: 1, voxelType: 'uint8' };
    response.writeHead(200, { 'x-frame': JSON.stringify(header) });
    response.end(Buffer.alloc(size * size, n));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  stops.push(() => server.close());
  vi.stubGlobal('location', { href: `http://127.0.0.1:${port}/` });
  const frames = Array.from({ length: 6 }, (_, n) => ({
    sopInstanceUid: sopInstanceUid.parse('1.2.3'),
    frame: n + 1,
    rows: size,
    columns: size,
    colour: false,
    windows: [],
    invert: false,
    url: `/${n}`,
  }));
  return frameStack.parse({ seriesInstanceUid: '1.2', frames, cineRate: 60, warnings: [] });
}

it('a cine stops at a frame that cannot be had, says why, and goes on behind it', async () => {
  const made = await stack();
  const shown: number[] = [];
  const failed: number[] = [];
  let hidden = 0;
  const session = new FrameLoading({
    stack: made,
    signal: undefined,
    show: (_frame, index) => shown.push(index),
    hide: () => {
      hidden++;
    },
    failed: (index) => failed.push(index),
  });
  stops.push(() => session.close());
  const when = (is: (s: FrameProgress) => boolean): Promise<FrameProgress> =>
    new Promise((resolve) => {
      const stop = session.onChange((s) => {
        if (!is(s)) return;
        stop();
        resolve(s);
      });
    });
  await when((s) => s.shownIndex === 0);
  const stopped = when((s) => s.failure !== undefined);
  session.play();
  expect(await stopped).toMatchObject({
    index: broken,
    shownIndex: undefined,
    playing: false,
    failure: { code: 'cannot_decode' },
  });
  expect(shown).toEqual([0, 1, 2]);
  expect([failed, hidden]).toEqual([[broken], 1]);

  const onwards = when((s) => s.shownIndex === 5);
  session.play();
  expect(await onwards).toMatchObject({ playing: true, failure: undefined });
  expect(shown).toEqual([0, 1, 2, 4, 5]);
});
