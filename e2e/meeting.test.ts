import { studyDetail } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { board, desk, picture, type Screen, signIn, smallDesk } from './support/browser.ts';
import { type Account, openScene, type Scene, whenShown } from './support/scene.ts';

let scene: Scene;
/** At a desk; a doctor at a touch board; somebody who may only look. */
let chen: Page;
let li: Page;
let zhou: Page;

let chenAccount: Account;

async function open(as: Account, screen: Screen): Promise<Page> {
  const page = await scene.enter({ as, screen });
  await whenShown(page);
  return page;
}

beforeAll(async () => {
  scene = await openScene();
  chenAccount = await scene.add('chen', '陈医生', 'doctor');
  chen = await open(chenAccount, desk);
  li = await open(await scene.add('li', '李医生', 'doctor'), { ...board, locale: 'en-GB' });
  zhou = await open(await scene.add('zhou', '周同学', 'viewer'), smallDesk);
}, 600_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

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
const marks = () => scene.marks();
const status = (page: Page, follow: string) =>
  page.locator(`[data-testid="meeting-status"][data-follow="${follow}"]`).waitFor();
const chipOf = (page: Page, name: string) =>
  page.getByTestId('people').locator(`button[aria-label^="${name}"]`);

/** The tools of reading together; on a narrow bar behind their tab. */
async function meet(page: Page): Promise<void> {
  const tab = page.getByTestId('group-meet');
  if ((await tab.count()) > 0) await tab.click();
}

async function choose(page: Page, group: 'measure' | 'draw', tool: string): Promise<void> {
  const button = page.getByTestId(`tool-${tool}`);
  if ((await button.count()) === 0) await page.getByTestId(`group-${group}`).click();
  if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
}

async function drawLength(page: Page, dx: number, dy: number): Promise<void> {
  await choose(page, 'measure', 'length');
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

/** Whether a mark of this colour is painted in the axial view, mm from its middle. */
async function isPainted(page: Page, [x, y]: At, colour: string): Promise<boolean> {
  const scale = await pixelsPerMm(page);
  return page.evaluate(
    ([px, py, hex]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="marks-axial"]');
      const context = canvas?.getContext('2d');
      if (!canvas?.width || !context) return false;
      const ratio = canvas.width / canvas.clientWidth;
      const [cx, cy] = [canvas.width / 2 + px * ratio, canvas.height / 2 + py * ratio];
      const { data } = context.getImageData(Math.round(cx) - 6, Math.round(cy) - 6, 13, 13);
      const wanted = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      for (let n = 0; n < data.length; n += 4) {
        const isIt = wanted.every((v, c) => Math.abs((data[n + c] ?? 0) - v) < 12);
        if (isIt && (data[n + 3] ?? 0) > 200) return true;
      }
      return false;
    },
    [x * scale, y * scale, colour] as const,
  );
}

test('two draw in one view at the same moment; each takes back only their own', async () => {
  const before = await marks();
  await choose(chen, 'measure', 'length');
  await choose(li, 'draw', 'arrow');
  /** Where each begins and ends, mm from the middle of the axial view. */
  const lines = [
    { page: chen, from: [-40, -30], to: [30, -20] },
    { page: li, from: [35, -35], to: [-35, -10] },
  ] as const;
  const place = async (page: Page, [x, y]: At): Promise<At> => {
    const scale = await pixelsPerMm(page);
    return inView(page, 'axial', x * scale, y * scale);
  };
  const hands = await Promise.all(
    lines.map(async ({ page, from, to }) => ({
      page,
      from: await place(page, from),
      to: await place(page, to),
    })),
  );
  for (const { page, from } of hands) await page.mouse.move(...from);
  for (const { page } of hands) await page.mouse.down();
  for (let n = 1; n <= 8; n++) {
    for (const { page, from, to } of hands) {
      await page.mouse.move(
        from[0] + ((to[0] - from[0]) * n) / 8,
        from[1] + ((to[1] - from[1]) * n) / 8,
      );
    }
  }
  for (const { page } of hands) await page.mouse.up();
  for (const page of [chen, li]) await page.keyboard.press('Escape');
  const known = new Set(before.map((m) => m.id));
  const drawn = async () => (await marks()).filter((m) => !known.has(m.id));
  await expect
    .poll(async () => (await drawn()).map((m) => `${m.author.name} ${m.kind}`).sort(), patience)
    .toEqual(['李医生 arrow', '陈医生 length']);
  const colours = new Map((await drawn()).map((m) => [m.kind, m.colour]));
  expect(new Set(colours.values()).size).toBe(2);
  for (const page of [chen, li]) {
    for (const [n, kind] of (['length', 'arrow'] as const).entries()) {
      const { from, to } = lines[n] ?? lines[0];
      // Not in their middle, where they cross.
      const at: At = [from[0] + (to[0] - from[0]) * 0.25, from[1] + (to[1] - from[1]) * 0.25];
      await expect.poll(() => isPainted(page, at, colours.get(kind) ?? ''), patience).toBe(true);
    }
  }
  await picture(chen, 'meeting-two-draw');
  const kinds = async () => (await drawn()).map((m) => m.kind).sort();
  await chen.keyboard.press('Control+z');
  await expect.poll(kinds, patience).toEqual(['arrow']);
  await li.keyboard.press('Control+z');
  await expect.poll(kinds, patience).toEqual([]);
  await chen.keyboard.press('Control+Shift+z');
  await li.keyboard.press('Control+Shift+z');
  await expect.poll(kinds, patience).toEqual(['arrow', 'length']);
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
  await zhou.route(`**/api/studies/${scene.study.studyInstanceUid}`, async (route) => {
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
  await zhou.unroute(`**/api/studies/${scene.study.studyInstanceUid}`);
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

/** By its own tick, or in the list of those that lie so close that they are one. */
async function jumpToBirth(page: Page, id: string | undefined): Promise<void> {
  const tick = page.getByTestId(`birth-${id}`);
  if ((await tick.count()) > 0) return tick.click();
  const groups = page.getByTestId('births');
  for (let n = 0; n < (await groups.count()); n++) {
    await groups.nth(n).click();
    const item = page.getByTestId(`item-birth-${id}`);
    if ((await item.count()) > 0) return item.click();
    await page.keyboard.press('Escape');
  }
  throw new Error(`no tick of ${id}`);
}

test('the past is played back, and goes on as a copy', async () => {
  const all = (await marks()).length;
  const first = (await marks()).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))[0];
  await meet(chen);
  await chen.getByTestId('more-meet').click();
  await chen.getByTestId('item-replay').click();
  await chen.getByTestId('replay').waitFor();
  await count(chen).getByText(String(all)).waitFor();
  await count(chen).click();
  await jumpToBirth(chen, first?.id);
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
  await page.goto(`${scene.server.url}/board?board=75&study=${scene.study.studyInstanceUid}`);
  await page.getByTestId('sign-in').waitFor();
  expect(await page.getByTestId('patient').count()).toBe(0);
  await signIn(page, chenAccount.password, chenAccount.name);
  await page.waitForURL(/\/studies\//);
  await page.getByTestId('patient').waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset.pointer)).toBe('board');
});
