import { rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import {
  encodeMask,
  masksOfLabels,
  type Structure,
  type StudyDetail,
  structure,
} from '@yuepian/contract';
import { toPatient } from '@yuepian/geometry';
import { ctAbdomen } from '@yuepian/phantom';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';
import {
  allStructures,
  chooseMore,
  maskOn,
  openRow,
  placesIn,
  rowKey,
  structureIn,
} from './support/models.ts';
import {
  importFiles,
  isReconstructed,
  phantomFolder,
  studyOf,
  whenStudy,
} from './support/phantom.ts';

const grid = { size: 128, slices: 120 };
let server: TestServer;
let browser: TestBrowser;
let study: StudyDetail;
let page: Page;
beforeAll(async () => {
  const phantom = await phantomFolder('ct', grid);
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const uid = await importFiles(server, phantom.files);
  study = await whenStudy(server, uid, isReconstructed);
  await rm(phantom.folder, { recursive: true, force: true });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const now = (): Promise<StudyDetail> => studyOf(server, study.studyInstanceUid);
const when = (isReady: (s: StudyDetail) => boolean): Promise<StudyDetail> =>
  whenStudy(server, study.studyInstanceUid, isReady);
const has = (key: string) => (s: StudyDetail) => allStructures(s).some((x) => x.key === key);
const row = async (key: string): Promise<string> => {
  const s = await now();
  return rowKey(s, structureIn(s, key));
};

test('bone is split into single bones, named, and the whole makes room for them', async () => {
  page = await browser.open(`${server.url}/studies/${study.studyInstanceUid}`);
  await signIn(page, server.password);
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  await openRow(page, 'bone');
  await page.getByTestId('find-bone').click();
  await page.getByTestId('finding-running').waitFor();
  await picture(page, 'bones-running');
  study = await when(
    (s) =>
      s.series.some((x) => x.structureSets.some((set) => set.of !== undefined && set.complete)) &&
      has('femur_left')(s),
  );
  const bone = structureIn(study, 'bone');
  const set = study.series.flatMap((s) => s.structureSets).find((x) => x.of === bone.id);
  const sum = set?.structures.reduce((n, s) => n + s.voxels, 0) ?? 0;
  expect(sum / bone.voxels).toBeGreaterThan(0.98);
  expect(sum).toBeLessThanOrEqual(bone.voxels);
  const group = page.getByTestId(`set-${set?.id}`);
  await group.getByText('左股骨').waitFor();
  // They come one after another.
  await expect
    .poll(() => group.locator('li').count(), { timeout: 60_000 })
    .toBe(set?.structures.length);
  // Both lie in one place: the whole is hidden as long as nobody wants to see it.
  await page.locator('[data-testid="eye-bone"][data-visible="false"]').waitFor();
  await page.getByTestId('eye-bone').click();
  await page.locator('[data-testid="eye-bone"][data-visible="true"]').waitFor();
  await page.getByTestId('undo').click();
  await page.locator('[data-testid="eye-bone"][data-visible="false"]').waitFor();
  await picture(page, 'bones-split');
  // Nobody said so in the case: whoever opens the study, or asked for the split elsewhere, sees the same.
  const other = await browser.open(`${server.url}/studies/${study.studyInstanceUid}`);
  await signIn(other, server.password);
  await other.locator('[data-testid="eye-bone"][data-visible="false"]').waitFor();
  await other.close();
});

const pair = ['vertebra_l4', 'vertebra_l3'] as const;
const joined = 'vertebra_l4_101';
/** Middles of the two bodies, LPS mm: of the front half of each, for behind it lies the arch. */
const bodies: [number, number, number][] = [];
async function bodyOf(s: Structure): Promise<[number, number, number]> {
  const voxels = await maskOn(server, s, study);
  const [volume] = study.series.flatMap((x) => x.volumes);
  if (!volume) throw new Error('no volume');
  const [nx, ny] = volume.size;
  const inside = [...voxels.keys()].filter((i) => voxels[i] === 1);
  const row = (i: number): number => Math.floor(i / nx) % ny;
  const rows = inside.map(row).toSorted((p, q) => p - q);
  const front = (rows[0] ?? 0) + ((rows.at(-1) ?? 0) - (rows[0] ?? 0)) / 3;
  const body = inside.filter((i) => row(i) <= front);
  const mean = (of: (i: number) => number): number =>
    body.reduce((sum, i) => sum + of(i), 0) / body.length;
  const [px, py, pz] = toPatient(volume.affine, [
    mean((i) => i % nx),
    mean(row),
    mean((i) => Math.floor(i / (nx * ny))),
  ]);
  return [px, py, pz];
}

test('two structures are merged under the name of one; undo and redo', async () => {
  const [a, b] = pair.map((key) => structureIn(study, key));
  if (!a || !b) throw new Error('no pair');
  const [rowA, rowB] = [rowKey(study, a), rowKey(study, b)];
  for (const s of [a, b]) bodies.push(await bodyOf(s));
  await chooseMore(page, rowA, 'item-merge');
  await page.getByTestId('parts').waitFor();
  await picture(page, 'bones-merge-pick');
  await page.getByTestId(`structure-${rowB}`).locator('button[aria-expanded]').click();
  await picture(page, 'bones-merge-name');
  await page.getByTestId('merge-as-0').click();
  study = await when((s) => has(joined)(s) && !has(pair[0])(s) && !has(pair[1])(s));
  const made = structureIn(study, joined);
  expect(made.voxels).toBe(a.voxels + b.voxels);
  expect([made.name, made.colour, made.verified]).toEqual([a.name, a.colour, false]);
  await page.getByTestId('parts').waitFor({ state: 'detached' });
  await page.getByTestId(`structure-${joined}`).waitFor();

  await page.getByTestId('undo').click();
  const back = await when((s) => !has(joined)(s) && has(pair[0])(s) && has(pair[1])(s));
  expect(pair.map((key) => structureIn(back, key).voxels)).toEqual([a.voxels, b.voxels]);
  await page.getByTestId('redo').click();
  await when((s) => has(joined)(s) && !has(pair[0])(s) && !has(pair[1])(s));
  await page.getByTestId(`structure-${joined}`).waitFor();
});

test('a wrong merge is cut between two touched places, where it is thinnest', async () => {
  const whole = structureIn(await now(), joined);
  await openRow(page, joined);
  await page.getByTestId(`goto-${joined}`).click();
  await chooseMore(page, joined, 'item-cut-between');
  const places = await placesIn(page, 'sagittal', bodies);
  const [first, second] = places;
  if (!first || !second) throw new Error('no places');
  await page.mouse.click(...first);
  await page.getByTestId('parts').getByText('2/2').waitFor();
  await picture(page, 'bones-cut-touch');
  await page.mouse.click(...second);
  const name = 'vertebra_l4_102';
  // Its log: made, hidden, shown, cut.
  study = await when((s) => has(name)(s) && structureIn(s, joined).edited?.revision === 4);
  const [one, two] = [structureIn(study, joined), structureIn(study, name)];
  expect(one.voxels + two.voxels).toBe(whole.voxels);
  // What the split had found: within a tenth, along a joint of some voxels.
  const before = whole.voxels;
  expect(Math.min(one.voxels, two.voxels) / before).toBeGreaterThan(0.3);
  await page.getByTestId('parts').waitFor({ state: 'detached' });
  await page.getByTestId(`structure-${name}`).waitFor();
  await picture(page, 'bones-cut');
  await page.getByTestId('undo').click();
  const back = await when((s) => !has(name)(s) && structureIn(s, joined).edited?.revision === 5);
  expect(structureIn(back, joined).voxels).toBe(whole.voxels);
});

test('a planned cut is made: two structures, mL as the plan said, undone', async () => {
  const key = await row('femur_left');
  const before = structureIn(await now(), 'femur_left');
  await page.getByTestId(`structure-${key}`).scrollIntoViewIfNeeded();
  await openRow(page, key);
  await page.getByTestId(`goto-${key}`).click();
  await chooseMore(page, key, 'item-cut-axial');
  const cut = page.getByTestId('cut');
  await cut.waitFor();
  const [front = 0, back = 0] = [
    ...((await cut.textContent()) ?? '').matchAll(/([\d,.]+) mL/g),
  ].map((m) => Number((m[1] ?? '').replaceAll(',', '')));
  await page.getByTestId('cut-apply').click();
  study = await when(
    (s) => has('femur_left_101')(s) && structureIn(s, 'femur_left').edited?.revision === 1,
  );
  // The plan stays, and says that there is nothing left of it to cut.
  await page.getByTestId('cut-missed').waitFor();
  const [kept, made] = [structureIn(study, 'femur_left'), structureIn(study, 'femur_left_101')];
  expect(kept.voxels + made.voxels).toBe(before.voxels);
  expect(made.volumeMl).toBeCloseTo(front, 0);
  expect(kept.volumeMl).toBeCloseTo(back, 0);
  await page.getByTestId('undo').click();
  const whole = await when((s) => structureIn(s, 'femur_left').edited?.revision === 2);
  expect(structureIn(whole, 'femur_left').voxels).toBe(before.voxels);
});

test('stones: only in a confirmed kidney, with place, diameter, mL and HU, confirmed one by one', async () => {
  const patient = ctAbdomen(grid);
  const segment = patient.labelMap.segments.find((s) => s.key === 'kidney_right');
  const [mask] = segment ? masksOfLabels(patient.labelMap.data, [segment]) : [];
  const volume = study.series.flatMap((s) => s.volumes)[0];
  const answer = await server.fetch(`/api/volumes/${volume?.id}/structures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      key: 'kidney_right',
      mask: gzipSync(encodeMask(mask ?? new Uint32Array())).toString('base64'),
    }),
  });
  const kidney = structure.parse(await answer.json());
  await page.getByTestId(`structure-${kidney.key}`).waitFor();
  await openRow(page, kidney.key);
  const find = page.getByTestId(`find-${kidney.key}`);
  await find.waitFor();
  expect(await find.isDisabled()).toBe(true);
  await page.getByText('医生确认该肾脏后才能在其中查找结石。').waitFor();
  await picture(page, 'stones-unverified');
  await page.getByTestId(`verify-${kidney.key}`).click();
  await page.locator(`[data-testid="find-${kidney.key}"]:enabled`).click();
  const stone = page.getByTestId('stone');
  await stone.waitFor();
  expect(await stone.count()).toBe(1);
  const text = (await stone.textContent()) ?? '';
  const shown = /(上部|中部|下部).*?([\d.]+) mm.*?([\d.]+) mL.*?平均 (\d+) HU，最高 (\d+) HU/.exec(
    text,
  );
  expect(text).toContain('右肾结石 1');
  const { distances } = patient.truth;
  expect(Math.abs(Number(shown?.[2]) - (distances.stone_length ?? 0))).toBeLessThan(3.2);
  expect(Number(shown?.[5])).toBeGreaterThan(Number(shown?.[4]));
  expect(Number(shown?.[4])).toBeGreaterThan(200);
  study = await when((s) =>
    s.series.some((x) => x.structureSets.some((set) => set.of === kidney.id)),
  );
  const set = study.series.flatMap((s) => s.structureSets).find((x) => x.of === kidney.id);
  const [found] = set?.structures ?? [];
  expect(found?.volumeMl).toBeCloseTo(Number(shown?.[3]), 1);

  await page.getByTestId('goto-stone').click();
  await picture(page, 'stones-found');
  const key = `${set?.id}-${found?.key}`;
  await openRow(page, key);
  await page.getByTestId(`reject-${key}`).click();
  await when((s) => structureIn(s, found?.key ?? '').verdict?.state === 'rejected');
  await page.getByTestId(`verify-${key}`).click();
  await when((s) => structureIn(s, found?.key ?? '').verified);
});
