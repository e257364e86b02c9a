import { type StudyDetail, studyDetail, studyList } from '@yuepian/contract';
import { chromium, type Page } from 'playwright-core';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.mjs';
import { median, percentile, print } from './figure.ts';
import { untilCalm } from './memory.ts';
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
  const browser = await chromium.launchServer({
    executablePath: ensureChromium(),
    args: [...chromiumFlags],
  });
  const pid = browser.process().pid ?? 0;
  try {
    const client = await chromium.connect(browser.wsEndpoint());
    const context = await client.newContext({
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
    const note = `left lung of 512×512×${slices}, eraser, software GL`;
    const tell = (name: string, times: readonly number[], when: string): void => {
      const said = { unit: 'ms', n: times.length, note: `${note}; ${when}` };
      print({ name, value: median(times), ...said });
      print({ name: `${name}.p95`, value: percentile(times, 0.95), ...said });
    };
    // Without a graphics card the 3D view takes both cores for a while after each change.
    const calm: number[] = [];
    for (let n = 0; n < strokes; n++) {
      await untilCalm(pid);
      calm.push(await stroke(page, n));
    }
    tell('edit.to-mesh', calm, 'each stroke when the views have been drawn');
    const hasty: number[] = [];
    for (let n = 0; n < strokes; n++) hasty.push(await stroke(page, strokes + n));
    tell('edit.to-mesh-hasty', hasty, 'one stroke after another, while the 3D view is still drawn');
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
  const x = box.x + box.width / 2 + 70 + 18 * Math.floor(n / strokes);
  const y = box.y + box.height / 2 - 28 + 8 * (n % strokes);
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
