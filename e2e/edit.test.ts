import { rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import {
  editHistory,
  encodeMask,
  maskOfCrop,
  type Structure,
  type StudyDetail,
  structure,
} from '@yuepian/contract';
import { toPatient } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';
import { crosshairAt, crosshairMm, maskOn, placesIn } from './support/models.ts';
import {
  importFiles,
  isReconstructed,
  phantomFolder,
  studyOf,
  whenStudy,
} from './support/phantom.ts';

let server: TestServer;
let browser: TestBrowser;
let study: StudyDetail;
let page: Page;
beforeAll(async () => {
  const phantom = await phantomFolder('ct');
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const uid = await importFiles(server, phantom.files);
  study = await whenStudy(server, uid, isReconstructed);
  await rm(phantom.folder, { recursive: true, force: true });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const structureOf = (s: StudyDetail, key: string): Structure => {
  const found = s.series.flatMap((x) => x.structures).find((x) => x.key === key);
  if (!found) throw new Error(`no ${key}`);
  return found;
};
const now = (): Promise<StudyDetail> => studyOf(server, study.studyInstanceUid);
const structureNow = async (key: string): Promise<Structure> => structureOf(await now(), key);
/** The server's own word, once it has reached the revision. */
const whenRevision = async (key: string, revision: number): Promise<Structure> =>
  structureOf(
    await whenStudy(
      server,
      study.studyInstanceUid,
      (s) => structureOf(s, key).edited?.revision === revision,
    ),
    key,
  );
const saved = () => page.getByTestId('edit-pending').getByText('每一笔都已保存').waitFor();
const ready = () => page.locator('[data-testid="edit-tools"][data-preparing="false"]').waitFor();
const centre = async (kind: string) => {
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  if (!box) throw new Error(`no ${kind}`);
  return {
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    ...{ w: box.width, h: box.height },
  };
};
const openRow = async (key: string) => {
  const row = page.getByTestId(`structure-${key}`);
  if ((await row.getAttribute('data-open')) !== 'true') {
    await row.locator('button[aria-expanded]').click();
  }
};

test('an eraser of 10 mm takes a sphere of 10 mm, and undo gives every voxel back', async () => {
  page = await browser.open(`${server.url}/studies/${study.studyInstanceUid}`);
  await signIn(page, server.password);
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  await page.getByTestId('structure-skin').waitFor();
  const before = await structureNow('skin');

  await openRow('skin');
  await page.getByTestId('edit-skin').click();
  await ready();
  await page.getByTestId('edit-eraser').click();
  await page.getByRole('slider', { name: '半径' }).fill('10');
  const at = await centre('axial');
  await page.mouse.move(at.x, at.y);
  await picture(page, 'edit-cursor');
  await page.mouse.down();
  await page.mouse.up();
  const erased = await whenRevision('skin', 1);
  // The middle of the body is inside: the sphere lies wholly in it. Voxels of 2.7 × 2.7 × 3 mm or
  // so count by their centres, which is within 4 % of 4/3·π·r³ for this radius.
  const sphere = ((4 / 3) * Math.PI * 10 ** 3) / 1000;
  expect((before.volumeMl - erased.volumeMl) / sphere).toBeGreaterThan(0.96);
  expect((before.volumeMl - erased.volumeMl) / sphere).toBeLessThan(1.04);
  expect(erased.verified).toBe(false);
  await saved();
  await picture(page, 'edit-erased');

  await page.getByTestId('undo').click();
  const back = await whenRevision('skin', 2);
  expect([back.voxels, back.volumeMl]).toEqual([before.voxels, before.volumeMl]);
  await page.getByTestId('redo').click();
  expect((await whenRevision('skin', 3)).voxels).toBe(erased.voxels);
  await page.getByTestId('undo').click();
  await whenRevision('skin', 4);
  const log = editHistory.parse(
    await (await server.fetch(`/api/structures/${before.id}/edits`)).json(),
  );
  expect(log.entries.map((e) => e.kind)).toEqual(['edit', 'undo', 'redo', 'undo']);
});

test('operations without a hand: grow, shrink, holes, small pieces, density', async () => {
  await page.getByTestId('edit-done').click();
  await openRow('bone');
  await page.getByTestId('edit-bone').click();
  await ready();
  const before = await structureNow('bone');
  await page.getByTestId('edit-grow').click();
  const grown = await whenRevision('bone', 1);
  expect(grown.voxels).toBeGreaterThanOrEqual(before.voxels);
  await page.getByTestId('edit-threshold').click();
  await whenRevision('bone', 2);
  await saved();
  await picture(page, 'edit-bone');
  // One undo after another, across tools, to the first voxel.
  await page.keyboard.press('Control+z');
  await whenRevision('bone', 3);
  await page.keyboard.press('Control+z');
  expect((await whenRevision('bone', 4)).voxels).toBe(before.voxels);
});

test('a kidney is begun with a box around it', async () => {
  await page.getByTestId('edit-done').click();
  await page.getByTestId('new-structure').click();
  await page.getByTestId('item-new-custom').click();
  await ready();
  const at = await centre('axial');
  await page.mouse.move(at.x - 30, at.y - 30);
  await page.mouse.down();
  await page.mouse.move(at.x + 10, at.y + 10, { steps: 3 });
  await page.mouse.move(at.x + 30, at.y + 30, { steps: 3 });
  await page.mouse.up();
  const made = await whenRevision('custom_101', 1);
  expect(made.voxels).toBeGreaterThan(20);
  expect(made.edited?.from).toBe('box segmentation');
  await saved();
  await picture(page, 'edit-box');
});

/** The voxels of a structure, one byte each, on the volume's grid. */
const voxelsOf = async (key: string): Promise<Uint8Array> =>
  maskOn(server, await structureNow(key), study);
/** A structure somebody begins with these voxels. */
async function begin(name: string, voxels: Uint8Array): Promise<string> {
  const [volume] = study.series.flatMap((s) => s.volumes);
  if (!volume) throw new Error('no volume');
  const mask = maskOfCrop(voxels, volume.size, { first: [0, 0, 0], size: volume.size });
  const answer = await server.fetch(`/api/volumes/${volume.id}/structures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      key: 'custom',
      name: { zh: name, en: name },
      mask: gzipSync(encodeMask(mask)).toString('base64'),
    }),
  });
  return structure.parse(await answer.json()).key;
}
/** A disc in the axial slices `slices`, voxels. */
const centre2 = [64, 60] as const;
function discs(radius: number, slices: readonly number[]): Uint8Array {
  const voxels = new Uint8Array(128 * 128 * 80);
  for (const k of slices)
    for (let j = 0; j < 128; j++)
      for (let i = 0; i < 128; i++)
        if (Math.hypot(i - centre2[0], j - centre2[1]) < radius)
          voxels[i + 128 * (j + 128 * k)] = 1;
  return voxels;
}
/** Voxels in one and not in the other; a comparison of millions by `toEqual` takes minutes to say no. */
const different = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((n, v, i) => n + (v === b[i] ? 0 : 1), 0);
const count = (voxels: Uint8Array): number => voxels.reduce((n, v) => n + v, 0);
const edit = async (key: string) => {
  await page.getByTestId('edit-done').click();
  await openRow(key);
  await page.getByTestId(`edit-${key}`).click();
  await ready();
};

test('slices between two drawn ones are filled, voxel for voxel', async () => {
  const key = await begin('两片', discs(9.5, [30, 38]));
  await page.getByTestId(`structure-${key}`).waitFor();
  await edit(key);
  await page.getByTestId('edit-interpolate').click();
  await whenRevision(key, 2);
  expect(different(await voxelsOf(key), discs(9.5, [30, 31, 32, 33, 34, 35, 36, 37, 38]))).toBe(0);
  await saved();
  await picture(page, 'edit-interpolated');
});

test('scissors take what lies in the outline along the line of sight; kept inside and cut inside are the whole', async () => {
  const whole = discs(9.5, [30, 31, 32, 33, 34, 35, 36, 37, 38]);
  const key = await begin('圆柱', whole);
  await page.getByTestId(`structure-${key}`).waitFor();
  await edit(key);
  const [volume] = study.series.flatMap((s) => s.volumes);
  if (!volume) throw new Error('no volume');
  // Half-way between two columns of voxels; read off the screen, the place is good to a column.
  const corner = (i: number, j: number) => toPatient(volume.affine, [i, j, 34]);
  const crosshair = await crosshairMm(page);
  // Alone and large: half a voxel is some pixels.
  await page.getByTestId('maximise-axial').click();
  await page.getByTestId('view-sagittal').waitFor({ state: 'hidden' });
  const corners = [
    corner(64.5, 45),
    corner(80, 45),
    corner(80, 75),
    corner(64.5, 75),
    corner(64.5, 46),
  ];
  const outline = await placesIn(page, 'axial', corners, crosshair);
  const cutAround = async () => {
    const [first, ...rest] = outline;
    await page.mouse.move(...(first ?? [0, 0]));
    await page.mouse.down();
    for (const at of rest) await page.mouse.move(...at, { steps: 12 });
    await page.mouse.up();
  };
  const from = (column: number) => whole.map((v, n) => (n % 128 >= column ? v : 0));
  await page.getByTestId('edit-scissors').click();
  await cutAround();
  await whenRevision(key, 2);
  const left = await voxelsOf(key);
  const right = whole.map((v, n) => v - (left[n] ?? 0));
  // A straight cut through all nine slices, and nothing else.
  expect([64, 65, 66].map((column) => different(right, from(column)))).toContain(0);
  await picture(page, 'edit-scissors');
  await saved();
  await page.getByTestId('undo').click();
  expect((await whenRevision(key, 3)).voxels).toBe(count(whole));
  await page.getByTestId('option-outside').click();
  await cutAround();
  await whenRevision(key, 4);
  await page.getByTestId('maximise-axial').click();
  await page.getByTestId('view-sagittal').waitFor();
  expect(different(await voxelsOf(key), right)).toBe(0);
});

test('the smart brush stays in what it began on', async () => {
  const lung = await voxelsOf('lung_left');
  const key = await begin('肺', discs(1, []));
  await page.getByTestId(`structure-${key}`).waitFor();
  await page.getByTestId('edit-done').click();
  await openRow('lung_left');
  const told = page.getByTestId('info-axial');
  const before = await told.textContent();
  await page.getByTestId('goto-lung_left').click();
  await expect.poll(() => told.textContent()).not.toBe(before);
  const at = await crosshairAt(page, 'axial');
  await openRow(key);
  await page.getByTestId(`edit-${key}`).click();
  await ready();
  await page.getByTestId('edit-smart_brush').click();
  await page.getByRole('slider', { name: '半径' }).fill('25');
  await page.mouse.move(...at);
  await page.mouse.down();
  await page.mouse.up();
  const made = await whenRevision(key, 1);
  const painted = await voxelsOf(key);
  const inLung = painted.reduce((n, v, i) => n + (v & (lung[i] ?? 0)), 0);
  // A ball of 25 mm reaches beyond the lung on every side: the plain brush would fill all of it.
  const ball = ((4 / 3) * Math.PI * 25 ** 3) / 1000;
  expect(made.volumeMl).toBeGreaterThan(5);
  expect(made.volumeMl).toBeLessThan(0.95 * ball);
  expect(inLung / count(painted)).toBeGreaterThan(0.95);
  await saved();
  await picture(page, 'edit-smart');
  await page.getByTestId('edit-done').click();
  await openRow('custom_101');
  await page.getByTestId('edit-custom_101').click();
  await ready();
});

test('what was done survives a killed server, and the page goes on', async () => {
  // A structure is opened with the brush in the hand.
  const before = await structureNow('custom_101');
  const at = await centre('axial');
  await page.mouse.move(at.x + 30, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 50, at.y, { steps: 4 });
  await page.mouse.up();
  const painted = await whenRevision('custom_101', 2);
  expect(painted.voxels).toBeGreaterThan(before.voxels);
  await saved();
  await server.kill('SIGKILL');
  await server.restart();
  const after = await structureNow('custom_101');
  expect([after.edited?.revision, after.voxels]).toEqual([2, painted.voxels]);
});
