import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { StudyDetail } from '@yuepian/contract';
import { meshVolume } from '@yuepian/reconstruct';
import type { Download, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { zip } from '../server/src/archive/testing.ts';
import {
  goldenOf,
  thresholdNetwork,
  writeModel,
} from '../server/src/reconstruction/networks/testing.ts';
import { picture, smallDesk } from './support/browser.ts';
import { openRow, rowKey, structureIn } from './support/models.ts';
import { studyOf, whenStudy } from './support/phantom.ts';
import { openScene, type Scene } from './support/scene.ts';

let scene: Scene;
let server: Scene['server'];
let study: Scene['study'];
let page: Page;
let folder = '';
beforeAll(async () => {
  scene = await openScene();
  ({ server, study } = scene);
  folder = await mkdtemp(join(tmpdir(), 'networks-e2e-'));
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const above = 200;
/** The zip of a model's folder, as an administrator would make it. */
async function zipOf(id: string, given: Parameters<typeof writeModel>[1] = {}): Promise<string> {
  const from = await writeModel(join(folder, id), {
    id,
    onnx: thresholdNetwork(above),
    golden: goldenOf(above),
    ...given,
    // Slices of this phantom are 6.25 mm.
    manifest: { fits: { modalities: ['CT'], spacing: [0.3, 8] }, ...given.manifest },
  });
  const names = await readdir(from);
  const entries = await Promise.all(
    names.map(async (name) => [`${id}/${name}`, await readFile(join(from, name))] as const),
  );
  const file = join(folder, `${id}.zip`);
  await writeFile(file, zip(entries));
  return file;
}
const upload = async (file: string) => {
  await page.getByTestId('add-network').click();
  await page.getByTestId('add-network-dialog').waitFor();
  await page.getByTestId('model-zip').setInputFiles(file);
};
const bytesOf = async (download: Download): Promise<Uint8Array> =>
  new Uint8Array(await readFile(await download.path()));
/** The text of one entry of a zip: a second reader, from the local headers on (APPNOTE.TXT 4.3.7). */
async function partOf(file: Uint8Array, wanted: string): Promise<string> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; view.getUint32(at, true) === 0x04034b50; ) {
    const [packed, nameLength, extra] = [
      view.getUint32(at + 18, true),
      view.getUint16(at + 26, true),
      view.getUint16(at + 28, true),
    ];
    const name = new TextDecoder().decode(file.subarray(at + 30, at + 30 + nameLength));
    const from = at + 30 + nameLength + extra;
    const bytes = file.subarray(from, from + packed);
    if (name === wanted) return inflateRawSync(bytes).toString('utf8');
    at = from + packed;
  }
  throw new Error(`no ${wanted}`);
}
const jobOf = (s: StudyDetail) => s.series.find((x) => x.modelJob)?.modelJob;
const setOf = (s: StudyDetail, id: string) =>
  s.series.flatMap((x) => x.structureSets).find((set) => set.model?.id === id);

test('where no network is there the room says so, and what goes without', async () => {
  page = await scene.enter({ screen: smallDesk });
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  const none = page.getByTestId('no-network');
  await none.scrollIntoViewIfNeeded();
  await none.getByText('没有适合该部位的网络。').waitFor();
  await none.getByText('新建结构').waitFor();
  await page.getByTestId('add-network').click();
  // Nobody has allowed this server the internet: said once, nothing is offered that cannot be.
  await page.getByText('YUEPIAN_ALLOW_INTERNET=1').first().waitFor();
  expect(await page.locator('[data-testid^="add-brainchop"]').count()).toBe(0);
  await picture(page, 'networks-add');
  await page.keyboard.press('Escape');
});

test('a model that is not what it says is refused with a sentence, and none is there', async () => {
  await upload(await zipOf('liar', { golden: goldenOf(above + 50) }));
  const trouble = page.getByTestId('add-network-trouble');
  await trouble.waitFor();
  expect((await trouble.textContent())?.length).toBeGreaterThan(10);
  await picture(page, 'networks-refused');
  await writeFile(join(folder, 'no.zip'), 'this is no zip');
  await page.getByTestId('model-zip').setInputFiles(join(folder, 'no.zip'));
  await page.getByTestId('choose-model-zip').and(page.locator(':enabled')).waitFor();
  await page.keyboard.press('Escape');
  expect(await page.locator('[data-testid^="run-"]').count()).toBe(0);
});

test('a zip is installed, fits, is cancelled while it runs, and leaves nothing', async () => {
  // Steps of three voxels: some ten thousand passes.
  await upload(
    await zipOf('slow', {
      tensor: { tiling: { size: [12, 12, 12], step: 0.25 } },
      manifest: { title: { zh: '慢网络', en: 'Slow' } },
    }),
  );
  await page.getByTestId('network-slow').getByText('版本 1.0 · Apache-2.0').waitFor();
  await page.getByTestId('run-slow').click();
  const running = page.getByTestId('network-running');
  await running.getByText(/网络计算 [1-9]\d*%/).waitFor();
  await picture(page, 'networks-running');
  // What is asked for meanwhile waits its turn, and need not be waited for.
  await openRow(page, 'bone');
  await page.getByTestId('find-bone').click();
  await page.getByTestId('finding-running').getByText('等待处理').waitFor();
  await page.getByTestId('cancel-finding').click();
  await page.getByTestId('findings-bone').getByText('已取消').waitFor();
  await running.getByText(/网络计算 [1-9]\d*%/).waitFor();
  await page.getByTestId('cancel-network').click();
  await page.getByTestId('network-stopped').getByText('已取消').waitFor();
  await running.waitFor({ state: 'detached' });
  study = await studyOf(server, study.studyInstanceUid);
  expect(jobOf(study)?.state).toBe('cancelled');
  expect(study.series.flatMap((s) => s.structureSets.map((set) => set.id))).toEqual(['classical']);
  await picture(page, 'networks-cancelled');
});

test('a network runs; its structures are unverified, say model, version and licence; a doctor rejects and confirms', async () => {
  await upload(await zipOf('threshold'));
  await page.getByTestId('run-threshold').click();
  study = await whenStudy(
    server,
    study.studyInstanceUid,
    (s) => setOf(s, 'threshold')?.complete === true && jobOf(s)?.state === 'done',
  );
  const set = setOf(study, 'threshold');
  const [bone] = set?.structures ?? [];
  if (!set || !bone) throw new Error('no structure');
  const key = `${set.id}-bone`;
  await page.getByTestId(`set-${set.id}`).getByText('阈值').waitFor();
  await openRow(page, key);
  const row = page.getByTestId(`structure-${key}`);
  await row.getByText('未经医生确认').waitFor();
  await row.getByText('model threshold 1.0, Apache-2.0').waitFor();
  // What is above 200 HU in the phantom is bone, contrast and the stone: more than bone alone.
  expect(bone.volumeMl).toBeGreaterThan(0.5 * structureIn(study, 'bone').volumeMl);
  // A network with probabilities says how large it may be, and shows where it is unsure.
  const { lowMl = Number.NaN, highMl = Number.NaN } = bone.sureness ?? {};
  expect(lowMl).toBeGreaterThan(0);
  expect(lowMl).toBeLessThanOrEqual(bone.volumeMl);
  expect(highMl).toBeGreaterThanOrEqual(bone.volumeMl);
  await page.getByTestId(`sure-${key}`).click();
  await page.getByTestId('sure-legend').waitFor();
  await picture(page, 'networks-done');
  await page.getByTestId('undo').click();
  await page.getByTestId('sure-legend').waitFor({ state: 'detached' });
  await openRow(page, 'bone');
  expect(await page.locator('[data-testid^="sureness-"]').count()).toBe(0);
  await openRow(page, key);
  await page.getByTestId(`reject-${key}`).click();
  await row.getByText('医生认为不正确').waitFor();
  await page.getByTestId(`verify-${key}`).click();
  await row.getByText('已确认').waitFor();
  const said = setOf(await studyOf(server, study.studyInstanceUid), 'threshold');
  expect(said?.structures[0]).toMatchObject({ verified: true, verdict: { state: 'verified' } });
});

test('export menu: an STL of the structure’s volume, a 3MF with its name', async () => {
  const lung = structureIn(study, 'lung_left');
  await openRow(page, rowKey(study, lung));
  await page.getByTestId('export-lung_left').click();
  await page.getByText('坐标为 LPS，单位毫米。').waitFor();
  await page.getByText('表面闭合，可以 3D 打印。').waitFor();
  await picture(page, 'export-menu');
  const [stl] = await Promise.all([
    page.waitForEvent('download'),
    page.getByTestId('export-as-stl').click(),
  ]);
  expect(stl.suggestedFilename()).toMatch(/\.stl$/);
  const bytes = await bytesOf(stl);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const triangles = view.getUint32(80, true);
  expect(bytes.byteLength).toBe(84 + 50 * triangles);
  expect(triangles).toBe(lung.levels.at(-1)?.triangles);
  const positions = Float32Array.from({ length: triangles * 9 }, (_, n) =>
    view.getFloat32(84 + 50 * Math.floor(n / 9) + 12 + 4 * (n % 9), true),
  );
  const ml =
    meshVolume(
      positions,
      Uint32Array.from({ length: triangles * 3 }, (_, n) => n),
    ) / 1000;
  expect(Math.abs(ml / lung.volumeMl - 1)).toBeLessThan(0.03);

  await page.getByTestId('export-lung_left').click();
  const [threeMf] = await Promise.all([
    page.waitForEvent('download'),
    page.getByTestId('export-as-3mf').click(),
  ]);
  const model = await partOf(await bytesOf(threeMf), '3D/3dmodel.model');
  expect(model).toContain('unit="millimeter"');
  expect(model).toContain('name="左肺"');
  expect(model.match(/<triangle /g)?.length).toBe(triangles);
});
