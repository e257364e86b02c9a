import type { Vec3 } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EngineBench, volumeRoutes } from './harness.ts';
import { synthesise } from './synthetic.ts';

/**
 * Without a graphics card the full level of a large volume stays in memory and each plane brings its
 * slice to the texture. No voxel is like its neighbours, so that a coarser level cannot pass for it.
 */
const valueAt = ([i, j, k]: Vec3): number => ((i * 7 + j * 13 + k * 29) % 11) * 100;
const grain = synthesise({
  id: 'grain',
  size: [400, 400, 220],
  affine: [1, 0, 0, -200, 0, 1, 0, -190, 0, 0, 1, -100],
  value: (p) => valueAt([p[0] + 200, p[1] + 190, p[2] + 100]),
  windows: [{ centre: 500, width: 1001, name: '' }],
  slabSlices: 32,
});
const middle: Vec3 = [200, 199, 109];
const place = (v: Vec3): Vec3 => [v[0] - 200, v[1] - 190, v[2] - 100];

let bench: EngineBench;
let page: Page;
beforeAll(async () => {
  bench = await EngineBench.open(new Map(volumeRoutes(grain)));
  page = await bench.page({ width: 1000, height: 800 });
  await page.evaluate(
    async (at) => {
      const { harness } = window;
      harness.engine.setVolumeVisible(false);
      await (await harness.show('/manifest/grain')).done;
      await harness.after('axial', () => harness.engine.jumpTo(at as never));
      for (const kind of ['axial', 'coronal', 'sagittal'] as const)
        await harness.after(kind, () => harness.views[kind].zoom(16));
    },
    [...place(middle)],
  );
});
afterAll(async () => bench?.[Symbol.asyncDispose]());

/** The voxels around the middle that lie in each plane. */
const around: readonly { kind: 'axial' | 'coronal' | 'sagittal'; voxels: readonly Vec3[] }[] = (
  ['axial', 'coronal', 'sagittal'] as const
).map((kind) => ({
  kind,
  voxels: [-3, -1, 0, 2].flatMap((a) =>
    [-2, 0, 1, 3].map((b): Vec3 => {
      const [i, j, k] = middle;
      if (kind === 'axial') return [i + a, j + b, k];
      return kind === 'coronal' ? [i + a, j, k + b] : [i, j + a, k + b];
    }),
  ),
}));

const greys = (kind: 'axial' | 'coronal' | 'sagittal', voxels: readonly Vec3[]) =>
  page.evaluate(
    ({ kind, points }) => points.map((p) => window.harness.pixelAt(kind, p as never)[0] ?? -1),
    { kind, points: voxels.map((v) => [...place(v)]) },
  );
const isPreview = () => page.evaluate(() => window.harness.session?.progress.preview);

const expectVoxels = async (tolerance: number): Promise<void> => {
  for (const { kind, voxels } of around) {
    const seen = await greys(kind, voxels);
    for (const [n, v] of voxels.entries()) {
      const grey = (valueAt(v) / 1000) * 255;
      expect(Math.abs((seen[n] ?? -1) - grey), `${kind} ${v}`).toBeLessThanOrEqual(tolerance);
    }
  }
};
/** A pixel's middle lies up to half a pixel beside the voxel's: 1/32 of the way to its neighbour. */
const tolerance = 20;

it('shows every voxel in all three planes', async () => {
  expect(await isPreview()).toBe(false);
  await expectVoxels(tolerance);
});

it('shows the next slice when it is scrolled to', async () => {
  await page.evaluate(() =>
    window.harness.after('axial', () => window.harness.views.axial.scroll(1)),
  );
  const z = await page.evaluate(() => Math.round(window.harness.engine.crosshair?.[2] ?? 0) + 100);
  expect(Math.abs(z - middle[2])).toBe(1);
  const voxels = (around[0]?.voxels ?? []).map((v): Vec3 => [v[0], v[1], z]);
  const seen = await greys('axial', voxels);
  for (const [n, v] of voxels.entries()) {
    const grey = (valueAt(v) / 1000) * 255;
    expect(Math.abs((seen[n] ?? -1) - grey), `${v}`).toBeLessThanOrEqual(tolerance);
  }
  await page.evaluate(() =>
    window.harness.after('axial', () => window.harness.views.axial.scroll(-1)),
  );
});

it('says preview while a slab waits for the whole volume, then takes it from all of its slices', async () => {
  const said = await page.evaluate(async () => {
    const { harness } = window;
    const { session } = harness;
    if (!session) throw new Error('nothing shown');
    const heard: boolean[] = [];
    const over = new Promise<void>((resolve) => {
      session.onProgress((p) => {
        heard.push(p.preview);
        if (!p.preview) resolve();
      });
    });
    harness.engine.setSlab({ mode: 'max', thickness: 2 });
    await over;
    await harness.after('axial', () => harness.views.axial.zoom(1));
    return heard;
  });
  expect(said).toEqual([true, false]);
  const [i, j, k] = middle;
  const [seen] = await greys('axial', [middle]);
  const most = Math.max(valueAt([i, j, k - 1]), valueAt(middle), valueAt([i, j, k + 1]));
  expect(Math.abs((seen ?? -1) - (most / 1000) * 255)).toBeLessThanOrEqual(tolerance);
});

it('draws the same from the card as it did from memory', async () => {
  await page.evaluate(() =>
    window.harness.after('axial', () =>
      window.harness.engine.setSlab({ mode: 'none', thickness: 0 }),
    ),
  );
  expect(await isPreview()).toBe(false);
  await expectVoxels(tolerance);
});
