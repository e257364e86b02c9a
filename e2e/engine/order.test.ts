import type { Vec3 } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EngineBench, type Reply, volumeRoutes } from './harness.ts';
import { synthesise } from './synthetic.ts';

/** What is loaded and drawn in which order; how long it takes is measured by the bench. */
const dot: Vec3 = [20.3, -11.7, 8.9];
const dotted = synthesise({
  id: 'dotted',
  size: [100, 96, 72],
  affine: [1.5, 0, 0, -74, 0, 1.5, 0, -71, 0, 0, 2, -71],
  value: (p) =>
    Math.round(
      1000 * Math.exp(-((p[0] - dot[0]) ** 2 + (p[1] - dot[1]) ** 2 + (p[2] - dot[2]) ** 2) / 120),
    ),
  windows: [{ centre: 500, width: 1001, name: '' }],
});
const coarsest = Math.max(...dotted.manifest.levels.map((l) => l.level));

/** Notes what the server is asked for: the page does not see what its workers fetch. */
class Noted extends Map<string, Reply> {
  readonly asked: string[] = [];
  override get(path: string): Reply | undefined {
    this.asked.push(path);
    return super.get(path);
  }
}
const routes = new Noted();
let bench: EngineBench;
beforeAll(async () => {
  for (const [path, reply] of volumeRoutes(dotted)) routes.set(path, reply);
  bench = await EngineBench.open(routes);
});
afterAll(async () => bench?.[Symbol.asyncDispose]());

/** A page that gets the script of volume rendering only when `gate` says how. */
async function pageWith(gate: Promise<'continue' | 'abort'>): Promise<Page> {
  const page = await bench.browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.route('**/graphics-*.js', async (route) =>
    (await gate) === 'continue' ? route.continue() : route.abort(),
  );
  await page.goto(bench.url);
  await page.waitForSelector('body[data-ready]');
  await page.evaluate(
    async ({ level, at }) => {
      const { harness } = window;
      const session = await harness.show('/manifest/dotted');
      if (session.progress.shown !== level) {
        await new Promise<void>((resolve) => {
          session.onProgress((p) => p.shown === level && resolve());
        });
      }
      await harness.after('axial', () => harness.engine.jumpTo(at as never));
      await harness.after('coronal', () => harness.views.coronal.zoom(1.1));
    },
    { level: coarsest, at: [...dot] },
  );
  return page;
}

const look = (page: Page) =>
  page.evaluate(
    (p) => ({
      places: (['axial', 'coronal'] as const).map((k) =>
        window.harness.centroid(k, p as never, 80),
      ),
      canvases: window.harness.views.axial.element.querySelectorAll('canvas').length,
      shown: window.harness.session?.progress.shown,
      value: window.harness.session?.valueAt(p as never)?.value,
      problems: window.harness.problems.map((x) => x.code),
    }),
    [...dot],
  );

it('draws slices before volume rendering is there, which takes over without a jump', async () => {
  let open: (how: 'continue') => void = () => undefined;
  const page = await pageWith(
    new Promise((resolve) => {
      open = resolve;
    }),
  );
  const before = await look(page);
  expect(before).toMatchObject({ shown: coarsest, canvases: 1, problems: [] });
  const drawn = page.evaluate(() => window.harness.drawn('volume'));
  open('continue');
  await drawn;
  await page.evaluate(async () => {
    const { harness } = window;
    await harness.session?.done;
    await harness.after('axial', () => harness.views.axial.zoom(1));
    await harness.after('coronal', () => harness.views.coronal.zoom(1));
  });
  const after = await look(page);
  // The processor's canvas has gone; the card's is the only one left.
  expect(after).toMatchObject({ shown: 0, canvases: 1, problems: [] });
  for (const [i, [x, y]] of after.places.entries()) {
    const [bx, by] = before.places[i] ?? [Number.NaN, Number.NaN];
    expect(Math.hypot(bx - x, by - y), `plane ${i}`).toBeLessThan(0.5);
  }
  await page.close();
});

it('goes on with slices, to the last voxel, where volume rendering cannot be had', async () => {
  const page = await pageWith(Promise.resolve('abort'));
  await page.evaluate(() => window.harness.session?.done);
  const seen = await look(page);
  expect(seen.problems).toContain('no_webgl2');
  expect(seen.problems).not.toContain('volume_failed');
  expect(seen).toMatchObject({ shown: 0, canvases: 1 });
  expect(seen.value).toBeGreaterThan(950);
  await page.close();
});

it('takes a level that was asked for ahead and asks for it only once', async () => {
  const page = await bench.page({ width: 1000, height: 800 });
  routes.asked.length = 0;
  await page.evaluate(async () => {
    const { harness } = window;
    const manifest = await (await fetch('/manifest/dotted')).json();
    harness.engine.prepare(manifest);
    harness.engine.prepare(manifest);
    await (await harness.show('/manifest/dotted')).done;
  });
  const slabs = dotted.manifest.levels.find((l) => l.level === coarsest)?.slabBytes.length;
  const coarse = routes.asked.filter((path) => path.includes(`/levels/${coarsest}/`));
  expect([coarse.length, new Set(coarse).size]).toEqual([slabs, slabs]);
  expect((await look(page)).value).toBeGreaterThan(950);
  await page.close();
});
