import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture, smallDesk } from './support/browser.ts';
import { whenStudy } from './support/phantom.ts';
import { openScene, type Scene } from './support/scene.ts';

let scene: Scene;
let server: Scene['server'];
let study: Scene['study'];
let page: Page;
beforeAll(async () => {
  scene = await openScene();
  ({ server, study } = scene);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const centreOf = async (
  kind: string,
): Promise<{ x: number; y: number; width: number; height: number }> => {
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  if (!box) throw new Error(`no ${kind} view`);
  return {
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    width: box.width,
    height: box.height,
  };
};
const marks = () => scene.marks();
const saved = () => page.locator('[data-testid="saved"]').getByText('已保存').waitFor();
const edge = (kind: string, place: string) =>
  page.locator(`[data-testid="info-${kind}"] [data-edge="${place}"]`).textContent();

async function drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 3 });
  await page.mouse.move(...to, { steps: 3 });
  await page.mouse.up();
}

/** On a narrow window the bar shows one group of tools at a time. */
async function choose(tool: string, group = 'measure'): Promise<void> {
  const tab = page.getByTestId(`group-${group}`);
  if (await tab.count()) await tab.click();
  await page.getByTestId(`tool-${tool}`).click();
}

test('skin, bone and lungs are modelled by themselves, unverified', () => {
  const series = study.series.find((s) => s.modality === 'CT');
  expect(series?.kind).toBe('volume');
  expect(series?.volumes[0]?.unit).toBe('HU');
  expect(series?.structures.map((s) => s.key)).toEqual(expect.arrayContaining(['skin', 'bone']));
  for (const s of series?.structures ?? []) {
    expect(s).toMatchObject({ verified: false, openEdges: 0 });
    expect(s.volumeMl).toBeGreaterThan(10);
    expect(s.name.zh).not.toBe('');
  }
});

test('a study opens with four linked views, letters, scale, patient and slice on each', async () => {
  page = await scene.enter({ screen: smallDesk });
  for (const kind of ['axial', 'coronal', 'sagittal', 'volume']) {
    await page.locator(`[data-testid="info-${kind}"] [data-edge="left"]`).waitFor();
    await page.getByTestId(`info-${kind}`).getByText('王小明').waitFor();
  }
  // Seen from the feet, from the front, from the left (radiological convention).
  expect([await edge('axial', 'left'), await edge('axial', 'right')]).toEqual(['R', 'L']);
  expect([await edge('axial', 'head'), await edge('axial', 'foot')]).toEqual(['A', 'P']);
  expect([await edge('coronal', 'left'), await edge('coronal', 'head')]).toEqual(['R', 'H']);
  expect([await edge('sagittal', 'left'), await edge('sagittal', 'head')]).toEqual(['A', 'H']);
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
  await page.getByTestId('structure-bone').waitFor();
  await picture(page, 'reading-four');
});

test('scrolling moves the slice and the crosshair of the other views', async () => {
  const before = await page.getByTestId('info-axial').textContent();
  const axial = await centreOf('axial');
  await page.mouse.move(axial.x, axial.y);
  await page.mouse.wheel(0, 300);
  await page.waitForFunction(
    (old) => document.querySelector('[data-testid="info-axial"]')?.textContent !== old,
    before,
  );
});

test('the number on a slice changes in the frame of its picture, however heavy 3D is', async () => {
  const axial = await centreOf('axial');
  // After each frame, before any other task: what was painted, and what is written over it.
  await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="view-axial"] canvas');
    const small = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
    const seen: (readonly [number, string])[] = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const text = document.querySelector('[data-testid="slice-axial"]')?.textContent ?? '';
      if (!canvas || !small) return;
      small.drawImage(canvas, 0, 0, 64, 64);
      const { data } = small.getImageData(0, 0, 64, 64);
      const hash = data.reduce((h, v) => Math.imul(h ^ v, 16777619), 2166136261);
      seen.push([hash, text]);
    };
    const frame = () => {
      port2.postMessage(0);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, { seenFrames: seen });
  });
  for (const steps of [3, 7, -5, -9, 4]) {
    const before = await page.getByTestId('slice-axial').textContent();
    await page.mouse.move(axial.x, axial.y);
    await page.mouse.wheel(0, 100 * steps);
    await expect.poll(() => page.getByTestId('slice-axial').textContent()).not.toBe(before);
    // 3D follows with a heavy frame of its own.
    await drag(
      [axial.x + axial.width + 100, axial.y],
      [axial.x + axial.width + 100 + 5 * steps, axial.y],
    );
  }
  const seen = await page.evaluate(
    () => (window as unknown as { seenFrames: [number, string][] }).seenFrames,
  );
  const pictureOf = new Map<string, number>();
  for (const [painted, text] of seen) {
    // One slice, one picture: a second picture under the same number would be another slice's.
    expect(pictureOf.get(text) ?? painted).toBe(painted);
    pictureOf.set(text, painted);
  }
  expect(pictureOf.size).toBeGreaterThanOrEqual(5);
});

test('a touch in 3D names what is there and brings every plane there', async () => {
  const before = await page.getByTestId('info-coronal').textContent();
  const volume = await centreOf('volume');
  // The skin is translucent: the spine behind it answers; beside the spine the skin itself does.
  await page.mouse.click(volume.x, volume.y - volume.height * 0.05);
  await page.getByTestId('touched').getByText('骨').waitFor();
  await page.waitForFunction(
    (old) => document.querySelector('[data-testid="info-coronal"]')?.textContent !== old,
    before,
  );
  await page.mouse.click(volume.x - 55, volume.y);
  await page.getByTestId('touched').getByText('皮肤').waitFor();
});

test('a structure is hidden, shown again by undo, and the choice is saved', async () => {
  const eye = page.getByTestId('eye-skin');
  await eye.click();
  await page.locator('[data-testid="eye-skin"][data-visible="false"]').waitFor();
  await saved();
  await page.getByTestId('undo').click();
  await page.locator('[data-testid="eye-skin"][data-visible="true"]').waitFor();
});

test('a structure takes another colour with the keyboard, and its anatomical one again', async () => {
  await page.locator('[data-testid="structure-bone"] button[aria-expanded]').first().click();
  const dot = page.locator('[data-testid="structure-bone"] span[style*="--dot"]');
  const colour = () => dot.evaluate((e) => getComputedStyle(e).backgroundColor);
  const usual = await colour();
  await page.getByTestId('colour-bone-usual').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect.poll(colour).not.toBe(usual);
  const chosen = await colour();
  await saved();
  await picture(page, 'reading-colour');
  await page.getByTestId('colour-bone-reset').click();
  await expect.poll(colour).toBe(usual);
  await page.getByTestId('undo').click();
  await expect.poll(colour).toBe(chosen);
  await page.getByTestId('colour-bone-reset').click();
  await expect.poll(colour).toBe(usual);
  await page.locator('[data-testid="structure-bone"] button[aria-expanded]').first().click();
});

test('length, angle, probe and ellipse are drawn, undone, redone, and kept to the digit', async () => {
  const a = await centreOf('axial');
  await choose('length');
  await drag([a.x - 60, a.y], [a.x + 40, a.y]);
  await saved();
  const [length] = await marks();
  expect(length).toMatchObject({ kind: 'length', author: { name: expect.any(String) } });
  const z = (length?.points ?? []).map((p) => p[2]);
  expect(z[0]).toBe(z[1]);

  // "Saved" still stands there from before for a moment: the server's word counts.
  await page.getByTestId('undo').click();
  await expect.poll(marks, { timeout: 20_000 }).toEqual([]);
  await page.getByTestId('redo').click();
  await expect.poll(marks, { timeout: 20_000 }).toEqual([length]);

  await choose('angle');
  for (const [x, y] of [
    [-50, 60],
    [0, 90],
    [60, 60],
  ] as const)
    await page.mouse.click(a.x + x, a.y + y);
  await choose('probe');
  await page.mouse.click(a.x + 10, a.y - 50);
  await choose('ellipse');
  await drag([a.x + 50, a.y - 70], [a.x + 90, a.y - 40]);
  await saved();
  const drawn = await marks();
  expect(drawn.map((m) => m.kind).sort()).toEqual(['angle', 'ellipse', 'length', 'probe']);
  await picture(page, 'reading-marks');

  await page.close();
  await server.kill('SIGKILL');
  await server.restart();
  expect(await marks()).toEqual(drawn);

  page = await scene.enter({ screen: smallDesk });
  await page.getByTestId('structure-bone').waitFor();
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="marks-axial"]');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    return data?.some((v) => v > 0) ?? false;
  });
  await picture(page, 'reading-marks-after-crash');
});

test('every word changes with the language', async () => {
  await page.getByTestId('language').click();
  await page.getByTestId('structure-skin').getByText('Skin').waitFor();
  const text = (await page.locator('body').allInnerTexts()).join('\n');
  const chinese = text
    .replaceAll('王小明', '')
    .replaceAll('中文', '')
    .replace(/腹盆增强[^\n]*/g, '')
    .match(/[\u4e00-\u9fff]{2,}/g);
  expect(chinese ?? []).toEqual([]);
  await picture(page, 'reading-en');
});

test('a doctor confirms a structure; the confirmation stays', async () => {
  await page.locator('[data-testid="structure-bone"] button[aria-expanded]').first().click();
  await page.getByTestId('verify-bone').click();
  const confirmed = await whenStudy(server, study.studyInstanceUid, (s) =>
    s.series.some((x) => x.structures.some((y) => y.key === 'bone' && y.verified)),
  );
  expect(confirmed.series.flatMap((s) => s.structures).filter((s) => s.verified)).toHaveLength(1);
});
