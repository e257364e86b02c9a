import {
  type Affine,
  affineFromSteps,
  scale,
  toPatient,
  toVoxel,
  type Vec3,
} from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ViewKind } from '../../web/src/engine/index.ts';
import { EngineBench, type Reply, volumeRoutes } from './harness.ts';
import { landmarks, patientValue, synthesise } from './synthetic.ts';

const window400 = { centre: 50, width: 400, name: 'abdomen' };
const patient = synthesise({
  id: 'patient',
  size: [100, 90, 70],
  affine: [2, 0, 0, -99, 0, 2, 0, -89, 0, 0, 3, -103.5],
  value: patientValue,
  windows: [window400],
});
/** The same patient, scanned from head to foot (left-handed grid) with rows along the body. */
const turned = synthesise({
  id: 'turned',
  size: [70, 100, 90],
  affine: affineFromSteps([0, 0, -3], [2, 0, 0], [0, 2, 0], [-99, -89, 103.5]),
  value: patientValue,
  windows: [window400],
});
/** A grid that is parallel to nothing. */
const c = Math.cos(0.4);
const s = Math.sin(0.4);
const skewAt = (origin: Vec3): Affine =>
  affineFromSteps(
    scale([c, s, 0], 2),
    scale([-s * c, c * c, s], 2),
    scale([s * s, -c * s, c], 3),
    origin,
  );
const skew = skewAt(scale(toPatient(skewAt([0, 0, 0]), [49.5, 44.5, 34.5]), -1));
const oblique = synthesise({
  id: 'oblique',
  size: [100, 90, 70],
  affine: skew,
  value: patientValue,
  windows: [window400],
});
/** A soft bright dot: its middle can be found in a picture to a few hundredths of a pixel. */
const dot: Vec3 = [11.3, -7.1, 5.7];
const dotted = synthesise({
  id: 'dotted',
  size: [64, 64, 48],
  affine: [1.5, 0, 0, -47.25, 0, 1.5, 0, -47.25, 0, 0, 2, -47],
  value: (p) =>
    1000 * Math.exp(-((p[0] - dot[0]) ** 2 + (p[1] - dot[1]) ** 2 + (p[2] - dot[2]) ** 2) / 60),
  windows: [{ centre: 500, width: 1001, name: '' }],
});
const suv = synthesise({
  id: 'suv',
  size: [32, 32, 32],
  affine: [4, 0, 0, -62, 0, 4, 0, -62, 0, 0, 4, -62],
  voxelType: 'float32',
  modality: 'PT',
  value: (p) => (p[0] > 0 ? 7.5 : 2.5),
  windows: [{ centre: 5, width: 10, name: '' }],
});
const counts = synthesise({
  id: 'counts',
  size: [32, 32, 32],
  affine: [4, 0, 0, -62, 0, 4, 0, -62, 0, 0, 4, -62],
  voxelType: 'uint16',
  modality: 'MR',
  value: (p) => (p[1] > 0 ? 60000 : 1000),
  windows: [{ centre: 32768, width: 65536, name: '' }],
});
/** Rising from right to left, with a window whose curve is an S. */
const curved = synthesise({
  id: 'curved',
  size: [48, 32, 32],
  affine: [4, 0, 0, -94, 0, 4, 0, -62, 0, 0, 4, -62],
  value: (p) => Math.round(5 * p[0]),
  windows: [{ centre: 40, width: 300, name: '', function: 'SIGMOID' }],
});

const planes = ['axial', 'coronal', 'sagittal'] as const satisfies readonly ViewKind[];
let bench: EngineBench;
let page: Page;

/** Grey of a value: linear window of whole numbers (DICOM PS3.3 C.11.2.1.2.1). */
const greyOf = (value: number, { centre, width } = window400): number =>
  255 * Math.min(1, Math.max(0, (value - (centre - 0.5)) / (width - 1) + 0.5));

async function show(id: string): Promise<void> {
  await page.evaluate(async (name) => {
    const { harness } = window;
    await (await harness.show(`/manifest/${name}`)).done;
    await harness.drawn('sagittal');
  }, id);
}

/** Compares random pixels of all planes with the formula, away from edges where voxels blend. */
async function expectTruth(
  kinds: readonly ViewKind[] = planes,
  volume: { manifest: { affine: Affine; size: Vec3 } } = patient,
): Promise<number> {
  let compared = 0;
  for (const kind of kinds) {
    const samples = await page.evaluate((k) => window.harness.samples(k, 600), kind);
    for (const { world, rgb } of samples) {
      const p = world as unknown as Vec3;
      const value = patientValue(p);
      const near = [-4, 0, 4].flatMap((x) =>
        [-4, 0, 4].flatMap((y) => [-4, 0, 4].map((z) => [p[0] + x, p[1] + y, p[2] + z] as const)),
      );
      const inside = toVoxel(volume.manifest.affine, p as never).every(
        (x, a) => x > 1 && x < (volume.manifest.size[a] ?? 0) - 2,
      );
      if (!inside || value === -1000 || near.some((q) => patientValue(q) !== value)) continue;
      compared++;
      expect(
        Math.abs((rgb[0] ?? 0) - greyOf(value)),
        `${kind} at ${p.map((x) => x.toFixed(1))}: ${value}`,
      ).toBeLessThanOrEqual(1);
    }
  }
  return compared;
}

beforeAll(async () => {
  const routes = new Map<string, Reply>();
  for (const v of [patient, turned, oblique, dotted, suv, counts, curved]) {
    for (const [path, reply] of volumeRoutes(v)) routes.set(path, reply);
  }
  bench = await EngineBench.open(routes);
  page = await bench.page({ width: 1280, height: 800 });
  // The ray caster is slow without a graphics card and is not what is looked at here.
  await page.evaluate(() => window.harness.engine.setVolumeVisible(false));
});
afterAll(async () => bench?.[Symbol.asyncDispose]());

describe.each([
  ['patient', patient],
  ['turned', turned],
  ['oblique', oblique],
])('the volume "%s"', (id, volume) => {
  it('shows the patient on its right sides', async () => {
    await show(id);
    await page.evaluate((p) => window.harness.engine.jumpTo(p as never), [0, 0, 0]);
    const at = (kind: ViewKind, p: Vec3) =>
      page.evaluate(({ k, q }) => window.harness.canvasOf(k, q), { k: kind, q: p });
    const middle = await at('axial', [0, 0, 0]);
    const kidney = await at('axial', landmarks.kidney.centre);
    const front = await at('axial', landmarks.rightFront.centre);
    expect(kidney[0]).toBeGreaterThan(middle[0]);
    expect(kidney[1]).toBeGreaterThan(middle[1]);
    expect(front[0]).toBeLessThan(middle[0]);
    expect(front[1]).toBeLessThan(middle[1]);
    const [head, heart] = [
      await at('coronal', landmarks.head.centre),
      await at('coronal', [0, 0, 0]),
    ];
    expect(head[1]).toBeLessThan(heart[1]);
    expect((await at('coronal', landmarks.kidney.centre))[0]).toBeGreaterThan(heart[0]);
    expect((await at('sagittal', landmarks.spine.centre))[0]).toBeGreaterThan(
      (await at('sagittal', [0, 0, 0]))[0],
    );
    const edges = await page.evaluate(() =>
      (['axial', 'coronal', 'sagittal'] as const).map((k) => window.harness.views[k].edges()),
    );
    expect(edges).toEqual([
      { left: 'R', right: 'L', top: 'A', bottom: 'P' },
      { left: 'R', right: 'L', top: 'H', bottom: 'F' },
      { left: 'A', right: 'P', top: 'H', bottom: 'F' },
    ]);
    expect(await expectTruth(planes, volume)).toBeGreaterThan(200);
  });

  it('shows each plane through the point it jumps to', async () => {
    await show(id);
    for (const p of [landmarks.kidney.centre, landmarks.rightFront.centre, landmarks.head.centre]) {
      const found = await page.evaluate(
        async (q) => {
          const { harness } = window;
          harness.engine.jumpTo(q as never);
          // A jump within the shown slice draws nothing new, so frames are counted instead.
          for (let n = 0; n < 30; n++) await new Promise(requestAnimationFrame);
          return (['axial', 'coronal', 'sagittal'] as const).map((k) => ({
            rgb: harness.pixelAt(k, q as never),
            depth: harness.views[k].projection()?.depth(q as never) ?? Number.NaN,
            half: harness.views[k].projection()?.halfThickness ?? Number.NaN,
          }));
        },
        p as unknown as number[],
      );
      for (const { rgb, depth, half } of found) {
        expect(Math.abs(depth)).toBeLessThanOrEqual(half + 1e-6);
        expect(Math.abs((rgb[0] ?? 0) - greyOf(patientValue(p)))).toBeLessThanOrEqual(1);
      }
    }
    expect(await expectTruth(planes, volume)).toBeGreaterThan(200);
  });

  it('turns a plane about the crosshair and stays true', async () => {
    await show(id);
    await page.evaluate(async () => {
      const { harness } = window;
      harness.engine.jumpTo([10, 5, -10] as never);
      await harness.after('axial', () => {
        harness.views.axial.rotateOblique('right', 33);
        harness.views.axial.rotateOblique('up', -21);
      });
      await harness.after('coronal', () => harness.views.coronal.rotateOblique('normal', 40));
    });
    expect(await expectTruth(['axial', 'coronal'], volume)).toBeGreaterThan(150);
    const depth = await page.evaluate(() =>
      window.harness.views.axial.projection()?.depth([10, 5, -10] as never),
    );
    expect(Math.abs(depth ?? 9)).toBeLessThan(1e-6);
    await page.evaluate(() => {
      window.harness.views.axial.resetOblique();
      window.harness.views.coronal.resetOblique();
    });
    expect(await page.evaluate(() => window.harness.views.axial.edges()?.left)).toBe('R');
  });
});

it('maps values to greys by the window', async () => {
  await show('patient');
  for (const w of [
    { centre: 50, width: 400 },
    { centre: 400, width: 1800 },
    { centre: 40, width: 80 },
    { centre: -200, width: 2000 },
  ]) {
    const rgb = await page.evaluate(async (next) => {
      const { harness } = window;
      harness.engine.jumpTo([45, 15, -10] as never);
      await harness.after('axial', () => harness.engine.setWindow(next));
      const at = (p: number[]) => harness.pixelAt('axial', p as never)[0] ?? -1;
      return [at([45, 15, -10]), at([0, 0, -10]), at([0, 50, -10])];
    }, w);
    for (const [i, value] of [200, 40, 700].entries()) {
      expect(Math.abs((rgb[i] ?? -9) - greyOf(value, { ...w, name: '' }))).toBeLessThanOrEqual(1);
    }
  }
  const inverted = await page.evaluate(async () => {
    const { harness } = window;
    harness.engine.setWindow({ centre: 50, width: 400 });
    await harness.after('axial', () => harness.engine.setInvert(true));
    const rgb = harness.pixelAt('axial', [0, 0, -10] as never);
    harness.engine.setInvert(false);
    return rgb;
  });
  expect(Math.abs((inverted[0] ?? 0) - (255 - greyOf(40)))).toBeLessThanOrEqual(1);
});

it('shows fractions (SUV) and the whole range of 16 bits', async () => {
  const grey = (p: number[]) =>
    page.evaluate((q) => window.harness.pixelAt('axial', q as never)[0] ?? -1, p);
  await show('suv');
  expect(Math.abs((await grey([30, 0, 0])) - 191)).toBeLessThanOrEqual(1);
  expect(Math.abs((await grey([-30, 0, 0])) - 64)).toBeLessThanOrEqual(1);
  await show('counts');
  expect(Math.abs((await grey([0, 30, 0])) - 233)).toBeLessThanOrEqual(1);
  expect(Math.abs((await grey([0, -30, 0])) - 4)).toBeLessThanOrEqual(1);
});

it('shades by the S of the file, which a dragged window keeps', async () => {
  await show('curved');
  const places = [-80, -40, 0, 20, 60, 80];
  const greys = () =>
    page.evaluate(
      (xs) => xs.map((x) => window.harness.pixelAt('axial', [x, 0, 0] as never)[0] ?? -1),
      places,
    );
  // A pixel's middle lies up to half a pixel beside the place: 0.4 mm, 2 values.
  const differs = (seen: readonly number[], of: (value: number) => number) =>
    seen.map((g, n) => Math.abs(g - of(5 * (places[n] ?? 0)))).filter((d) => d > 3);
  const s = (width: number) => (value: number) => 255 / (1 + Math.exp((-4 * (value - 40)) / width));
  expect(differs(await greys(), s(300))).toEqual([]);
  await page.evaluate(() =>
    window.harness.after('axial', () =>
      window.harness.engine.setWindow({ centre: 40, width: 400 }),
    ),
  );
  expect(differs(await greys(), s(400))).toEqual([]);
});

it('projects within a hundredth of a pixel of what is painted, at any pixel ratio', async () => {
  for (const ratio of [1, 1.25, 2]) {
    const other = await bench.page({ width: 1111, height: 777 }, ratio);
    await other.evaluate(async () => {
      const { harness } = window;
      harness.engine.setVolumeVisible(false);
      await (await harness.show('/manifest/dotted')).done;
      harness.engine.jumpTo([11.3, -7.1, 5.7] as never);
      await harness.drawn('sagittal');
    });
    for (const kind of planes) {
      const found = await other.evaluate(
        async ({ k, p }) => {
          const { harness } = window;
          await harness.after(k, () => {
            harness.views[k].zoom(0.83, [200, 150] as never);
            harness.views[k].pan(13.3, -7.7);
          });
          const projection = harness.views[k].projection();
          const roundTrip = [
            [0, 0],
            [333.3, 111.1],
            [500, 300],
          ].map((q) => {
            const there = projection?.toWorld(q as never);
            const back = there && projection?.toCanvas(there);
            return back ? Math.hypot(back[0] - (q[0] ?? 0), back[1] - (q[1] ?? 0)) : 9;
          });
          return {
            roundTrip: Math.max(...roundTrip),
            painted: harness.centroid(k, p as never, 75),
            told: harness.canvasOf(k, p as never),
          };
        },
        { k: kind, p: [...dot] },
      );
      expect(found.roundTrip).toBeLessThan(1e-6);
      expect(Math.abs(found.painted[0] - found.told[0]), `${kind} x at ${ratio}`).toBeLessThan(
        0.015,
      );
      expect(Math.abs(found.painted[1] - found.told[1]), `${kind} y at ${ratio}`).toBeLessThan(
        0.015,
      );
    }
    await other.close();
  }
});

it('gathers a slab: maximum, minimum and mean', async () => {
  await show('patient');
  const grey = (mode: string, p: Vec3) =>
    page.evaluate(
      async ({ m, q }) => {
        const { harness } = window;
        // 39 mm above the middle of the kidney, so that a thin slice misses it.
        harness.engine.jumpTo([0, 0, 29] as never);
        await harness.after('axial', () =>
          harness.engine.setSlab({ mode: m as 'max', thickness: 60 }),
        );
        return harness.pixelAt('axial', q as never)[0] ?? -1;
      },
      { m: mode, q: [...p] },
    );
  const { kidney, rightFront } = landmarks;
  expect(Math.abs((await grey('none', kidney.centre)) - greyOf(40))).toBeLessThanOrEqual(1);
  expect(Math.abs((await grey('max', kidney.centre)) - greyOf(200))).toBeLessThanOrEqual(1);
  expect(await grey('min', rightFront.centre)).toBe(0);
  // Slab −1 … 59 mm; the kidney fills it up to 12 mm: 13/60 of 200 and 47/60 of 40.
  const mean = await grey('mean', kidney.centre);
  expect(Math.abs(mean - greyOf((13 * 200 + 47 * 40) / 60))).toBeLessThanOrEqual(3);
  const info = await page.evaluate(() => window.harness.views.axial.sliceInfo());
  expect(info?.thickness).toBe(60);
  await page.evaluate(() => window.harness.engine.setSlab({ mode: 'none', thickness: 0 }));
});

it('counts and scrolls slices from head to foot, front to back, right to left', async () => {
  await show('patient');
  const walk = (kind: ViewKind) =>
    page.evaluate((k) => {
      const { harness } = window;
      const view = harness.views[k];
      view.scroll(-1000);
      const first = { ...view.sliceInfo(), at: [...(harness.engine.crosshair ?? [])] };
      view.scroll(3);
      const later = { ...view.sliceInfo(), at: [...(harness.engine.crosshair ?? [])] };
      view.scroll(1000);
      return { first, later, last: view.sliceInfo() };
    }, kind);
  const axial = await walk('axial');
  expect([axial.first.index, axial.later.index, axial.last?.index]).toEqual([1, 4, 70]);
  expect(axial.first.positionMm).toBeCloseTo(103.5, 6);
  expect(axial.later.at[2]).toBeCloseTo(103.5 - 9, 6);
  const coronal = await walk('coronal');
  expect([coronal.first.index, coronal.last?.index]).toEqual([1, 90]);
  expect(coronal.later.at[1]).toBeCloseTo(-89 + 6, 6);
  const sagittal = await walk('sagittal');
  expect(sagittal.later.at[0]).toBeCloseTo(-99 + 6, 6);
  expect(await page.evaluate(() => window.harness.views.axial.sliceInfo()?.thickness)).toBe(3);
});

it('calls a plane oblique when it was turned, not when the scan was tilted', async () => {
  await show('oblique');
  const said = await page.evaluate(() => {
    const { axial } = window.harness.views;
    const untouched = axial.sliceInfo()?.oblique;
    axial.rotateOblique('up', 10);
    const turned = axial.sliceInfo()?.oblique;
    axial.resetOblique();
    axial.rotateOblique('normal', 10);
    return { untouched, turned, spun: axial.sliceInfo()?.oblique };
  });
  expect(said).toEqual({ untouched: false, turned: true, spun: false });
});

it('keeps the point under the finger while zooming, and pans by what the finger moves', async () => {
  await show('patient');
  const moved = await page.evaluate(() => {
    const view = window.harness.views.axial;
    const finger = [123, 77] as never;
    const before = view.projection()?.toWorld(finger);
    view.zoom(3.7, finger);
    const after = view.projection()?.toWorld(finger);
    view.pan(10, -20);
    const panned = after && view.projection()?.toCanvas(after);
    return { before: [...(before ?? [])], after: [...(after ?? [])], panned };
  });
  for (const a of [0, 1, 2]) expect(moved.after[a]).toBeCloseTo(moved.before[a] ?? 99, 6);
  expect(moved.panned?.[0]).toBeCloseTo(133, 6);
  expect(moved.panned?.[1]).toBeCloseTo(57, 6);
});

it('survives attaching, detaching and attaching again, as React does', async () => {
  await show('patient');
  await page.evaluate(async () => {
    const { harness } = window;
    for (let i = 0; i < 3; i++) {
      harness.detach('coronal');
      harness.detach('coronal');
      harness.attach('coronal');
    }
    harness.detach('sagittal');
    harness.attach('sagittal');
    await Promise.all([harness.drawn('coronal'), harness.drawn('sagittal')]);
  });
  expect(await expectTruth()).toBeGreaterThan(300);
});

it('follows its element to another size', async () => {
  await show('patient');
  await page.evaluate(() => window.harness.engine.jumpTo([0, 0, 0] as never));
  for (const width of ['420px', '']) {
    await page.evaluate(async (w) => {
      const { harness } = window;
      await harness.after('axial', () => {
        harness.views.axial.element.style.width = w;
      });
    }, width);
    expect(await expectTruth(['axial'])).toBeGreaterThan(100);
  }
});
