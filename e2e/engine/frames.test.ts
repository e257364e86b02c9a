import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EngineBench, type Reply } from './harness.ts';

const rows = 60;
const columns = 80;

/** Value of a 16-bit X-ray at (column, row): every pixel its own. */
const xray = (c: number, r: number): number => 600 * c + r;

function frame(
  routes: Map<string, Reply>,
  stack: string,
  n: number,
  header: object,
  samples: ArrayBufferView,
): string {
  const url = `/frames/${stack}/${n}`;
  routes.set(url, {
    body: Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength),
    headers: { 'x-frame': JSON.stringify({ rows, columns, ...header }) },
  });
  return url;
}

function stackOf(
  routes: Map<string, Reply>,
  name: string,
  urls: readonly string[],
  extra: object,
): void {
  routes.set(`/stack/${name}`, {
    body: JSON.stringify({
      seriesInstanceUid: '2.25.3',
      frames: urls.map((url, i) => ({
        sopInstanceUid: '2.25.4',
        frame: i + 1,
        rows,
        columns,
        colour: false,
        windows: [],
        invert: false,
        url,
        ...extra,
      })),
      cineRate: 25,
      warnings: [],
    }),
  });
}

let bench: EngineBench;
let page: Page;
beforeAll(async () => {
  const routes = new Map<string, Reply>();
  const grey = Uint16Array.from({ length: rows * columns }, (_, i) =>
    xray(i % columns, Math.floor(i / columns)),
  );
  const header = { samplesPerPixel: 1, voxelType: 'uint16' };
  const windows = [{ centre: 24000, width: 48001, name: 'whole' }];
  const url = frame(routes, 'xray', 0, header, grey);
  stackOf(routes, 'xray', [url], { windows, pixelSpacing: [0.4, 0.2] });
  stackOf(routes, 'inverted', [url], { windows, invert: true });
  const bare = frame(routes, 'bare', 0, header, grey);
  stackOf(routes, 'bare', [bare], {});
  const colour = Uint8Array.from({ length: rows * columns * 3 }, (_, i) =>
    i % 3 === 0 ? 200 : i % 3 === 1 ? 100 : Math.floor(i / 3) % columns,
  );
  const rgb = { samplesPerPixel: 3, voxelType: 'uint8' };
  stackOf(routes, 'colour', [frame(routes, 'colour', 0, rgb, colour)], { colour: true });
  const film = Array.from({ length: 12 }, (_, n) =>
    frame(
      routes,
      'film',
      n,
      { samplesPerPixel: 1, voxelType: 'uint8', valueRange: [0, 255] },
      new Uint8Array(rows * columns).fill(n * 20),
    ),
  );
  stackOf(routes, 'film', film, {});
  bench = await EngineBench.open(routes);
  page = await bench.page({ width: 800, height: 600 });
});
afterAll(async () => bench?.[Symbol.asyncDispose]());

const show = (name: string): Promise<void> =>
  page.evaluate(async (n) => {
    const { harness } = window;
    await harness.showFrames(`/stack/${n}`);
    // The element just got its size; the first picture follows the frame.
    do await harness.drawn('frame');
    while (!harness.views.frame.projection());
  }, name);
const at = (c: number, r: number): Promise<number[]> =>
  page.evaluate(([x, y]) => window.harness.pixelAt('frame', [x, y, 0] as never), [c, r]);

it('shows 16 bits through the window, pixel by pixel', async () => {
  await show('xray');
  for (const [c, r] of [
    [0, 0],
    [40, 30],
    [79, 59],
    [13, 47],
  ] as const) {
    const expected = (255 * xray(c, r)) / 48000;
    expect(Math.abs(((await at(c, r))[0] ?? -9) - expected)).toBeLessThanOrEqual(3);
  }
  const facts = await page.evaluate(() => {
    const { harness } = window;
    const p = harness.views.frame.projection();
    const m = p?.worldToCanvas ?? [];
    return {
      value: harness.frames?.valueAt(40.2, 29.9),
      outside: harness.frames?.valueAt(-1, 3),
      // Rows are twice as far apart as columns.
      aspect: (m[5] ?? 0) / (m[0] ?? 1),
      mm: (p?.mmPerPixel ?? 0) * (m[0] ?? 0),
      space: p?.space,
    };
  });
  expect(facts.value).toEqual([xray(40, 30)]);
  expect(facts.outside).toBeUndefined();
  expect(facts.aspect).toBeCloseTo(2, 9);
  expect(facts.mm).toBeCloseTo(0.2, 9);
  expect(facts.space).toBe('frame');
});

it('inverts MONOCHROME1, and knows no millimetre without a spacing', async () => {
  await show('inverted');
  const expected = 255 - (255 * xray(40, 30)) / 48000;
  expect(Math.abs(((await at(40, 30))[0] ?? -9) - expected)).toBeLessThanOrEqual(3);
  expect(
    await page.evaluate(() => Number.isNaN(window.harness.views.frame.projection()?.mmPerPixel)),
  ).toBe(true);
});

it('makes a window of the values where the file has none', async () => {
  await show('bare');
  const w = await page.evaluate(() => window.harness.engine.window);
  expect(w).toEqual({ centre: (xray(79, 59) + 1) / 2, width: xray(79, 59) + 1 });
});

it('shows colour as it is', async () => {
  await show('colour');
  const [r, g, b] = await at(50, 20);
  expect(r).toBe(200);
  expect(g).toBe(100);
  expect(Math.abs((b ?? 0) - 50)).toBeLessThanOrEqual(2);
});

it('scrubs, and plays every frame in order', async () => {
  await show('film');
  const seen = await page.evaluate(async () => {
    const { harness } = window;
    const session = harness.frames;
    if (!session) throw new Error('no frames');
    const value = () => session.valueAt(3, 3)?.[0];
    session.show(7);
    while (value() !== 140) await harness.drawn('frame');
    const scrubbed = session.index;
    harness.views.frame.scroll(2);
    const scrolled = session.index;
    session.show(99);
    const last = session.index;
    session.show(0);
    const played: number[] = [];
    const off = session.onChange(({ index }) => played.at(-1) !== index && played.push(index));
    session.play(60);
    while (played.length < 14) await harness.drawn('frame');
    session.stop();
    const stopped = session.playing;
    off();
    return { scrubbed, scrolled, last, played: played.slice(0, 14), stopped };
  });
  expect(seen.scrubbed).toBe(7);
  expect(seen.scrolled).toBe(9);
  expect(seen.last).toBe(11);
  expect(seen.stopped).toBe(false);
  const from = seen.played[0] ?? 0;
  expect(seen.played).toEqual(seen.played.map((_, i) => (from + i) % 12));
});
