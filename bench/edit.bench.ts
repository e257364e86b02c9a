import { type StudyDetail, studyDetail, studyList } from '@yuepian/contract';
import { chromium, type Page } from 'playwright-core';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.mjs';
import { median, percentile, print } from './figure.ts';
import { phantomCt } from './phantom.ts';
import { startServer, waitFor } from './server.ts';
import { stow } from './stow.ts';

const slices = 140;
const strokes = 8;

/** Editing in a browser: from the end of a stroke on the left lung to its new surface on the screen. */
export default async function edit(): Promise<void> {
  await using server = await startServer();
  await stow(
    { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
    phantomCt(slices),
  );
  let uid = '';
  await waitFor(
    async () => {
      const list = studyList.parse(await (await server.get('/api/studies')).json());
      uid = list.studies[0]?.studyInstanceUid ?? '';
      if (uid === '') return false;
      return isDone(studyDetail.parse(await (await server.get(`/api/studies/${uid}`)).json()));
    },
    180,
    'models',
  );
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: [...chromiumFlags],
  });
  try {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'zh-CN',
    });
    await context.request.post(`${server.url}/api/session`, {
      data: { name: 'admin', password: server.password },
      headers: { origin: server.url },
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/studies/${uid}`);
    await page.getByTestId('structure-lung_left').locator('button[aria-expanded]').click();
    await page.getByTestId('goto-lung_left').click();
    await page.getByTestId('edit-lung_left').click();
    await page.locator('[data-testid="edit-tools"][data-preparing="false"]').waitFor();
    // Inside the lung an eraser always changes something, a brush nothing.
    await page.getByTestId('edit-eraser').click();
    const times: number[] = [];
    for (let n = 0; n < strokes; n++) times.push(await stroke(page, n));
    const note = `left lung of 512×512×${slices}, eraser, software GL; n strokes`;
    print({ name: 'edit.to-mesh', value: median(times), unit: 'ms', n: strokes, note });
    print({
      name: 'edit.to-mesh.p95',
      value: percentile(times, 0.95),
      unit: 'ms',
      n: strokes,
      note,
    });
  } finally {
    await browser.close();
  }
}

const isDone = (study: StudyDetail): boolean =>
  study.series.some((s) => s.reconstruction.state === 'done');

/** One stroke in the lung; milliseconds until its surface was on the screen. */
async function stroke(page: Page, n: number): Promise<number> {
  const box = await page.getByTestId('view-axial').boundingBox();
  if (!box) throw new Error('no axial view');
  // The view shows the whole body: the lung is to the right of its middle.
  const [x, y] = [box.x + box.width / 2 + 70, box.y + box.height / 2 - 28 + n * 8];
  const seen = await page.evaluate(() => performance.getEntriesByName('edit.to-mesh').length);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 12, y, { steps: 3 });
  await page.mouse.up();
  await page.waitForFunction(
    (count) => performance.getEntriesByName('edit.to-mesh').length > count,
    seen,
  );
  return page.evaluate(() => performance.getEntriesByName('edit.to-mesh').at(-1)?.duration ?? 0);
}
