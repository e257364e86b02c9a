import type { Structure } from '@yuepian/contract';
import { toPatient } from '@yuepian/geometry';
import { fromGlb, meshDistance } from '@yuepian/reconstruct';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture, smallDesk } from './support/browser.ts';
import { maskOn, placesIn } from './support/models.ts';
import { openScene, type Scene } from './support/scene.ts';

let scene: Scene;
let server: Scene['server'];
let study: Scene['study'];
let page: Page;
beforeAll(async () => {
  scene = await openScene();
  ({ server, study } = scene);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const structureOf = (key: string): Structure => {
  const found = study.series.flatMap((s) => s.structures).find((s) => s.key === key);
  if (!found) throw new Error(`no ${key}`);
  return found;
};
const meshOf = async (key: string) => {
  const answer = await server.fetch(structureOf(key).meshUrl);
  const [mesh] = await fromGlb(new Uint8Array(await answer.arrayBuffer()));
  if (!mesh) throw new Error(`no mesh of ${key}`);
  return mesh;
};
const openRow = async (key: string) => {
  const row = page.getByTestId(`structure-${key}`);
  if ((await row.getAttribute('data-open')) !== 'true') {
    await row.locator('button[aria-expanded]').click();
  }
};
const menu = async (key: string, item: string) => {
  await openRow(key);
  await page.getByTestId(`more-${key}`).click();
  await page.getByTestId(item).click();
};
const bar = async (button: string, group = 'model') => {
  const tab = page.getByTestId(`group-${group}`);
  if (await tab.count()) await tab.click();
  await page.getByTestId(button).click();
};
const isShown = (key: string) => page.getByTestId(`eye-${key}`).getAttribute('data-visible');
/** Lit pixels in the upper and the lower third of the 3D picture. */
const lit = () =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="view-volume"] canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) throw new Error('no picture');
    const third = Math.floor(canvas.height / 3);
    const count = (from: number): number => {
      const { data } = context.getImageData(0, from, canvas.width, third);
      let n = 0;
      for (let i = 0; i < data.length; i += 4) if ((data[i] ?? 0) + (data[i + 1] ?? 0) > 60) n++;
      return n;
    };
    return { upper: count(0), lower: count(canvas.height - third) };
  });

test('one structure alone, and undo brings the others back', async () => {
  page = await scene.enter({ screen: smallDesk });
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  await openRow('bone');
  await page.getByTestId('isolate-bone').click();
  await page.locator('[data-testid="eye-skin"][data-visible="false"]').waitFor();
  expect([await isShown('bone'), await isShown('lung_left')]).toEqual(['true', 'false']);
  await page.getByTestId('undo').click();
  await page.locator('[data-testid="eye-skin"][data-visible="true"]').waitFor();
  expect(await isShown('lung_left')).toBe('true');
});

test('distances from one structure to all others, nearest first, in mm', async () => {
  await menu('lung_left', 'item-distances');
  const row = page.getByTestId('distance-bone');
  await row.waitFor();
  const shown = Number.parseFloat((await row.textContent())?.replace(/^[^0-9]+/, '') ?? '');
  const [lung, bone] = [await meshOf('lung_left'), await meshOf('bone')];
  // The screen draws a level of its own: within a voxel of the finest.
  expect(Math.abs(shown - (meshDistance(lung, bone)?.distance ?? Number.NaN))).toBeLessThan(3.2);
  await picture(page, 'models-distances');
});

test('a planned cut: both parts in mL are the whole, it is in the case, and undo takes it back', async () => {
  await menu('bone', 'item-cut-axial');
  const cut = page.getByTestId('cut');
  await cut.waitFor();
  const text = (await cut.textContent()) ?? '';
  const [front, back] = [...text.matchAll(/([\d,.]+) mL/g)].map((m) =>
    Number((m[1] ?? '').replaceAll(',', '')),
  );
  expect((front ?? 0) + (back ?? 0)).toBeCloseTo(structureOf('bone').volumeMl, -1);
  expect(Math.min(front ?? 0, back ?? 0)).toBeGreaterThan(10);
  const percent = Number(/([\d.]+)%/.exec(text)?.[1]);
  expect(percent).toBeCloseTo((100 * (back ?? 0)) / structureOf('bone').volumeMl, 0);
  await picture(page, 'models-cut');
  await page.reload();
  await page.getByTestId('cut').waitFor();
  await page.getByTestId('remove-cut').click();
  await page.getByTestId('cut').waitFor({ state: 'detached' });
  await page.getByTestId('undo').click();
  await page.getByTestId('cut').waitFor();
  await page.getByTestId('redo').click();
  await page.getByTestId('cut').waitFor({ state: 'detached' });
});

test('a curve drawn on a slice cuts along the line of sight: mL as the voxels on either side', async () => {
  const [volume] = study.series.flatMap((s) => s.volumes);
  if (!volume) throw new Error('no volume');
  const voxels = await maskOn(server, structureOf('bone'), study);
  const [nx, ny, nz] = volume.size;
  // Between two slices, a level straight line from side to side.
  const [, , z] = toPatient(volume.affine, [0, 0, 30.5]);
  const above = voxels.reduce((n, v, i) => n + (Math.floor(i / (nx * ny)) > 30 ? v : 0), 0);
  const all = voxels.reduce((n, v) => n + v, 0);
  expect(nz).toBeGreaterThan(60);
  // The crosshair begins in the middle of the volume, between two slices; a step puts it on one, whose
  // place is what the view tells.
  const view = await page.getByTestId('view-axial').boundingBox();
  await page.mouse.move((view?.x ?? 0) + 60, (view?.y ?? 0) + 200);
  const told = page.getByTestId('info-axial');
  const before = await told.textContent();
  await page.mouse.wheel(0, 100);
  await expect.poll(() => told.textContent()).not.toBe(before);
  await menu('bone', 'item-cut-curve');
  const [from, to] = await placesIn(page, 'coronal', [
    [-185, 0, z],
    [185, 0, z],
  ]);
  await page.mouse.move(...(from ?? [0, 0]));
  await page.mouse.down();
  await page.mouse.move(...(to ?? [0, 0]), { steps: 20 });
  await page.mouse.up();
  const cut = page.getByTestId('cut');
  await cut.waitFor();
  const shown = [...((await cut.textContent()) ?? '').matchAll(/([\d,.]+) mL/g)].map((m) =>
    Number((m[1] ?? '').replaceAll(',', '')),
  );
  const ml = structureOf('bone').volumeMl / all;
  const wanted = [above * ml, (all - above) * ml].toSorted((a, b) => a - b);
  const found = shown.toSorted((a, b) => a - b);
  // To the pixel of the pen, which is less than a slice.
  for (const n of [0, 1])
    expect(Math.abs((found[n] ?? 0) / (wanted[n] ?? 0) - 1)).toBeLessThan(0.015);
  await picture(page, 'models-curve-cut');
  await page.getByTestId('remove-cut').click();
  await cut.waitFor({ state: 'detached' });
});

test('a margin of N mm is larger than what it surrounds', async () => {
  await menu('lung_left', 'show-margin');
  const margin = page.getByTestId('margin');
  await margin.waitFor();
  const ml = Number(
    /([\d,.]+) mL/.exec((await margin.textContent()) ?? '')?.[1]?.replaceAll(',', ''),
  );
  expect(ml).toBeGreaterThan(structureOf('lung_left').volumeMl);
  await picture(page, 'models-margin');
});

test('a clip at the axial slice takes one end of the patient away in 3D', async () => {
  const before = await lit();
  await bar('clip-menu');
  await page.getByTestId('item-clip-axial').click();
  await page.keyboard.press('Escape');
  await expect
    .poll(async () => (await lit()).lower, { timeout: 60_000 })
    .toBeLessThan(before.lower / 10);
  expect((await lit()).upper).toBeGreaterThan(before.upper / 2);
  await picture(page, 'models-clip');
  await page.getByTestId('undo').click();
  await expect
    .poll(async () => (await lit()).lower, { timeout: 60_000 })
    .toBeGreaterThan(before.lower / 2);
});

/** First and last row of the 3D picture with enough lit pixels to be the patient, canvas pixels. */
const litRows = () =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="view-volume"] canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) throw new Error('no picture');
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let [first, last] = [-1, -1];
    for (let y = 0; y < canvas.height; y++) {
      let n = 0;
      for (let x = 0; x < canvas.width; x++) {
        const at = 4 * (x + canvas.width * y);
        if ((data[at] ?? 0) + (data[at + 1] ?? 0) > 60) n++;
      }
      if (n < 20) continue;
      if (first < 0) first = y;
      last = y;
    }
    return { first, last, perCss: canvas.height / canvas.getBoundingClientRect().height };
  });

test('a box clips; a side taken by its handle follows the hand, and undo puts it back', async () => {
  await bar('reset', 'look');
  await bar('clip-menu');
  await page.getByTestId('item-clip-box').click();
  await page.keyboard.press('Escape');
  const view = await page.getByTestId('view-volume').boundingBox();
  if (!view) throw new Error('no view');
  await expect.poll(async () => (await litRows()).last, { timeout: 60_000 }).toBeGreaterThan(0);
  const before = await litRows();
  const handle = { x: view.x + view.width / 2, y: view.y + before.last / before.perCss };
  const by = 90;
  await page.mouse.move(handle.x, handle.y);
  await page.mouse.down();
  await page.mouse.move(handle.x, handle.y - by, { steps: 9 });
  await page.mouse.up();
  // What is below the handle is gone, to the thickness of a few pixels of a sloping surface.
  await expect
    .poll(async () => Math.abs((await litRows()).last - (before.last - by * before.perCss)), {
      timeout: 60_000,
    })
    .toBeLessThan(8 * before.perCss);
  expect(Math.abs((await litRows()).first - before.first)).toBeLessThan(4 * before.perCss);
  await picture(page, 'models-clip-box');
  await page.getByTestId('undo').click();
  await expect
    .poll(async () => Math.abs((await litRows()).last - before.last), { timeout: 60_000 })
    .toBeLessThan(4 * before.perCss);
});

test('a model that was just replaced is fetched where it is now; only a missing one is spoken of', async () => {
  const bone = structureOf('bone');
  const [digest = ''] = /r=[^&]+$/.exec(bone.meshUrl) ?? [];
  const isStudy = ({ pathname }: URL) => pathname === `/api/studies/${study.studyInstanceUid}`;
  const isModel = ({ pathname }: URL) => pathname.startsWith(bone.meshUrl.replace(/\d\?.*/, ''));
  const missing = { status: 404, json: { error: { code: 'not_found', details: {} } } };
  const notice = page.getByTestId('notices').getByText(bone.name.zh);

  // The page read the list a moment before the series was derived anew.
  await page.route(
    isStudy,
    async (route) => {
      const body = await (await route.fetch()).text();
      await route.fulfill({ body: body.replaceAll(digest, 'r=before'), status: 200 });
    },
    { times: 1 },
  );
  await page.route(isModel, (route) =>
    route.request().url().endsWith('r=before') ? route.fulfill(missing) : route.continue(),
  );
  const fetched = page.waitForResponse((r) => isModel(new URL(r.url())) && r.ok());
  await page.reload();
  await fetched;
  expect(await notice.count()).toBe(0);

  await page.unroute(isModel);
  await page.route(isModel, (route) => route.fulfill(missing));
  await page.reload();
  await notice.waitFor();
});
