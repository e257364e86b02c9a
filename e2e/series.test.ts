import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { StudyDetail } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';
import { importFiles, whenStudy } from './support/phantom.ts';

/* Real series: a PET, and one that holds four volumes. */
const data = process.env.YUEPIAN_TEST_DATA ?? resolve(import.meta.dirname, '../../shared/data');
const pet = join(data, 'petct_acrin_nsclc/pt_ac.tar.gz');
const fourVolumes = join(data, 'dicom_cases/volume-synthetic/fourD_4x6');
const isThere = existsSync(pet) && existsSync(fourVolumes);
if (!isThere) console.log(`No real images at ${data}: these tests are skipped.`);

let server: TestServer;
let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  if (!isThere) return;
  folder = await mkdtemp(join(tmpdir(), 'yuepian-e2e-series-'));
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function filesOf(where: string): Promise<string[]> {
  const entries = await readdir(where, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

async function open(where: string): Promise<{ page: Page; study: StudyDetail }> {
  const uid = await importFiles(server, await filesOf(where));
  const study = await whenStudy(server, uid, (s) => s.series.every((x) => x.kind !== 'preparing'));
  const page = await browser.open(`${server.url}/studies/${uid}`);
  await signIn(page, server.password);
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  return { page, study };
}

/** The brightness of the axial image at a place, 0…255; places are parts of the view. */
const brightness = (page: Page, x: number, y: number): Promise<number> =>
  page.evaluate(
    ([px, py]) => {
      const view = document.querySelector('[data-testid="view-axial"]');
      const source = view?.querySelector<HTMLCanvasElement>('canvas');
      if (!source) return -1;
      const copy = document.createElement('canvas');
      copy.width = copy.height = 1;
      const context = copy.getContext('2d');
      const [at, down] = [source.width * px, source.height * py];
      context?.drawImage(source, at, down, 1, 1, 0, 0, 1, 1);
      return context?.getImageData(0, 0, 1, 1).data[0] ?? -1;
    },
    [x, y] as const,
  );

test.skipIf(!isThere)(
  'a PET is shown dark on white, with its unit, and makes no models',
  async () => {
    await promisify(execFile)('tar', ['xzf', pet, '-C', folder]);
    const { page, study } = await open(folder);
    const series = study.series.find((s) => s.modality === 'PT');
    expect(series?.volumes[0]?.unit).toBe('SUVBW');
    expect(series).toMatchObject({ reconstructable: false, modelObstacle: 'modality' });
    await page.getByTestId('preview').first().waitFor({ state: 'detached' });
    await page.getByTestId('not-reconstructable').getByText('只有 CT 和 MR').waitFor();
    expect(await page.getByTestId('run-reconstruction').count()).toBe(0);
    // Air takes up nothing: white where the image is inverted.
    await expect.poll(() => brightness(page, 0.5, 0.12), { timeout: 20_000 }).toBeGreaterThan(200);
    await picture(page, 'pet');
    await page.close();
  },
);

test.skipIf(!isThere)(
  'a series of four volumes offers each, and undo goes back across them',
  async () => {
    const { page, study } = await open(fourVolumes);
    const [series] = study.series;
    expect(series?.volumes).toHaveLength(4);
    expect(series).toMatchObject({ reconstructable: false, modelObstacle: 'few_slices' });
    const shown = (label: string) =>
      page.getByTestId('series-menu').getByText(label, { exact: false }).waitFor();
    await shown('t 1');
    const third = series?.volumes[2];
    await page.getByTestId('series-menu').click();
    await page.getByTestId(`series-${third?.id}`).waitFor();
    // Each has a picture of its own.
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll<HTMLImageElement>('[data-testid^="series-"] img')].filter(
          (img) => img.complete && img.naturalWidth > 0,
        ).length === 4,
    );
    await picture(page, 'series-menu');
    await page.getByTestId(`series-${third?.id}`).click();
    await shown('t 3');

    // A window belongs to the volume it was set on; going back takes it along.
    await page.getByTestId('more-window').click();
    await page.getByTestId('item-window-bone').click();
    await page.getByTestId('info-axial').getByText('窗位 400 窗宽 1800').waitFor();
    await page.getByTestId('undo').click();
    await page.getByTestId('info-axial').getByText('窗宽 1800').waitFor({ state: 'detached' });
    await shown('t 3');
    await page.getByTestId('undo').click();
    await shown('t 1');
    await page.getByTestId('redo').click();
    await shown('t 3');
    await page.close();
  },
);
