import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { phone, picture, type Screen, smallDesk } from './support/browser.ts';
import { type At, Fingers, pen } from './support/fingers.ts';
import { openScene, type Scene, whenShown } from './support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

interface Touched {
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly fingers: Fingers;
}

async function open(screen: Screen): Promise<Touched> {
  const page = await scene.enter({ screen });
  await whenShown(page);
  const cdp = await page.context().newCDPSession(page);
  return { page, cdp, fingers: new Fingers(cdp) };
}

async function middleOf(page: Page, kind: string): Promise<At> {
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  if (!box) throw new Error(`no ${kind} view`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Which slice the axial view shows, 1-based. */
const slice = async (page: Page): Promise<number> =>
  Number(await page.locator('[data-view="axial"] [role="slider"]').getAttribute('aria-valuenow'));
const marks = () => scene.marks();
/** CSS pixels for a millimetre of the axial view, as its scale bar says. */
const zoom = async (page: Page): Promise<number> => {
  const bar = page.locator('[data-testid="info-axial"] [data-testid="scale"]');
  const [, length = '', unit = ''] =
    /([\d.]+)\s*(mm|cm)/.exec((await bar.textContent()) ?? '') ?? [];
  const box = await bar.locator('span').nth(1).boundingBox();
  return (box?.width ?? 0) / (Number(length) * (unit === 'cm' ? 10 : 1));
};
/** Where the crosshair of the axial view is: in the middle between the ends of a line's two halves. */
const cross = (page: Page): Promise<At> =>
  page.evaluate(() => {
    const [a, b] = [...document.querySelectorAll('[data-testid="crosshair-axial"] line')];
    const middle = (name: string) =>
      (Number(a?.getAttribute(name)) + Number(b?.getAttribute(name))) / 2;
    return [middle('x1'), middle('y1')] as const;
  });
const sliceIsNot = (page: Page, old: number) =>
  page.waitForFunction(
    (before) =>
      document
        .querySelector('[data-view="axial"] [role="slider"]')
        ?.getAttribute('aria-valuenow') !== String(before),
    old,
  );
const choose = async (page: Page, tool: string, group: string): Promise<void> => {
  const tab = page.getByTestId(`group-${group}`);
  if (await tab.count()) await tab.click();
  await page.getByTestId(`tool-${tool}`).click();
};

test('two fingers enlarge and move the image; three scroll; one finger scrolls too', async () => {
  const { page, fingers } = await open({ ...smallDesk, touch: true });
  const [x, y] = await middleOf(page, 'axial');
  const before = await zoom(page);
  const first = await slice(page);
  await fingers.drag(
    [{ at: [x - 40, y] }, { at: [x + 40, y] }],
    [
      [x - 80, y],
      [x + 80, y],
    ],
  );
  await expect.poll(() => zoom(page)).toBeGreaterThan(before * 1.8);
  expect(await zoom(page)).toBeLessThan(before * 2.2);
  expect(await slice(page)).toBe(first);

  // Together to one side: the same size, elsewhere. The crosshair goes with the anatomy.
  const [beforeX, beforeY] = await cross(page);
  const zoomed = await zoom(page);
  await fingers.drag(
    [{ at: [x - 40, y] }, { at: [x + 40, y] }],
    [
      [x - 10, y + 20],
      [x + 70, y + 20],
    ],
  );
  await expect.poll(async () => Math.round((await cross(page))[0] - beforeX)).toBe(30);
  expect((await cross(page))[1] - beforeY).toBeCloseTo(20, 0);
  expect(Math.abs((await zoom(page)) / zoomed - 1)).toBeLessThan(0.02);

  await fingers.drag(
    [{ at: [x - 40, y - 40] }, { at: [x, y - 40] }, { at: [x + 40, y - 40] }],
    [
      [x - 40, y + 50],
      [x, y + 50],
      [x + 40, y + 50],
    ],
  );
  await sliceIsNot(page, first);
  const scrolled = await slice(page);
  expect(Math.abs(scrolled - first)).toBeGreaterThanOrEqual(8);
  await fingers.drag([{ at: [x, y] }], [[x, y - 50]]);
  await sliceIsNot(page, scrolled);
  await page.close();
});

test('a pen measures while a finger navigates, and a palm does neither', async () => {
  const { page, cdp, fingers } = await open({ ...smallDesk, touch: true });
  const [x, y] = await middleOf(page, 'axial');
  await choose(page, 'length', 'measure');
  await pen(cdp, [
    [x - 60, y],
    [x - 20, y],
    [x + 40, y],
  ]);
  await expect.poll(async () => (await marks()).length).toBe(1);

  // A hand rests on the glass first, as wide as hands are, and then another pen stroke.
  const before = await slice(page);
  const palm = [{ at: [x + 60, y + 90] as At, radius: 60 }];
  await fingers.down(palm);
  await fingers.move(palm, [[x + 60, y + 40]]);
  await pen(cdp, [
    [x - 60, y + 40],
    [x, y + 40],
    [x + 30, y + 40],
  ]);
  await fingers.up();
  await expect.poll(async () => (await marks()).length).toBe(2);
  expect(await slice(page)).toBe(before);

  // The measuring tool is still chosen; a finger scrolls all the same and draws nothing.
  await fingers.drag([{ at: [x, y - 40] }], [[x, y + 40]]);
  await sliceIsNot(page, before);
  expect((await marks()).map((m) => m.kind)).toEqual(['length', 'length']);
  await page.close();
});

test('on a phone a swipe turns the page, and structures come up in a sheet', async () => {
  const { page, fingers } = await open(phone);
  const shown = (kind: string) => page.locator(`[data-testid="view-${kind}"]:visible`).waitFor();
  await shown('axial');
  await picture(page, 'phone-axial');
  const [x, y] = await middleOf(page, 'axial');
  await fingers.drag([{ at: [x + 100, y] }], [[x - 100, y + 5]]);
  await shown('volume');
  await picture(page, 'phone-volume');
  // In 3D one finger turns the patient; the next page is a press away.
  await page.getByTestId('option-coronal').click();
  await shown('coronal');
  await fingers.drag([{ at: [x - 100, y] }], [[x + 100, y + 5]]);
  await shown('volume');

  await page.getByTestId('open-sheet').click();
  await page.getByTestId('sheet').getByTestId('structure-bone').waitFor();
  await picture(page, 'phone-sheet');
  await page.getByTestId('eye-skin').click();
  await page.locator('[data-testid="eye-skin"][data-visible="false"]').waitFor();
  await page.getByTestId('collapse-structures').click();
  await page.getByTestId('sheet').waitFor({ state: 'detached' });
  await page.close();
});
