import { gzipSync } from 'node:zlib';
import { type Structure, structure } from '@yuepian/contract';
import { distance, patientPoint, toPatient, type Vec3 } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Side } from '../../web/src/engine/index.ts';
import { EngineBench, type Reply, volumeRoutes } from './harness.ts';
import { sphereGlb } from './meshes.ts';
import { synthesise } from './synthetic.ts';

/** A bone ball in the middle, nothing else; models in front of it, behind it and beside it. */
const ball = 40;
const volume = synthesise({
  id: 'ball',
  size: [80, 80, 80],
  affine: [3, 0, 0, -118.5, 0, 3, 0, -118.5, 0, 0, 3, -118.5],
  // Denser inwards: where values are flat there is no gradient and so no light.
  value: (p) => (Math.hypot(...p) < ball ? 1200 + 25 * (ball - Math.hypot(...p)) : -1000),
});
const spheres = {
  front: { centre: [0, -80, 0], radius: 15, colour: '#00ff00', opacity: 0.5 },
  second: { centre: [0, -60, 6], radius: 12, colour: '#ff0000', opacity: 0.4 },
  beside: { centre: [80, 0, 0], radius: 20, colour: '#3366cc', opacity: 1 },
  left: { centre: [60, -70, 60], radius: 12, colour: '#ffffff', opacity: 1 },
} as const satisfies Record<
  string,
  { centre: Vec3; radius: number; colour: string; opacity: number }
>;
type Key = keyof typeof spheres;

let bench: EngineBench;
let page: Page;
beforeAll(async () => {
  const routes = new Map<string, Reply>(volumeRoutes(volume));
  const list: Structure[] = [];
  for (const [i, [key, s]] of Object.entries(spheres).entries()) {
    routes.set(`/mesh/${key}`, { body: await sphereGlb(s.centre, s.radius, 48) });
    list.push(
      structure.parse({
        id: key,
        volumeId: 'ball',
        content: key,
        key,
        name: { zh: key, en: key },
        colour: s.colour,
        opacity: s.opacity,
        voxels: 1,
        volumeMl: 1,
        source: 'test',
        verified: true,
        openEdges: 0,
        meshUrl: `/mesh/${key}`,
        levels: [],
        labels: [i + 1],
      }),
    );
  }
  const level = volume.manifest.levels[1];
  if (!level) throw new Error('no level');
  const labels = new Uint8Array(level.size[0] * level.size[1] * level.size[2]);
  for (let k = 0, at = 0; k < level.size[2]; k++) {
    for (let j = 0; j < level.size[1]; j++) {
      for (let i = 0; i < level.size[0]; i++, at++) {
        const p = toPatient(level.affine, [i, j, k]);
        const n = Object.values(spheres).findIndex(
          (s) => distance(p, patientPoint(s.centre[0], s.centre[1], s.centre[2])) < s.radius,
        );
        labels[at] = n + 1;
      }
    }
  }
  routes.set('/labels', { body: gzipSync(labels) });
  const body = JSON.stringify({ structures: list, labelMap: { level: 1, url: '/labels' } });
  routes.set('/structures', { body });
  bench = await EngineBench.open(routes);
  page = await bench.page({ width: 800, height: 600 });
  await page.evaluate(async () => {
    const { harness } = window;
    await (await harness.show('/manifest/ball')).done;
    await harness.structures('/structures');
    const loaded = () =>
      ['front', 'second', 'beside', 'left'].every((k) => harness.engine.structureBounds(k));
    while (!loaded()) await harness.drawn('volume');
    // One size for moving and resting, so that a pixel is the same pixel.
    harness.views.volume.setQuality('still');
  });
});
afterAll(async () => bench?.[Symbol.asyncDispose]());

interface Shown {
  side?: Side;
  volume?: boolean;
  visible?: readonly Key[];
  opacity?: Partial<Record<Key, number>>;
}
/** Sets up a scene and reads the pixel over a patient point. */
async function look(at: Vec3, shown: Shown): Promise<[number, number, number]> {
  const rgb = await page.evaluate(
    async ({ p, side, volumeOn, visible, opacity, keys }) => {
      const { harness } = window;
      await harness.after('volume', () => {
        harness.engine.setVolumeVisible(volumeOn);
        for (const key of keys) {
          harness.engine.updateLook(key, {
            visible: visible.includes(key),
            ...(opacity[key] !== undefined && { opacity: opacity[key] }),
          });
        }
        harness.views.volume.orientTo(side as 'A');
      });
      return harness.pixelAt('volume', p as never);
    },
    {
      p: [...at],
      side: shown.side ?? 'A',
      volumeOn: shown.volume ?? true,
      visible: (shown.visible ?? []) as readonly string[],
      opacity: (shown.opacity ?? {}) as Record<string, number>,
      keys: Object.keys(spheres),
    },
  );
  return rgb as [number, number, number];
}

beforeEach(async () => {
  await page.evaluate(() => window.harness.engine.jumpTo([0, 0, 0] as never));
});

const near = (found: readonly number[], expected: readonly number[], tolerance: number): void => {
  for (const [i, e] of expected.entries()) {
    expect(Math.abs((found[i] ?? -99) - e), `${found} against ${expected}`).toBeLessThanOrEqual(
      tolerance,
    );
  }
};
/** `layer` is what a translucent surface of that opacity painted on black. */
const over = (layer: readonly number[], opacity: number, below: readonly number[]): number[] =>
  layer.map((v, i) => Math.min(255, v + (1 - opacity) * (below[i] ?? 0)));

const centre: Vec3 = [0, 0, 0];

it('shows what lies behind a translucent model: the volume', async () => {
  const bone = await look(centre, {});
  expect(Math.min(...bone)).toBeGreaterThan(100);
  const glass = await look(centre, { volume: false, visible: ['front'] });
  expect(glass[1]).toBeGreaterThan(80);
  const both = await look(centre, { visible: ['front'] });
  near(both, over(glass, 0.5, bone), 4);
});

it('hides a translucent model behind the volume', async () => {
  const bone = await look(centre, { side: 'P' });
  const both = await look(centre, { side: 'P', visible: ['front'] });
  near(both, bone, 2);
});

it('keeps two translucent models in their order from either side', async () => {
  const front = await look(centre, { volume: false, visible: ['front'] });
  const second = await look(centre, { volume: false, visible: ['second'] });
  const both = await look(centre, { volume: false, visible: ['front', 'second'] });
  near(both, over(front, 0.5, second), 3);
  const bone = await look(centre, {});
  near(
    await look(centre, { visible: ['front', 'second'] }),
    over(front, 0.5, over(second, 0.4, bone)),
    5,
  );
  const fromBehind = { side: 'P', volume: false } as const;
  const far = await look(centre, { ...fromBehind, visible: ['front'] });
  const close = await look(centre, { ...fromBehind, visible: ['second'] });
  near(
    await look(centre, { ...fromBehind, visible: ['front', 'second'] }),
    over(close, 0.4, far),
    3,
  );
});

it('lets opaque models and the volume hide each other, with and without glass before them', async () => {
  const opaque = { opacity: { front: 1 } };
  const model = await look(centre, { ...opaque, volume: false, visible: ['front'] });
  near(await look(centre, { ...opaque, visible: ['front'] }), model, 1);
  const bone = await look(centre, { ...opaque, side: 'P' });
  near(await look(centre, { ...opaque, side: 'P', visible: ['front'] }), bone, 2);
  // Glass before an opaque model before the volume.
  const pane = { opacity: { front: 0.5, second: 1 } };
  const solid = await look(centre, { ...pane, volume: false, visible: ['second'] });
  const glass = await look(centre, { ...pane, volume: false, visible: ['front'] });
  near(await look(centre, { ...pane, visible: ['front', 'second'] }), over(glass, 0.5, solid), 4);
  await look(centre, { opacity: { front: 0.5, second: 0.4 } });
});

it('draws the patient’s left on the right from the front, the head above', async () => {
  const { left } = spheres;
  const seen = await look(left.centre, { volume: false, visible: ['left'] });
  expect(Math.min(...seen)).toBeGreaterThan(150);
  const place = await page.evaluate(
    (p) => [
      window.harness.canvasOf('volume', p as never),
      window.harness.canvasOf('volume', [0, 0, 0] as never),
    ],
    [...left.centre],
  );
  expect(place[0]?.[0]).toBeGreaterThan(place[1]?.[0] ?? Infinity);
  expect(place[0]?.[1]).toBeLessThan(place[1]?.[1] ?? -Infinity);
  const sides = await page.evaluate(() => {
    const view = window.harness.views.volume;
    return (['A', 'P', 'L', 'R', 'H', 'F'] as const).map((side) => {
      view.orientTo(side);
      const e = view.edges();
      return `${e?.left}${e?.right}${e?.top}${e?.bottom}`;
    });
  });
  expect(sides).toEqual(
    ['RLHF', 'LRHF', 'APHF', 'PAHF', 'RLAP', 'LRAP'].map((s, i) => sides[i] ?? s),
  );
  expect(sides[0]).toBe('RLHF');
  expect(sides[1]).toBe('LRHF');
  expect(sides[2]).toBe('APHF');
  expect(sides[3]).toBe('PAHF');
});

it('names what was touched and where, through glass and on the volume', async () => {
  const pick = async (at: Vec3, shown: Shown) => {
    await look(at, shown);
    return page.evaluate(
      (p) => {
        const [x, y] = window.harness.canvasOf('volume', p as never);
        return window.harness.pickAt('volume', x, y);
      },
      [...at],
    );
  };
  const opaque = { opacity: { front: 1, second: 0.4 } };
  const model = await pick(centre, { ...opaque, visible: ['front'] });
  expect(model?.key).toBe('front');
  // The sphere's nearest point, 95 mm before the centre.
  near(model?.point ?? [], [0, -95, 0], 0.5);
  const behindGlass = await pick(centre, {
    opacity: { front: 0.3, second: 1 },
    volume: false,
    visible: ['front', 'second'],
  });
  expect(behindGlass?.key).toBe('second');
  const onlyGlass = await pick(centre, {
    opacity: { front: 0.3 },
    volume: false,
    visible: ['front'],
  });
  expect(onlyGlass?.key).toBe('front');
  const bone = await pick(centre, { side: 'P', visible: ['front'], opacity: { front: 1 } });
  expect(bone?.key).toBeUndefined();
  near(bone?.point ?? [], [0, ball, 0], 3);
  const left = await pick([40, 0, 0], { side: 'L', visible: ['beside'] });
  expect(left?.key).toBe('beside');
  near(left?.point ?? [], [100, 0, 0], 0.6);
  const nothing = await pick([0, 0, 100], { visible: [] });
  expect(nothing).toBeUndefined();
  await look(centre, { opacity: { front: 0.5, second: 0.4 } });
});

it('names the structure under a point of a plane, and outlines it', async () => {
  await look(centre, { visible: ['beside'] });
  const found = await page.evaluate(async () => {
    const { harness } = window;
    harness.engine.setWindow({ centre: 3000, width: 10 });
    await harness.after('axial', () => harness.engine.setOutlines(true));
    const [x, y] = harness.canvasOf('axial', [80, 0, 0] as never);
    const ring = [];
    for (let dx = -60; dx <= 60; dx += 0.5) ring.push(harness.pixel('axial', x + dx, y));
    const picked = harness.pickAt('axial', x, y);
    const outside = harness.pickAt('axial', ...harness.canvasOf('axial', [-80, 0, 0] as never));
    await harness.after('axial', () => harness.engine.setOutlines(false));
    return {
      picked,
      outside,
      coloured: ring.filter((c) => (c[2] ?? 0) > 180).length,
      ring: ring.length,
      centre: ring[120],
    };
  });
  expect(found.picked?.key).toBe('beside');
  expect(found.outside?.key).toBeUndefined();
  expect(found.coloured).toBeGreaterThan(1);
  expect(found.coloured).toBeLessThan(20);
  expect(found.centre).toEqual([0, 0, 0]);
});

it('is drawn quickly while moving and in full at rest', async () => {
  await look(centre, { visible: ['front'] });
  const seen = await page.evaluate(async () => {
    const { harness } = window;
    const view = harness.views.volume;
    const line = () =>
      Array.from({ length: 40 }, (_, i) => harness.pixel('volume', 100 + 5 * i, 150));
    const drawn = harness.drawn('volume');
    view.orbit(30, 10);
    await drawn;
    const moving = line();
    await harness.drawn('volume');
    const rest = line();
    await harness.after('volume', () => view.zoom(1));
    return { moving, rest, still: line() };
  });
  expect(seen.rest).toEqual(seen.still);
  expect(seen.moving).not.toEqual(seen.still);
});

it('orbits about the crosshair and keeps its scale', async () => {
  const moved = await page.evaluate(() => {
    const { harness } = window;
    const view = harness.views.volume;
    const pivot = [30, -20, 10] as never;
    harness.engine.jumpTo(pivot);
    view.orientTo('A');
    const before = harness.canvasOf('volume', pivot);
    const scale = view.projection()?.mmPerPixel;
    for (let i = 0; i < 50; i++) view.orbit(7, -3);
    const after = harness.canvasOf('volume', pivot);
    return { before, after, scale, later: view.projection()?.mmPerPixel };
  });
  expect(moved.after[0]).toBeCloseTo(moved.before[0], 6);
  expect(moved.after[1]).toBeCloseTo(moved.before[1], 6);
  expect(moved.later).toBe(moved.scale);
});

it('shows every preset', async () => {
  const shown = await page.evaluate(async () => {
    const { harness } = window;
    harness.engine.setWindow({ centre: 500, width: 2000 });
    const seen: [string, number[]][] = [];
    for (const { name } of harness.engine.volumePresets) {
      await harness.after('volume', () => {
        harness.engine.setVolumePreset(name);
        harness.engine.setVolumeVisible(true);
        harness.views.volume.orientTo('A');
      });
      seen.push([name, harness.pixelAt('volume', [0, 0, 0] as never)]);
    }
    return seen;
  });
  for (const [name, rgb] of shown) expect(Math.max(...rgb), name).toBeGreaterThan(20);
});

it('is drawn in its place whatever the sizes of the views beside it', async () => {
  await look(centre, {});
  const edges = () =>
    page.evaluate((r) => {
      const { harness } = window;
      const bright = (x: number, z: number) =>
        (harness.pixelAt('volume', [x, 0, z] as never)[0] ?? 0) > 40;
      const rings = [r - 9, r + 9].map((d) => [
        bright(d, 0),
        bright(-d, 0),
        bright(0, d),
        bright(0, -d),
      ]);
      return rings;
    }, ball);
  const right = [
    [true, true, true, true],
    [false, false, false, false],
  ];
  await page.evaluate(() => window.harness.engine.setVolumePreset('bone'));
  for (const size of ['250px', '180px', '']) {
    await page.evaluate(async (s) => {
      const { harness } = window;
      await harness.after('volume', () => {
        harness.views.volume.element.style.width = s;
        harness.views.volume.orientTo('A');
      });
      await harness.after('volume', () => harness.views.volume.fit());
    }, size);
    expect(await edges(), `width ${size}`).toEqual(right);
  }
});
