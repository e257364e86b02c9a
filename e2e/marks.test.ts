import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mark, MarkKind, StudyDetail } from '@yuepian/contract';
import { decodeStroke } from '@yuepian/geometry';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture } from './support/browser.ts';
import { xrayWithoutSpacing } from './support/frames.ts';
import { importFiles, whenStudy } from './support/phantom.ts';
import { openScene, type Scene } from './support/scene.ts';

let scene: Scene;
let study: StudyDetail;
let page: Page;
beforeAll(async () => {
  scene = await openScene();
  study = scene.study;
});
afterAll(() => scene?.[Symbol.asyncDispose]());

type At = readonly [x: number, y: number];

const open = (uid: string): Promise<Page> => scene.enter({ path: `/studies/${uid}` });
const marksOf = (caseId: StudyDetail['caseId']): Promise<Mark[]> => scene.marks(caseId);
const saved = () => page.locator('[data-testid="saved"]').getByText('已保存').waitFor();
/** The marks once there are so many; the list beside the images says so first. */
const whenMarks = async (count: number): Promise<Mark[]> => {
  await page.getByTestId('panel-marks').getByText(`标注 ${count}`).waitFor();
  await saved();
  const marks = await marksOf(study.caseId);
  expect(marks).toHaveLength(count);
  return marks;
};

async function middleOf(kind: string): Promise<At> {
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  if (!box) throw new Error(`no ${kind} view`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}
async function drag(...places: At[]): Promise<void> {
  const [first, ...rest] = places;
  if (!first) return;
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const at of rest) await page.mouse.move(...at, { steps: 4 });
  await page.mouse.up();
}
async function clicks(...places: At[]): Promise<void> {
  for (const at of places) await page.mouse.click(...at);
}
const drawn = new Set(['ink', 'arrow', 'text', 'highlighter', 'laser', 'keyImage']);
/** From the bar, on a narrow one behind the tab of its group, or from the group's popover. */
async function choose(tool: string): Promise<void> {
  const group = drawn.has(tool) ? 'draw' : 'measure';
  const tab = page.getByTestId(`group-${group}`);
  if ((await tab.count()) > 0) await tab.click();
  const button = page.getByTestId(`tool-${tool}`);
  if ((await button.count()) === 0) {
    await page.getByTestId(`more-${group}`).click();
    await page.getByTestId(`item-${tool}`).click();
    return;
  }
  if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
}
/** What the list says of every mark, all lines. */
async function listed(): Promise<string[]> {
  await page.getByTestId('panel-marks').click();
  const rows = page.locator('[data-testid="marks-panel"] li[data-testid^="mark-row-"]');
  const texts: string[] = [];
  for (let n = 0; n < (await rows.count()); n++) {
    const row = rows.nth(n);
    if ((await row.getAttribute('data-open')) !== 'true') {
      await row.locator('button[aria-expanded]').click();
    }
    texts.push((await row.allInnerTexts()).join(' ').replace(/\s+/g, ' '));
  }
  return texts;
}

test('every kind is drawn with the mouse on slices and keeps its numbers through a crash', async () => {
  page = await open(study.studyInstanceUid);
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
  await page.getByTestId('structure-bone').waitFor();
  const [x, y] = await middleOf('axial');
  const at = (dx: number, dy: number): At => [x + dx, y + dy];

  await choose('length');
  await drag(at(-150, -90), at(-40, -80));
  await choose('bidirectional');
  await drag(at(20, -110), at(110, -100));
  await drag(at(60, -130), at(70, -85));
  await choose('angle');
  await clicks(at(-160, 20), at(-110, 60), at(-60, 20));
  await choose('cobb');
  await drag(at(-150, 95), at(-90, 85));
  await drag(at(-150, 130), at(-90, 142));
  await choose('ellipse');
  await drag(at(20, -40), at(80, 0));
  await choose('rectangle');
  await drag(at(110, -60), at(160, -20));
  await choose('polygon');
  await clicks(at(40, 40), at(90, 30), at(100, 70), at(60, 90), at(41, 41));
  await choose('freehand');
  await drag(at(130, 40), at(165, 50), at(160, 90), at(125, 85), at(131, 42));
  await choose('probe');
  await clicks(at(0, 10));
  await choose('arrow');
  await drag(at(-20, 100), at(20, 130));
  await choose('text');
  await clicks(at(40, 140));
  await page.getByTestId('mark-text').fill('左肾下极囊肿？');
  await page.getByTestId('mark-text').press('Enter');
  await choose('ink');
  await drag(at(-60, -30), at(-40, -50), at(-20, -20), at(0, -50));
  await choose('highlighter');
  await drag(at(-120, -20), at(-70, -20));
  await choose('laser');
  await drag(at(-120, 0), at(-70, 0));
  await choose('keyImage');

  const drawn = await whenMarks(14);
  const kinds: MarkKind[] = [
    'length',
    'bidirectional',
    'angle',
    'cobb',
    'ellipse',
    'rectangle',
    'polygon',
    'freehand',
    'probe',
    'arrow',
    'text',
    'ink',
    'highlighter',
    'keyImage',
  ];
  expect(drawn.map((m) => m.kind)).toEqual(kinds);
  const ink = drawn.find((m) => m.kind === 'ink');
  expect(decodeStroke(ink?.stroke ?? new Uint8Array()).length).toBeGreaterThan(8);
  // All of a planar mark lies on the slice it was drawn on.
  for (const m of drawn) {
    if (m.kind === 'keyImage') continue;
    for (const p of m.points) expect(p[2]).toBeCloseTo(m.plane.point[2], 9);
  }
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByTestId('panel-marks').click();
  await picture(page, 'marks-all-kinds');
  await page.getByTestId('maximise-axial').click();
  await page.locator('[data-testid="mark-row-ellipse"] button[aria-expanded]').click();
  await picture(page, 'marks-one-view');
  await page.getByTestId('maximise-axial').click();
  const before = await listed();
  expect(before.filter((line) => /mm|°|HU/.test(line))).toHaveLength(9);

  await page.close();
  await scene.server.kill('SIGKILL');
  await scene.server.restart();
  expect(await marksOf(study.caseId)).toEqual(drawn);
  page = await open(study.studyInstanceUid);
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
  expect(await listed()).toEqual(before);
});

test('a 3D distance and marks on a surface are placed in the 3D view', async () => {
  const [x, y] = await middleOf('volume');
  const box = await page.getByTestId('view-volume').boundingBox();
  const height = box?.height ?? 0;
  await choose('distance');
  await clicks([x, y - height * 0.2], [x, y + height * 0.12]);
  const [distance] = (await whenMarks(15)).slice(-1);
  expect(distance?.kind).toBe('distance');
  expect(
    Math.abs((distance?.points[0]?.[2] ?? 0) - (distance?.points[1]?.[2] ?? 0)),
  ).toBeGreaterThan(5);
  await choose('surfacePoint');
  await clicks([x, y - height * 0.05]);
  expect((await whenMarks(16)).at(-1)).toMatchObject({
    kind: 'surfacePoint',
    structureKey: 'bone',
  });
  await choose('point');
  // Beside the middle, where handles of other marks lie.
  const [cx, cy] = await middleOf('coronal');
  await page.mouse.click(cx + 83, cy - 67);
  expect((await whenMarks(17)).at(-1)?.kind).toBe('point');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await picture(page, 'marks-3d');
});

test('a mark is renamed, hidden, jumped to and deleted in the list, each undone by one step', async () => {
  await page.getByTestId('panel-marks').click();
  const row = page.getByTestId('mark-row-length');
  if ((await row.getAttribute('data-open')) !== 'true') {
    await row.locator('button[aria-expanded]').click();
  }
  await row.getByTestId('mark-name').fill('主动脉直径');
  await row.getByTestId('mark-name').press('Enter');
  await row.getByText('主动脉直径').first().waitFor();
  await row.getByTestId('mark-eye-length').click();
  await saved();
  const find = async () => (await marksOf(study.caseId)).find((m) => m.kind === 'length');
  await expect.poll(find, { timeout: 20_000 }).toMatchObject({ label: '主动脉直径', hidden: true });
  await page.getByTestId('undo').click();
  await expect
    .poll(find, { timeout: 20_000 })
    .toMatchObject({ label: '主动脉直径', hidden: false });
  await row.getByTestId('mark-remove').click();
  await row.waitFor({ state: 'detached' });
  await page.getByTestId('undo').click();
  await row.waitFor();
  await expect.poll(find, { timeout: 20_000 }).toMatchObject({ label: '主动脉直径' });
});

test('without a mouse a length is placed by arrows and Enter, nudged, and deleted', async () => {
  await page.getByTestId('view-axial').locator('[role="application"]').focus();
  const before = (await marksOf(study.caseId)).length;
  await page.keyboard.press('l');
  for (const key of ['ArrowLeft', 'ArrowUp', 'Enter', 'ArrowRight', 'ArrowRight', 'ArrowRight']) {
    await page.keyboard.press(key);
  }
  await page.keyboard.press('Enter');
  const drawn = (await whenMarks(before + 1)).at(-1);
  expect(drawn?.kind).toBe('length');
  const [first] = drawn?.points ?? [];
  // The tool put away, arrows move the mark that is selected.
  await page.keyboard.press('n');
  const moved = async (axis: 0 | 1): Promise<number> => {
    const now = (await marksOf(study.caseId)).find((m) => m.id === drawn?.id)?.points[0];
    return (now?.[axis] ?? Number.NaN) - (first?.[axis] ?? Number.NaN);
  };
  // An axial view shows the patient's left on the right and the back below.
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => moved(0), { timeout: 20_000 }).toBeCloseTo(0.1, 9);
  await page.keyboard.press('Shift+ArrowDown');
  await expect.poll(() => moved(1), { timeout: 20_000 }).toBeCloseTo(1, 9);
  await page.keyboard.press('Delete');
  await whenMarks(before);
});

test('on an X-ray without spacing lines are kept in pixels and no millimetre is shown', async () => {
  await page?.close();
  const folder = await mkdtemp(join(tmpdir(), 'yuepian-e2e-marks-'));
  const file = join(folder, 'xray.dcm');
  await writeFile(file, xrayWithoutSpacing());
  const uid = await importFiles(scene.server, [file]);
  await rm(folder, { recursive: true, force: true });
  const xray = await whenStudy(scene.server, uid, (s) =>
    s.series.every((v) => v.kind === 'frames'),
  );
  page = await open(uid);
  // A hand draws on the image, not on the place where it will be.
  await page.waitForFunction(() => {
    const source = document.querySelector<HTMLCanvasElement>('[data-testid="view-frame"] canvas');
    const copy = document.createElement('canvas');
    copy.width = copy.height = 1;
    const context = copy.getContext('2d');
    if (!source?.width || !context) return false;
    context.drawImage(source, source.width / 2, source.height / 2, 1, 1, 0, 0, 1, 1);
    return (context.getImageData(0, 0, 1, 1).data[0] ?? 0) > 40;
  });
  const [x, y] = await middleOf('frame');
  await choose('length');
  await drag([x - 120, y - 60], [x - 20, y - 60]);
  await choose('rectangle');
  await drag([x + 20, y - 60], [x + 120, y + 20]);
  await choose('cobb');
  await drag([x - 160, y + 60], [x - 60, y + 50]);
  await drag([x - 160, y + 110], [x - 60, y + 130]);
  await choose('ink');
  await drag([x + 30, y + 60], [x + 80, y + 100], [x + 120, y + 60]);
  await page.getByTestId('expand-structures').click();
  const rows = page.locator('[data-testid="marks-panel"] li[data-testid^="mark-row-"]');
  await expect.poll(() => rows.count()).toBe(4);
  await saved();
  const drawn = await marksOf(xray.caseId);
  expect(drawn.map((m) => m.kind)).toEqual(['length', 'rectangle', 'cobb', 'ink']);
  for (const m of drawn) expect(m).toMatchObject({ frame: { frame: 1 } });
  const text = (await page.getByTestId('marks-panel').allInnerTexts()).join('\n');
  expect(text).not.toMatch(/\d\s*mm/);
  expect(text).toContain('像素间距未知');
  await picture(page, 'marks-xray');
  await page.close();
});
