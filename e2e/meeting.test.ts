import { rm } from 'node:fs/promises';
import { type Mark, type StudyDetail, studyDetail } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import {
  board,
  desk,
  picture,
  type Screen,
  signIn,
  smallDesk,
  startBrowser,
  type TestBrowser,
} from './support/browser.ts';
import { importFiles, isReconstructed, phantomFolder, whenStudy } from './support/phantom.ts';

const password = 'correct horse battery';
let server: TestServer;
let browser: TestBrowser;
let study: StudyDetail;
/** At a desk; a doctor at a touch board; somebody who may only look. */
let chen: Page;
let li: Page;
let zhou: Page;

async function addUser(name: string, displayName: string, role: string): Promise<void> {
  const answer = await server.fetch('/api/users', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, displayName, role, password }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function open(name: string, screen: Screen): Promise<Page> {
  const page = await browser.open(`${server.url}/studies/${study.studyInstanceUid}`, screen);
  await signIn(page, password, name);
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
  return page;
}

beforeAll(async () => {
  const phantom = await phantomFolder('ct');
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const uid = await importFiles(server, phantom.files);
  study = await whenStudy(server, uid, isReconstructed);
  await rm(phantom.folder, { recursive: true, force: true });
  await addUser('chen', '陈医生', 'doctor');
  await addUser('li', '李医生', 'doctor');
  await addUser('zhou', '周同学', 'viewer');
  chen = await open('chen', desk);
  li = await open('li', { ...board, locale: 'en-GB' });
  zhou = await open('zhou', smallDesk);
}, 600_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

type At = readonly [number, number];
async function boxOf(page: Page, kind: string) {
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  if (!box) throw new Error(`no ${kind} view`);
  return box;
}
/** Dx, dy in CSS pixels from the middle of a view. */
async function inView(page: Page, kind: string, dx = 0, dy = 0): Promise<At> {
  const box = await boxOf(page, kind);
  return [box.x + box.width / 2 + dx, box.y + box.height / 2 + dy];
}
const slice = async (page: Page): Promise<number> =>
  Number(await page.locator('[data-view="axial"] [role="slider"]').getAttribute('aria-valuenow'));
/** A frame of a 4K screen takes its time without a graphics card. */
const patience = { timeout: 20_000 };
const count = (page: Page) => page.getByTestId('panel-marks');
const marks = async (): Promise<Mark[]> => {
  const answer = await server.fetch(`/api/cases/${study.caseId}`);
  return ((await answer.json()) as { marks: Mark[] }).marks;
};
const status = (page: Page, follow: string) =>
  page.locator(`[data-testid="meeting-status"][data-follow="${follow}"]`).waitFor();
const chipOf = (page: Page, name: string) =>
  page.getByTestId('people').locator(`button[aria-label^="${name}"]`);

/** The tools of reading together; on a narrow bar behind their tab. */
async function meet(page: Page): Promise<void> {
  const tab = page.getByTestId('group-meet');
  if ((await tab.count()) > 0) await tab.click();
}

async function drawLength(page: Page, dx: number, dy: number): Promise<void> {
  const button = page.getByTestId('tool-length');
  if ((await button.count()) === 0) await page.getByTestId('group-measure').click();
  if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
  await page.mouse.move(...(await inView(page, 'axial', dx, dy)));
  await page.mouse.down();
  await page.mouse.move(...(await inView(page, 'axial', dx + 60, dy + 20)), { steps: 4 });
  await page.mouse.up();
  await page.keyboard.press('Escape');
}

/** A line that can be cut: the browser has no network, and its open socket ends. */
async function breakable(page: Page) {
  let isCut = false;
  const open: { close(): Promise<void> }[] = [];
  await page.routeWebSocket(/\/socket/, (socket) => {
    if (isCut) {
      void socket.close({ code: 4000 });
      return;
    }
    open.push(socket, socket.connectToServer());
  });
  await page.reload();
  await page.locator('[data-testid="saved"][data-state="saved"]').waitFor();
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
  return {
    async cut() {
      isCut = true;
      await page.context().setOffline(true);
      for (const socket of open) await socket.close();
    },
    async mend() {
      isCut = false;
      await page.context().setOffline(false);
    },
  };
}

/** What the list says of the first mark, opened. */
async function firstRow(page: Page): Promise<string> {
  const row = page.locator('li[data-testid^="mark-row-"]').first();
  if ((await row.getAttribute('data-open')) !== 'true') {
    await row.locator('button[aria-expanded]').click();
  }
  return (await row.textContent()) ?? '';
}

/** CSS pixels for a millimetre of the axial view, as its scale bar says. */
async function pixelsPerMm(page: Page): Promise<number> {
  const bar = page.locator('[data-testid="info-axial"] [data-testid="scale"]');
  const [, length = '', unit = ''] =
    /([\d.]+)\s*(mm|cm)/.exec((await bar.textContent()) ?? '') ?? [];
  const box = await bar.locator('span').nth(1).boundingBox();
  return (box?.width ?? 0) / (Number(length) * (unit === 'cm' ? 10 : 1));
}

/** Where a person's cursor is drawn, in mm from the middle of the axial view. */
async function cursorMm(page: Page, userId: string): Promise<At> {
  const found = await page.waitForFunction(
    (id) =>
      document
        .querySelector<HTMLElement>('[data-testid="cursors-axial"]')
        ?.dataset.cursors?.split(';')
        .find((entry) => entry.startsWith(id)),
    userId,
  );
  const [x, y] = String(await found.jsonValue())
    .split(' ')
    .slice(1)
    .map(Number);
  const box = await boxOf(page, 'axial');
  const scale = await pixelsPerMm(page);
  return [
    ((x ?? Number.NaN) - box.width / 2) / scale,
    ((y ?? Number.NaN) - box.height / 2) / scale,
  ];
}

test('everybody sees who is here, and a mark appears for all with the same number', async () => {
  await chipOf(chen, '李医生').waitFor();
  await chipOf(chen, '周同学').waitFor();
  expect(await chipOf(chen, '李医生').getAttribute('aria-label')).toBe('李医生: 参与 · 大屏');
  expect(await chipOf(li, '周同学').getAttribute('aria-label')).toBe('周同学: looks on · computer');

  await drawLength(chen, -60, -40);
  for (const page of [chen, li, zhou]) {
    await count(page).click();
    await page.locator('li[data-testid^="mark-row-"]').first().waitFor();
  }
  const rows = await Promise.all([chen, li].map((p) => firstRow(p)));
  const numbers = rows.map((text) => /([\d.]+) mm/.exec(text)?.[1]);
  expect(numbers[0]).toBeDefined();
  expect(numbers[1]).toBe(numbers[0]);
  await picture(chen, 'meeting-desk');
});

test('who may only look has no tools that change', async () => {
  const tool = zhou.getByTestId('tool-length');
  if ((await tool.count()) === 0) await zhou.getByTestId('group-measure').click();
  expect(await tool.isDisabled()).toBe(true);
  await meet(zhou);
  await zhou.getByTestId('more-meet').click();
  await zhou.getByTestId('item-replay').waitFor();
  expect(await zhou.getByTestId('item-lead').count()).toBe(0);
  await zhou.keyboard.press('Escape');
  const before = (await marks()).length;
  await zhou.keyboard.press('l');
  await zhou.mouse.move(...(await inView(zhou, 'axial', 20, 20)));
  await zhou.mouse.down();
  await zhou.mouse.move(...(await inView(zhou, 'axial', 60, 60)), { steps: 3 });
  await zhou.mouse.up();
  expect(await marks()).toHaveLength(before);
});

test('the others follow the lead in millimetres, from a desk to a board', async () => {
  await meet(chen);
  await chen.getByTestId('more-meet').click();
  await chen.getByTestId('item-lead').click();
  await status(chen, 'leading');
  await status(li, 'following');
  const start = await slice(chen);
  await chen.mouse.move(...(await inView(chen, 'axial', 30, 10)));
  await chen.mouse.wheel(0, 500);
  await chen.keyboard.down('Control');
  await chen.mouse.wheel(0, -300);
  await chen.keyboard.up('Control');
  await expect.poll(() => slice(chen), patience).not.toBe(start);
  await expect.poll(async () => (await slice(li)) - (await slice(chen)), patience).toBe(0);
  // A third person points: both screens show the place at the same millimetres of the same picture.
  await zhou.mouse.move(...(await inView(zhou, 'axial', 12, -9)));
  const zhouId = (await chipOf(chen, '周同学').getAttribute('data-testid'))?.replace('person-', '');
  const apart = async (): Promise<number> => {
    const [a, b] = [await cursorMm(chen, zhouId ?? ''), await cursorMm(li, zhouId ?? '')];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  await expect.poll(apart, patience).toBeLessThan(0.5);
  expect(await li.getByTestId('differs').count()).toBe(0);
  await picture(li, 'meeting-board');

  await chen.getByTestId('maximise-volume').click();
  await li.locator('[data-testid="views"][data-layout="single"]').waitFor();
  await chen.getByTestId('maximise-volume').click();
  await li.locator('[data-testid="views"][data-layout="four"]').waitFor();
});

test('ink shows on the other screen while it is drawn', async () => {
  const before = (await marks()).length;
  if ((await chen.getByTestId('group-draw').count()) > 0)
    await chen.getByTestId('group-draw').click();
  await chen.getByTestId('tool-ink').click();
  await chen.mouse.move(...(await inView(chen, 'axial', -40, 60)));
  await chen.mouse.down();
  await chen.mouse.move(...(await inView(chen, 'axial', 30, 80)), { steps: 8 });
  // The pen is still down: no mark yet, and the line is there.
  await li.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="wet-axial"]');
    const context = canvas?.getContext('2d');
    if (!canvas?.width || !context) return false;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, n) => n % 4 === 3 && value > 0);
  });
  expect(await marks()).toHaveLength(before);
  await chen.mouse.up();
  await count(li)
    .getByText(String(before + 1))
    .waitFor();
  await chen.keyboard.press('Escape');
});

test('touching the view leaves the lead, one tap comes back', async () => {
  const led = await slice(chen);
  await li.mouse.move(...(await inView(li, 'axial')));
  await li.mouse.wheel(0, 400);
  await status(li, 'free');
  expect(await slice(chen)).toBe(led);
  await picture(li, 'meeting-free');
  await li.getByTestId('rejoin').click();
  await status(li, 'following');
  await li.waitForFunction(
    (n) =>
      document
        .querySelector('[data-view="axial"] [role="slider"]')
        ?.getAttribute('aria-valuenow') === String(n),
    led,
  );
  // Asked for and handed over.
  await chipOf(li, '陈医生').click();
  await li.getByTestId('item-ask-lead').click();
  await chen.getByTestId('asks').getByTestId('give-lead').click();
  await status(li, 'leading');
  await status(chen, 'following');
});

test('a screen that shows something else is warned about on both sides', async () => {
  // This browser was told of another revision of the volume, as when it missed a new import.
  await zhou.route(`**/api/studies/${study.studyInstanceUid}`, async (route) => {
    const answer = await route.fetch();
    const old = studyDetail.parse(await answer.json());
    const series = old.series.map((s) => ({ ...s, structures: s.structures.slice(1) }));
    await route.fulfill({ response: answer, json: { ...old, series } });
  });
  await zhou.reload();
  await zhou.getByTestId('differs').waitFor();
  expect(await zhou.getByTestId('differs').textContent()).toContain('模型');
  await li.getByTestId('differs').waitFor();
  expect(await li.getByTestId('differs').textContent()).toContain(
    '周同学 sees something else: models',
  );
  await picture(li, 'meeting-differs');
  await zhou.unroute(`**/api/studies/${study.studyInstanceUid}`);
  await zhou.reload();
  await li.getByTestId('differs').waitFor({ state: 'detached' });
});

test('offline work waits, merges on return, and others hear what happened meanwhile', async () => {
  const before = (await marks()).length;
  const line = await breakable(chen);
  await line.cut();
  await chen.locator('[data-testid="saved"][data-state="offline"]').waitFor();
  for (const n of [0, 1, 2]) await drawLength(chen, -90, 20 + n * 25);
  await chen.getByTestId('saved').getByText('3 项改动待保存').waitFor();
  await picture(chen, 'meeting-offline');
  await drawLength(li, 120, 160);
  await li.locator('[data-testid="saved"][data-state="saved"]').waitFor();
  await line.mend();
  await chen.locator('[data-testid="saved"][data-state="saved"]').waitFor();
  await count(li)
    .getByText(String(before + 4))
    .waitFor();
  await count(chen)
    .getByText(String(before + 4))
    .waitFor();
  expect(await marks()).toHaveLength(before + 4);
  await chen.getByTestId('away').waitFor();
  expect(await chen.getByTestId('away').textContent()).toContain('李医生 · 新增 1 个标注');
  await chen.getByTestId('away-list').click();
  await picture(chen, 'meeting-away');
  await chen.getByTestId('away-events').locator('button').first().click();
});

test('the past is played back, and goes on as a copy', async () => {
  const all = (await marks()).length;
  const first = (await marks()).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))[0];
  await meet(chen);
  await chen.getByTestId('more-meet').click();
  await chen.getByTestId('item-replay').click();
  await chen.getByTestId('replay').waitFor();
  await count(chen).getByText(String(all)).waitFor();
  await count(chen).click();
  await chen.getByTestId(`birth-${first?.id}`).click();
  await count(chen).getByText('标注 1', { exact: true }).waitFor();
  expect(await chen.locator('li[data-testid^="mark-row-"]').count()).toBe(1);
  const measure = chen.getByTestId('group-measure');
  if ((await measure.count()) > 0) await measure.click();
  expect(await chen.getByTestId('tool-length').isDisabled()).toBe(true);
  // The model turns while the past stands still.
  await chen.mouse.move(...(await inView(chen, 'volume')));
  await chen.mouse.down();
  await chen.mouse.move(...(await inView(chen, 'volume', 80, 10)), { steps: 3 });
  await chen.mouse.up();
  await picture(chen, 'meeting-replay');
  expect(await marks()).toHaveLength(all);

  await chen.getByTestId('replay-copy').click();
  await chen.getByTestId('copy-create').click();
  await chen.waitForURL(/\?case=/);
  await chen.locator('[data-testid="saved"][data-state="saved"]').waitFor();
  await count(chen).click();
  await chen.locator('li[data-testid^="mark-row-"]').first().waitFor();
  expect(await chen.locator('li[data-testid^="mark-row-"]').count()).toBe(1);
  expect(await marks()).toHaveLength(all);
  await meet(chen);
  await chen.getByTestId('more-meet').click();
  await chen.getByTestId('item-cases').click();
  await chen.locator('[data-testid="cases"] li').nth(1).waitFor();
  expect(await chen.locator('[data-testid="cases"] li').count()).toBe(2);
  await picture(chen, 'meeting-cases');
});

test('a board on the wall asks for a person before it shows a patient', async () => {
  // Somebody is still signed in there.
  const page = await chen.context().newPage();
  await page.goto(`${server.url}/board?board=75&study=${study.studyInstanceUid}`);
  await page.getByTestId('sign-in').waitFor();
  expect(await page.getByTestId('patient').count()).toBe(0);
  await signIn(page, password, 'chen');
  await page.waitForURL(/\/studies\//);
  await page.getByTestId('patient').waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset.pointer)).toBe('board');
});
