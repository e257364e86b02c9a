import { zstdCompressSync } from 'node:zlib';
import type { Vec3 } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EngineBench, type Reply, volumeRoutes } from './harness.ts';
import { synthesise } from './synthetic.ts';

/** Soft, so that averaging moves nothing: what moves is the picture. */
const dot: Vec3 = [20.3, -11.7, 8.9];
const dotted = synthesise({
  id: 'dotted',
  // No multiple of the factors: the last voxels of a coarse level cover less.
  size: [101, 99, 75],
  affine: [1.5, 0, 0, -75, 0, 1.5, 0, -73.5, 0, 0, 2, -74],
  value: (p) =>
    Math.round(
      1000 * Math.exp(-((p[0] - dot[0]) ** 2 + (p[1] - dot[1]) ** 2 + (p[2] - dot[2]) ** 2) / 120),
    ),
  windows: [{ centre: 500, width: 1001, name: '' }],
  slabSlices: 10,
});
const routes = new Map<string, Reply>();
const openers = new Map<number, () => void>();

/** Holds back the finer levels until the test lets them go. */
function gate(): void {
  const gates = new Map<number, Promise<void>>();
  for (const level of [0, 1]) {
    gates.set(level, new Promise((resolve) => openers.set(level, resolve)));
  }
  for (const [path, reply] of volumeRoutes(dotted)) {
    const held = gates.get(Number(/levels\/(\d)/.exec(path)?.[1] ?? '9'));
    routes.set(path, held ? { ...reply, gate: held } : reply);
  }
}

let bench: EngineBench;
let page: Page;
beforeAll(async () => {
  bench = await EngineBench.open(routes);
  page = await bench.page({ width: 1000, height: 800 });
  await page.evaluate(() => window.harness.engine.setVolumeVisible(false));
});
afterAll(async () => bench?.[Symbol.asyncDispose]());
beforeEach(() => gate());

/** Starts showing and resolves when the level is on the screen. */
const shown = (level: number): Promise<void> =>
  page.evaluate(async (wanted) => {
    const { harness } = window;
    const session = harness.session;
    if (!session) throw new Error('nothing shown');
    if (session.progress.shown !== wanted) {
      await new Promise<void>((resolve) => {
        session.onProgress((p) => p.shown === wanted && resolve());
      });
    }
    await harness.after('axial', () => harness.views.axial.zoom(1));
  }, level);
const start = (): Promise<void> =>
  page.evaluate(async () => {
    await window.harness.show('/manifest/dotted');
  });
const state = () =>
  page.evaluate(
    (p) => ({
      places: (['axial', 'coronal', 'sagittal'] as const).map((k) =>
        window.harness.centroid(k, p as never, 80),
      ),
      cameras: (['axial', 'coronal', 'sagittal', 'volume'] as const).map((k) =>
        window.harness.views[k].camera(),
      ),
      window: window.harness.engine.window,
      value: window.harness.session?.valueAt(p as never),
      full: window.harness.session?.fullVolume()?.data.length,
      progress: window.harness.session?.progress,
    }),
    [...dot],
  );

it('goes from coarse to full without moving anything', async () => {
  await start();
  await shown(2);
  await page.evaluate(
    async (p) => {
      const { harness } = window;
      harness.engine.jumpTo(p as never);
      harness.engine.setWindow({ centre: 400, width: 901 });
      harness.views.volume.orientTo('L');
      harness.views.volume.zoom(1.3);
      await harness.after('axial', () => harness.views.axial.zoom(1.2));
    },
    [...dot],
  );
  const coarse = await state();
  expect(coarse.progress).toMatchObject({ shown: 2, preview: true, complete: false });
  expect(coarse.value).toBeUndefined();
  expect(coarse.full).toBeUndefined();

  openers.get(1)?.();
  await shown(1);
  const middle = await state();
  expect(middle.progress).toMatchObject({ shown: 1, preview: true });
  expect(middle.value).toBeUndefined();

  openers.get(0)?.();
  await page.evaluate(() => window.harness.session?.done);
  await shown(0);
  const full = await state();
  expect(full.progress).toEqual({ shown: 0, fraction: 1, preview: false, complete: true });
  expect(full.cameras).toEqual(coarse.cameras);
  expect(full.window).toEqual({ centre: 400, width: 901 });
  for (const [i, [x, y]] of full.places.entries()) {
    for (const before of [coarse, middle]) {
      const [bx, by] = before.places[i] ?? [Number.NaN, Number.NaN];
      expect(Math.hypot(bx - x, by - y), `plane ${i}`).toBeLessThan(0.5);
    }
  }
  expect(full.full).toBe(101 * 99 * 75);
  expect(full.value).toEqual({ value: nearest(dot), unit: 'HU' });
});

/** The voxel of the full level under a point, from the truth. */
function nearest(p: Vec3): number {
  const i = Math.round((p[0] + 75) / 1.5);
  const j = Math.round((p[1] + 73.5) / 1.5);
  const k = Math.round((p[2] + 74) / 2);
  return dotted.data[i + 101 * (j + 99 * k)] ?? Number.NaN;
}

it('keeps every voxel as it was sent', async () => {
  openers.get(1)?.();
  openers.get(0)?.();
  await start();
  const sum = await page.evaluate(async () => {
    const { session } = window.harness;
    await session?.done;
    const data = session?.fullVolume()?.data ?? [];
    let [a, b] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      a += data[i] as number;
      b = (b * 31 + (data[i] as number)) % 1_000_003;
    }
    return [a, b];
  });
  let [a, b] = [0, 0];
  for (const v of dotted.data) {
    a += v;
    b = (b * 31 + v) % 1_000_003;
  }
  expect(sum).toEqual([a, b]);
});

it('stops where the volume is closed, and shows the next one', async () => {
  await start();
  await shown(2);
  const ended = await page.evaluate(async () => {
    const { harness } = window;
    const done = harness.session?.done.then(
      () => 'done',
      (e: Error) => e.name,
    );
    harness.session?.close();
    return { done: await done, projection: harness.views.axial.projection() === undefined };
  });
  expect(ended).toEqual({ done: 'AbortError', projection: true });
  gate();
  openers.get(1)?.();
  openers.get(0)?.();
  await start();
  await shown(0);
  expect((await state()).progress?.complete).toBe(true);
  expect(await page.evaluate(() => window.harness.problems)).toEqual([]);
});

it('keeps the preview and says what is wrong when a finer level cannot be had', async () => {
  const broken = `/api/volumes/dotted/levels/1/slabs/1`;
  // One bit of the data, which only the checksum tells.
  const flipped = Buffer.from(dotted.slabs.get('1/1') ?? []);
  const middle = flipped.length >> 1;
  flipped[middle] = (flipped[middle] ?? 0) ^ 1;
  for (const [body, code] of [
    [Buffer.from('not compressed at all'), 'cannot_decode'],
    [flipped, 'cannot_decode'],
    [zstdCompressSync(Buffer.alloc(10)), 'pixel_data_short'],
    [undefined, 'not_found'],
  ] as const) {
    gate();
    if (body) routes.set(broken, { body });
    else routes.delete(broken);
    openers.get(1)?.();
    await start();
    const failed = await page.evaluate(async () => {
      const { session, problems } = window.harness;
      const name = await session?.done.catch((e: { code: string }) => e.code);
      return { name, said: problems.at(-1)?.code, shown: session?.progress };
    });
    expect(failed.name).toBe(code);
    expect(failed.said).toBe('volume_failed');
    expect(failed.shown).toMatchObject({ shown: 2, preview: true, complete: false });
    openers.get(0)?.();
  }
});
