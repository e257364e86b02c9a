import type { Mark } from '@yuepian/contract';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { board, picture } from './support/browser.ts';
import { type At, Fingers, pen } from './support/fingers.ts';
import { openScene, type Scene, whenShown } from './support/scene.ts';

let scene: Scene;
let page: Page;
let cdp: CDPSession;
let fingers: Fingers;
/** A frame of a 4K screen takes its time without a graphics card. */
const patience = { timeout: 30_000 };

beforeAll(async () => {
  scene = await openScene();
  page = await scene.enter({ screen: board, query: '?board=75' });
  await whenShown(page);
  cdp = await page.context().newCDPSession(page);
  fingers = new Fingers(cdp);
}, 600_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

/** A place of the axial view, as parts of its width and height. */
async function at(u: number, v: number): Promise<At> {
  const box = await page.getByTestId('view-axial').boundingBox();
  if (!box) throw new Error('no axial view');
  return [box.x + box.width * u, box.y + box.height * v];
}
const marks = (): Promise<Mark[]> => scene.marks();
const slice = async (): Promise<number> =>
  Number(await page.locator('[data-view="axial"] [role="slider"]').getAttribute('aria-valuenow'));
const letters = (): Promise<string[]> =>
  page.locator('[data-testid="info-axial"] [data-edge]').allTextContents();
const middleOf = async (testId: string): Promise<At> => {
  const box = await page.getByTestId(testId).boundingBox();
  if (!box) throw new Error(`no ${testId}`);
  return [box.x + box.width / 2, box.y + box.height / 2];
};
/** CSS pixels for a millimetre of the axial view, as its scale bar says. */
const zoom = async (): Promise<number> => {
  const bar = page.locator('[data-testid="info-axial"] [data-testid="scale"]');
  const [, length = '', unit = ''] =
    /([\d.]+)\s*(mm|cm)/.exec((await bar.textContent()) ?? '') ?? [];
  const box = await bar.locator('span').nth(1).boundingBox();
  return (box?.width ?? 0) / (Number(length) * (unit === 'cm' ? 10 : 1));
};

/** Contrast of the words of a button with what is painted behind them (WCAG 2.2, 1.4.3). */
const contrastOf = (testId: string): Promise<number> =>
  page.getByTestId(testId).evaluate((button) => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    const behind: Element[] = [];
    for (let e: Element | null = button; e; e = e.parentElement) behind.unshift(e);
    for (const e of behind) {
      context.fillStyle = getComputedStyle(e).backgroundColor;
      context.fillRect(0, 0, 1, 1);
    }
    const luminance = (): number => {
      const [r = 0, g = 0, b = 0] = [...context.getImageData(0, 0, 1, 1).data].map((v) =>
        v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const back = luminance();
    context.fillStyle = getComputedStyle(button.querySelector('span') ?? button).color;
    context.fillRect(0, 0, 1, 1);
    const front = luminance();
    return (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
  });

test('each person takes an island, says who they are and chooses a tool', async () => {
  await page.keyboard.press('Shift+Digit2');
  await page.locator('[data-testid="views"][data-layout="single"]').waitFor();
  await page.getByTestId('group-meet').or(page.getByTestId('add-island')).first().waitFor();
  if (await page.getByTestId('group-meet').count()) await page.getByTestId('group-meet').click();
  await page.getByTestId('add-island').click();
  await page.getByTestId('island-1').waitFor();
  await page.getByTestId('add-island').click();
  await page.getByTestId('island-2-person').click();
  await page.getByTestId('island-2-name').fill('李医生');
  await picture(page, 'board-person');
  // The pointer is over it and it is open: every state of it can be read.
  for (const id of ['island-1-person', 'island-2-person']) {
    expect(await contrastOf(id)).toBeGreaterThanOrEqual(4.5);
  }
  await page.keyboard.press('Escape');
  await page.getByTestId('island-1-length').click();
  await page.getByTestId('island-2-ink').click();
  await picture(page, 'board-islands');
  expect(await page.getByTestId('island-1').getAttribute('data-tool')).toBe('length');
  expect(await page.getByTestId('island-2').getAttribute('data-tool')).toBe('ink');
  // 12 mm on the glass of a 75-inch board, and apart from each other.
  const mm = Math.hypot(3840, 2160) / (75 * 25.4);
  for (const id of ['island-1-length', 'island-1-handle', 'island-1-close', 'island-2-person']) {
    const box = await page.getByTestId(id).boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(12 * mm);
  }
});

test('two people draw at once, each with the tool, colour and name of their island', async () => {
  const [a, b] = [await at(0.3, 0.4), await at(0.7, 0.4)];
  const contacts = [{ at: a }, { at: b }];
  await fingers.down(contacts);
  await fingers.move(
    contacts,
    [
      [a[0] + 160, a[1] + 60],
      [b[0] - 160, b[1] + 90],
    ],
    6,
  );
  // Whose hand is where can be seen while they draw.
  expect(await page.getByTestId('contact-island-1').count()).toBe(1);
  expect(await page.getByTestId('contact-island-2').count()).toBe(1);
  expect(await page.getByTestId('island-1').getAttribute('data-held')).toBe('true');
  await picture(page, 'board-two-draw');
  await fingers.up();
  await expect.poll(async () => (await marks()).length, patience).toBe(2);
  const drawn = await marks();
  expect(drawn.map((m) => m.kind).sort()).toEqual(['ink', 'length']);
  const [ink, length] = ['ink', 'length'].map((kind) => drawn.find((m) => m.kind === kind));
  expect(ink?.author.name).toBe('李医生');
  expect(length?.author.name).not.toBe('李医生');
  expect(ink?.colour).not.toBe(length?.colour);
  expect(await page.getByTestId('contacts').count()).toBe(0);
});

test('one changes the tool while the other has a finger on the image', async () => {
  const hold = { at: await at(0.3, 0.55) };
  await fingers.down([hold]);
  await fingers.move([hold], [[hold.at[0] + 80, hold.at[1]]], 4);
  const held = { at: [hold.at[0] + 80, hold.at[1]] as At };
  const tap = { at: await middleOf('island-2-arrow'), id: 1 };
  await fingers.down([held, tap]);
  await fingers.lift([tap]);
  await expect.poll(() => page.getByTestId('island-2').getAttribute('data-tool')).toBe('arrow');
  await fingers.up();
  await expect.poll(async () => (await marks()).length, patience).toBe(3);
  expect((await marks()).map((m) => m.kind).sort()).toEqual(['ink', 'length', 'length']);
});

test('taking back takes the last mark of one island, and undo brings it back', async () => {
  await page.getByTestId('island-2-undo').click();
  await expect
    .poll(async () => (await marks()).map((m) => m.kind), patience)
    .toEqual(['length', 'length']);
  expect(await page.getByTestId('island-2-undo').isDisabled()).toBe(true);
  expect(await page.getByTestId('island-1-undo').isDisabled()).toBe(false);
  await page.keyboard.press('Control+z');
  await expect.poll(async () => (await marks()).length, patience).toBe(3);
});

test('the eraser of one takes what it touches, the other measures on', async () => {
  await page.getByTestId('island-2-eraser').click();
  const ink = await at(0.7, 0.4);
  await fingers.drag([{ at: [ink[0] + 40, ink[1] + 40] }], [[ink[0] - 130, ink[1] + 60]], 20);
  await expect
    .poll(async () => (await marks()).map((m) => m.kind), patience)
    .toEqual(['length', 'length']);
});

test('two fingers zoom, and turn the picture once it is clearly meant', async () => {
  for (const id of ['island-1', 'island-2']) await page.getByTestId(`${id}-navigate`).click();
  const [x, y] = await at(0.5, 0.5);
  const [before, first] = [await zoom(), await slice()];
  const straight = await letters();
  // Zooming tilts a little; the picture does not.
  await fingers.drag(
    [{ at: [x - 60, y] }, { at: [x + 60, y] }],
    [
      [x - 110, y - 8],
      [x + 110, y + 8],
    ],
    4,
  );
  await expect.poll(zoom, patience).toBeGreaterThan(before * 1.6);
  expect(await letters()).toEqual(straight);
  expect(await slice()).toBe(first);

  await fingers.twist([x, y], 150, 100, 6);
  await expect.poll(async () => (await letters()).join(), patience).not.toBe(straight.join());
  // A quarter clockwise: what was above is at the right now.
  const edge = (name: string) =>
    page.locator(`[data-testid="info-axial"] [data-edge="${name}"]`).textContent();
  expect(await edge('right')).toBe('A');
  await page.getByTestId('more-rotate').click();
  await page.getByTestId('spin-left').click();
  await expect.poll(async () => (await letters()).join(), patience).toBe(straight.join());
  await page.getByTestId('straighten').click();
  await page.keyboard.press('Escape');
});

test('three fingers scroll, a palm does nothing', async () => {
  const [x, y] = await at(0.5, 0.5);
  const first = await slice();
  await fingers.drag(
    [{ at: [x - 40, y - 40] }, { at: [x, y - 40] }, { at: [x + 40, y - 40] }],
    [
      [x - 40, y + 60],
      [x, y + 60],
      [x + 40, y + 60],
    ],
    4,
  );
  await expect.poll(slice, patience).not.toBe(first);

  const scrolled = await slice();
  const count = (await marks()).length;
  await page.getByTestId('island-1-ink').click();
  await fingers.drag([{ at: await at(0.35, 0.6), radius: 45 }], [await at(0.4, 0.4)], 4);
  expect(await slice()).toBe(scrolled);
  expect(await marks()).toHaveLength(count);
});

test('where a person draws with a pen, their finger navigates; the other still draws', async () => {
  const before = await marks();
  const p = await at(0.3, 0.3);
  await pen(cdp, [p, [p[0] + 60, p[1] + 10], [p[0] + 120, p[1] + 40]]);
  await expect.poll(async () => (await marks()).length, patience).toBe(before.length + 1);
  const start = await slice();
  const q = await at(0.35, 0.5);
  await fingers.drag([{ at: q }], [[q[0], q[1] + 90]], 5);
  await expect.poll(slice, patience).not.toBe(start);
  expect(await marks()).toHaveLength(before.length + 1);
  await page.getByTestId('island-2-highlighter').click();
  const r = await at(0.7, 0.5);
  await fingers.drag([{ at: r }], [[r[0] - 120, r[1] + 30]], 5);
  await expect.poll(async () => (await marks()).length, patience).toBe(before.length + 2);
});

test("another person's touch leaves my text and their menu open, and my own ends my text", async () => {
  const before = await marks();
  await page.getByTestId('island-1-text').click();
  // This person draws with a pen since the test before.
  await pen(cdp, [await at(0.3, 0.7)]);
  const field = page.getByTestId('mark-text');
  await field.waitFor();
  await page.keyboard.type('肝');
  const r = await at(0.75, 0.65);
  await fingers.drag([{ at: r }], [[r[0] - 100, r[1] + 20]], 5);
  await expect.poll(async () => (await marks()).length, patience).toBe(before.length + 1);
  await page.keyboard.type('脏');
  // The other's tools and menu, too; then the keys are theirs.
  await page.touchscreen.tap(...(await middleOf('island-2-arrow')));
  await expect.poll(() => page.getByTestId('island-2').getAttribute('data-tool')).toBe('arrow');
  await page.touchscreen.tap(...(await middleOf('island-2-person')));
  const name = page.getByTestId('island-2-name');
  await name.waitFor();
  await page.touchscreen.tap(...(await middleOf('island-2-name')));
  await page.keyboard.type('2');
  expect(await name.inputValue()).toBe('李医生2');
  expect(await field.inputValue()).toBe('肝脏');
  // One's own next touch goes on: the words are kept, and the other's menu stays open.
  await pen(cdp, [await at(0.3, 0.3)]);
  await expect
    .poll(
      async () => (await marks()).filter((m) => m.kind === 'text').map((m) => m.label),
      patience,
    )
    .toEqual(['肝脏']);
  await expect.poll(() => field.inputValue()).toBe('');
  expect(await name.count()).toBe(1);
  await field.press('Escape');
  expect(await field.count()).toBe(0);
  const theirs = await at(0.75, 0.4);
  await fingers.drag([{ at: theirs }], [theirs], 1);
  await name.waitFor({ state: 'detached' });
  await page.getByTestId('island-2-highlighter').click();
  expect((await marks()).filter((m) => m.kind === 'text')).toHaveLength(1);
});

test('Escape takes what the island used last has begun, and leaves what others have', async () => {
  const before = (await marks()).length;
  await page.getByTestId('island-1-length').click();
  await page.getByTestId('island-2-polygon').or(page.getByTestId('island-2-more')).first().click();
  await page
    .getByTestId('island-2-polygon')
    .or(page.getByRole('button', { name: '多边形' }))
    .first()
    .click();
  const p = await at(0.72, 0.5);
  for (const [dx, dy] of [
    [0, 0],
    [60, 0],
  ] as const) {
    await fingers.drag([{ at: [p[0] + dx, p[1] + dy] }], [[p[0] + dx, p[1] + dy]], 1);
  }
  const mine = await at(0.3, 0.6);
  await pen(cdp, [mine]);
  await page.keyboard.press('Escape');
  // The length of the one is gone: its next click begins another one. The polygon of the other goes on.
  await pen(cdp, [[mine[0], mine[1] - 60]]);
  await fingers.drag([{ at: [p[0] + 40, p[1] + 70] }], [[p[0] + 40, p[1] + 70]], 1);
  await fingers.drag([{ at: p }], [p], 1);
  await expect.poll(async () => (await marks()).length, patience).toBe(before + 1);
  expect((await marks()).at(-1)).toMatchObject({ kind: 'polygon', author: { name: '李医生2' } });
  for (const [id, tool] of [
    ['island-1', 'navigate'],
    ['island-2', 'highlighter'],
  ]) {
    await page.getByTestId(`${id}-${tool}`).click();
  }
});

test('an island is taken to another place by hand or by keys, and is there after a reload', async () => {
  const edge = () =>
    page.getByTestId('island-1').evaluate((element) => element.parentElement?.dataset.edge);
  const handle = page.getByTestId('island-1-handle');
  const bottom = await at(0.3, 0.99);
  await page.mouse.move(...(await middleOf('island-1-handle')));
  await page.mouse.down();
  await page.mouse.move(...bottom, { steps: 6 });
  await page.mouse.up();
  await expect.poll(edge).toBe('bottom');
  await picture(page, 'board-bottom');
  await handle.focus();
  const [left] = await middleOf('island-1-handle');
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => (await middleOf('island-1-handle'))[0]).toBeGreaterThan(left);
  await page.reload();
  await page.getByTestId('island-1').waitFor();
  expect(await edge()).toBe('bottom');
  expect(await page.getByTestId('island-2').getAttribute('data-tool')).toBe('highlighter');
  await page.getByTestId('island-1-close').click();
  await page.getByTestId('island-2-close').click();
  if (await page.getByTestId('group-draw').count()) await page.getByTestId('group-draw').click();
  await page.getByTestId('tool-ink').waitFor();
});

test('in the replay, moments when marks appeared are 12 mm at the glass, and lie beside each other', async () => {
  if (await page.getByTestId('group-meet').count()) await page.getByTestId('group-meet').click();
  await page.getByTestId('more-meet').click();
  await page.getByTestId('item-replay').click();
  await page.getByTestId('replay').waitFor();
  const ticks = page.locator('[data-testid^="birth"]');
  await ticks.first().waitFor();
  await picture(page, 'board-replay');
  const boxes = await ticks.evaluateAll((elements) => {
    const mm = Number.parseFloat(
      getComputedStyle(document.documentElement).getPropertyValue('--mm'),
    );
    return elements.map((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return [left, right, top, bottom].map((px) => px / mm) as [number, number, number, number];
    });
  });
  const sorted = boxes.toSorted((a, b) => a[0] - b[0]);
  for (const [n, [left, right, top, bottom]] of sorted.entries()) {
    expect(right - left).toBeGreaterThanOrEqual(12);
    expect(bottom - top).toBeGreaterThanOrEqual(12);
    expect(left).toBeGreaterThanOrEqual((sorted[n - 1]?.[1] ?? 0) - 0.1);
  }
  // What lies too close is one target, and none of it is lost.
  const groups = page.getByTestId('births');
  const single = (await ticks.count()) - (await groups.count());
  const counts = (await groups.allTextContents()).map(Number);
  const born = counts.reduce((sum, n) => sum + n, single);
  expect(born).toBeGreaterThanOrEqual((await marks()).length);
  if (counts[0] !== undefined) {
    await fingers.drag([{ at: await middleOf('births') }], [await middleOf('births')], 1);
    await page.locator('[data-testid^="item-birth-"]').first().waitFor();
    await picture(page, 'board-replay-list');
    expect(await page.locator('[data-testid^="item-birth-"]').count()).toBe(counts[0]);
    await page.locator('[data-testid^="item-birth-"]').first().click();
  }
  await page.getByTestId('replay-exit').click();
  await page.getByTestId('replay').waitFor({ state: 'detached' });
});
