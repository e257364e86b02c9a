import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mark } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';
import { ultrasoundCine, unsupportedSyntax, xrayWithoutSpacing } from './support/frames.ts';
import { importFiles, studyOf, whenStudy } from './support/phantom.ts';

let server: TestServer;
let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-e2e-frames-'));
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function open(name: string, bytes: Uint8Array): Promise<{ page: Page; uid: string }> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  const uid = await importFiles(server, [file]);
  await whenStudy(server, uid, (s) => s.series.every((x) => x.kind !== 'preparing'));
  const page = await browser.open(`${server.url}/studies/${uid}`);
  await signIn(page, server.password);
  return { page, uid };
}

/** The colour in the middle of the shown picture. */
const middle = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const canvases = document.querySelectorAll<HTMLCanvasElement>(
      '[data-testid="view-frame"] canvas',
    );
    for (const canvas of canvases) {
      if (canvas.dataset.testid?.startsWith('marks') || canvas.width === 0) continue;
      const copy = document.createElement('canvas');
      copy.width = copy.height = 1;
      const context = copy.getContext('2d');
      context?.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
      const data = [...(context?.getImageData(0, 0, 1, 1).data.slice(0, 3) ?? [])];
      if (data.some((v) => v > 0)) return data;
    }
    return [];
  });

/** On a narrow bar the tool is behind its tab. */
async function chooseMeasuring(page: Page, tool: string): Promise<void> {
  const [tab, button] = [page.getByTestId('group-measure'), page.getByTestId(`tool-${tool}`)];
  await tab.or(button).first().waitFor();
  if (await tab.count()) await tab.click();
  await button.click();
}

test('a colour cine shows its frames in one large view, steps and plays', async () => {
  const { page, uid } = await open('cine.dcm', ultrasoundCine(6));
  const study = await studyOf(server, uid);
  expect(study.series[0]).toMatchObject({ kind: 'frames', frames: { cineRate: 20 } });
  expect(study.series[0]?.frames?.frames).toHaveLength(6);
  await page.getByTestId('cine').waitFor();
  await expect.poll(() => middle(page), { timeout: 20_000 }).toEqual([200, 0, 0]);
  await page.getByTestId('frame-next').click();
  await expect.poll(() => middle(page), { timeout: 20_000 }).toEqual([0, 200, 0]);
  await page.getByTestId('frame-previous').click();
  await expect.poll(() => middle(page), { timeout: 20_000 }).toEqual([200, 0, 0]);
  // A colour picture has no grey value, and says so.
  await chooseMeasuring(page, 'probe');
  const box = await page.getByTestId('view-frame').boundingBox();
  if (!box) throw new Error('no frame view');
  await page.mouse.click(box.x + box.width / 2 + 30, box.y + box.height / 2);
  await page.keyboard.press('Escape');
  await page.getByTestId('expand-structures').click();
  const probe = page.getByTestId('mark-row-probe');
  await expect.poll(() => probe.textContent()).toContain('彩色图像，没有灰度值');
  await picture(page, 'frames-cine');
  await page.getByTestId('play').click();
  await expect.poll(() => middle(page), { timeout: 20_000 }).toEqual([0, 0, 200]);
  // The name is data, not markup.
  expect(await page.getByTestId('patient-line').first().textContent()).toContain('李娜');
  expect(await page.locator('[data-testid="patient-line"] b').count()).toBe(0);
  await page.close();
});

test('who follows sees the same frame as the lead, and goes on alone from a touch', async () => {
  const { page: lead, uid } = await open('cine.dcm', ultrasoundCine(6));
  const follower = await browser.open(`${server.url}/studies/${uid}`);
  await signIn(follower, server.password);
  await follower.getByTestId('cine').waitFor();
  const following = (state: string) =>
    follower.locator(`[data-testid="meeting-status"][data-follow="${state}"]`).waitFor();
  const frameOf = (page: Page) =>
    page.locator('[data-testid="cine"] input').evaluate((input) => {
      return input instanceof HTMLInputElement ? Number(input.value) : Number.NaN;
    });

  const meet = lead.getByTestId('group-meet');
  if (await meet.count()) await meet.click();
  await lead.getByTestId('more-meet').click();
  await lead.getByTestId('item-lead').click();
  await following('following');
  for (let n = 0; n < 4; n++) await lead.getByTestId('frame-next').click();
  await expect.poll(() => frameOf(follower)).toBe(5);
  await expect.poll(() => middle(follower), { timeout: 20_000 }).toEqual([0, 200, 0]);
  expect(await follower.getByTestId('differs').count()).toBe(0);

  // Late, and after having looked elsewhere: the same frame again.
  await follower.getByTestId('frame-previous').click();
  await following('free');
  expect(await frameOf(lead)).toBe(5);
  expect(await frameOf(follower)).toBe(4);
  await follower.getByTestId('rejoin').click();
  await expect.poll(() => frameOf(follower)).toBe(5);
  await follower.reload();
  await follower.getByTestId('cine').waitFor();
  await expect.poll(() => frameOf(follower), { timeout: 20_000 }).toBe(5);
  await lead.getByTestId('frame-previous').click();
  await expect.poll(() => frameOf(follower)).toBe(4);
  await lead.getByTestId('play').click();
  const seen = new Set<number>();
  await expect
    .poll(async () => seen.add(await frameOf(follower)).size, { timeout: 20_000 })
    .toBeGreaterThan(2);
  await lead.close();
  await follower.close();
});

test('an X-ray without spacing says so, and a length on it shows no millimetres', async () => {
  const { page, uid } = await open('xray.dcm', xrayWithoutSpacing());
  await page.getByTestId('warning').getByText('像素间距未知').waitFor();
  // Nor does the file say which side is which; nothing is guessed.
  await page.getByTestId('no-orientation').getByText('未注明方位').waitFor();
  await expect.poll(() => middle(page), { timeout: 20_000 }).not.toEqual([]);
  await chooseMeasuring(page, 'length');
  const box = await page.getByTestId('view-frame').boundingBox();
  if (!box) throw new Error('no frame view');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 40, y + 10, { steps: 4 });
  await page.mouse.up();
  await page.locator('[data-testid="saved"]').getByText('已保存').waitFor();
  const { caseId } = await studyOf(server, uid);
  const stored = async () =>
    ((await (await server.fetch(`/api/cases/${caseId}`)).json()) as { marks: Mark[] }).marks;
  await expect.poll(async () => (await stored()).length).toBe(1);
  const marks = await stored();
  expect(marks[0]).toMatchObject({ kind: 'length', frame: { frame: 1 } });
  expect(marks[0]?.frameOfReferenceUid).toBeUndefined();
  // The values of its pixels are shown as what they are: this file's columns, 40 apart.
  await page.getByTestId('tool-probe').click();
  await page.mouse.click(x - 60, y - 40);
  await page.getByTestId('tool-ellipse').click();
  await page.mouse.move(x - 100, y + 60);
  await page.mouse.down();
  await page.mouse.move(x + 100, y + 160, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.press('Escape');
  await page.getByTestId('expand-structures').click();
  const said = (kind: string) => page.getByTestId(`mark-row-${kind}`).textContent();
  await expect.poll(() => said('probe')).toMatch(/像素值 \d+/);
  expect(Number(/像素值 (\d+)/.exec((await said('probe')) ?? '')?.[1]) % 40).toBe(0);
  await page.getByTestId('mark-row-ellipse').locator('button[aria-expanded]').click();
  await expect.poll(() => said('ellipse')).toMatch(/像素值 · 均值 [\d.]+ ± [\d.]+/);
  expect(await said('ellipse')).toContain('像素数');
  await picture(page, 'frames-xray');
  // Dragged to a large screen, what is written on the image grows with everything else.
  await page.getByTestId('tool-text').click();
  const textOnImage = async () => {
    const view = await page.getByTestId('view-frame').boundingBox();
    if (!view) throw new Error('no frame view');
    await page.mouse.click(view.x + view.width / 2, view.y + 120);
    const field = page.getByTestId('mark-text');
    await field.waitFor();
    const size = await field.evaluate((e) => Number.parseFloat(getComputedStyle(e).fontSize));
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    return size;
  };
  const before = await textOnImage();
  await page.setViewportSize({ width: 3840, height: 2160 });
  expect((await textOnImage()) / before).toBeGreaterThan(1.7);
  await picture(page, 'frames-xray-large');
  await page.close();
});

test('what cannot be displayed is stored and says why', async () => {
  const { page, uid } = await open('movie.dcm', unsupportedSyntax());
  const [series] = (await studyOf(server, uid)).series;
  expect(series?.warnings.map((w) => w.code)).toContain('cannot_display');
  await page.getByText('无法显示').first().waitFor();
  await picture(page, 'frames-undisplayable');
  await page.close();
});
