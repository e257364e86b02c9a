import type { Browser, Page } from 'playwright-core';
import { desk, signIn, startBrowser } from '../e2e/support/browser.ts';
import { pen } from '../e2e/support/fingers.ts';
import { openScene, whenShown } from '../e2e/support/scene.ts';
import { median, percentile, print } from './figure.ts';
import { type InkFront, presentedAt } from './ink-trace.ts';
import { untilCalm } from './memory.ts';

const strokes = 6;
const pointsAStroke = 60;
/** CSS px between two places of the pen. */
const step = 8;
/** A line that lags behind its pen (the smoothing of an unfinished one) ends this much before it, CSS px. */
const lag = 2;

declare global {
  interface Window {
    /** Places of the pen: client x, and when, ms of the machine's clock. */
    penPlaces: [x: number, at: number][];
    /** How far a line reaches on this screen, each time that one was drawn further. */
    inkFronts: InkFront[];
  }
}

/**
 * From a pen in one browser to its ink presented by another one, through the real server: with four
 * views in each, and with one view as large as the window. Both are on one machine, so `timeOrigin + now`
 * is one clock. The line goes straight to the right: how far it reaches on the other screen tells which
 * places of the pen are painted there. When a drawn line was presented is taken from the browser's own
 * trace, since reading pixels back would be most of the figure; that the line is there to its end is
 * looked up in a picture of the screen after each stroke.
 */
export async function remoteInk(): Promise<void> {
  await using scene = await openScene();
  await using others = await startBrowser();
  const li = await scene.add('li', '李医生', 'doctor');
  const writer = await scene.enter({ screen: desk });
  const reader = await others.open(`${scene.server.url}/healthz`, desk);
  await reader.addInitScript(watchInk);
  await reader.goto(`${scene.server.url}/studies/${scene.study.studyInstanceUid}`);
  await signIn(reader, li.password, li.name);
  for (const page of [writer, reader]) await whenShown(page);
  await writer.evaluate(watchPen);
  const draw = writer.getByTestId('group-draw');
  if ((await draw.count()) > 0) await draw.click();
  await writer.getByTestId('tool-ink').click();
  const way =
    'pen event → its ink presented by another browser (its trace), software GL, loopback, both browsers and the server on two cores';
  await measure('ink.remote', `four views of 1920×1080 in each, ${way}`);
  for (const page of [writer, reader]) {
    await page.keyboard.press('Shift+Digit2');
    await page.locator('[data-testid="views"][data-layout="single"]').waitFor();
  }
  await measure('ink.remote.one-view', `one 1920×1080 view in each, ${way}`);

  async function measure(name: string, note: string): Promise<void> {
    const latencies = await drawStrokes(writer, reader, others.browser);
    const said = { unit: 'ms', n: latencies.length, note };
    print({ name: `${name}.median`, value: median(latencies), ...said });
    print({ name: `${name}.p95`, value: percentile(latencies, 0.95), ...said });
  }
}

/** ms of each place of the pen in six strokes. */
async function drawStrokes(writer: Page, reader: Page, browser: Browser): Promise<number[]> {
  // Without a graphics card the 3D views are drawn for a while after they were opened.
  await untilCalm(process.pid);
  const box = await writer.getByTestId('view-axial').boundingBox();
  if (!box) throw new Error('no axial view');
  const cdp = await writer.context().newCDPSession(writer);
  const latencies: number[] = [];
  for (let stroke = 0; stroke < strokes; stroke++) {
    const [x, y] = [box.x + 60, Math.round(box.y + box.height * (0.25 + 0.08 * stroke))];
    await writer.evaluate(() => {
      window.penPlaces = [];
    });
    await reader.evaluate(() => {
      window.inkFronts = [];
    });
    const end = x + step * pointsAStroke;
    let drawn: readonly InkFront[] = [];
    await browser.startTracing(reader, { categories: ['-*', 'viz', 'blink', 'blink.user_timing'] });
    await pen(
      cdp,
      Array.from({ length: pointsAStroke + 1 }, (_, n) => [x + step * n, y] as const),
      // Its mark takes the place of wet ink: the pen stays down until all of it has been seen.
      async () => {
        await drawnUpTo(reader, end);
        await isOnScreen(reader, end, y);
        drawn = await reader.evaluate(() => window.inkFronts);
      },
    );
    const trace = (await browser.stopTracing()).toString();
    const places = await writer.evaluate(() => window.penPlaces);
    if (places.length < pointsAStroke) throw new Error(`${places.length} places of the pen`);
    const fronts = presentedAt(trace, drawn);
    for (const [px, at] of places) {
      const seen = fronts.find((front) => front.x >= px - lag);
      if (!seen) throw new Error(`the ink at ${px} was not presented`);
      latencies.push(seen.at - at);
    }
    await reader.locator('[data-testid="wet-axial"]').waitFor({ state: 'hidden' });
  }
  await cdp.detach();
  return latencies;
}

const drawnUpTo = async (reader: Page, x: number): Promise<void> => {
  await reader.waitForFunction((end) => (window.inkFronts.at(-1)?.x ?? 0) >= end, x - lag);
};

/** A picture of the screen has the pen's colour where its line ends. */
async function isOnScreen(reader: Page, x: number, y: number): Promise<void> {
  const clip = { x: x - 12, y: y - 1, width: 8, height: 2 };
  const png = (await reader.screenshot({ clip })).toString('base64');
  const [r, g, b] = await reader.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context?.drawImage(image, 0, 0);
    return [...(context?.getImageData(4, 1, 1, 1).data ?? [])];
  }, png);
  // No tissue is coloured.
  const isInk = Math.max(r ?? 0, g ?? 0, b ?? 0) - Math.min(r ?? 0, g ?? 0, b ?? 0) > 60;
  if (!isInk) throw new Error(`no ink at ${x}, ${y} but ${[r, g, b].join()}`);
}

/** In the page that draws. */
function watchPen(): void {
  window.penPlaces = [];
  addEventListener(
    'pointermove',
    (event) => {
      if (event.buttons === 0) return;
      for (const e of event.getCoalescedEvents()) {
        window.penPlaces.push([e.clientX, performance.timeOrigin + e.timeStamp]);
      }
    },
    true,
  );
}

/**
 * In the page that looks on, before its scripts: how far to the right wet ink is drawn, and a mark in the
 * trace each time. Paths are drawn in the plane of their mark, and the context knows how that lies on the
 * canvas.
 */
function watchInk(): void {
  window.inkFronts = [];
  const boxes = new WeakMap<Path2D, [number, number, number, number]>();
  const path = Path2D.prototype;
  for (const name of ['moveTo', 'quadraticCurveTo'] as const) {
    const real: (...at: number[]) => void = path[name];
    Reflect.set(path, name, function (this: Path2D, ...at: number[]) {
      const [x, y] = [at.at(-2) ?? 0, at.at(-1) ?? 0];
      const [l, t, r, b] = boxes.get(this) ?? [x, y, x, y];
      boxes.set(this, [Math.min(l, x), Math.min(t, y), Math.max(r, x), Math.max(b, y)]);
      Reflect.apply(real, this, at);
    });
  }
  const context = CanvasRenderingContext2D.prototype;
  const fill: unknown = context.fill;
  if (typeof fill !== 'function') return;
  Reflect.set(context, 'fill', function (this: CanvasRenderingContext2D, ...what: unknown[]) {
    Reflect.apply(fill, this, what);
    const [drawn] = what;
    const box = drawn instanceof Path2D ? boxes.get(drawn) : undefined;
    if (!box || this.canvas.dataset.testid !== 'wet-axial') return;
    const m = this.getTransform();
    const ends = [box[0], box[2]].flatMap((x) =>
      [box[1], box[3]].map((y) => m.a * x + m.c * y + m.e),
    );
    const { left, width } = this.canvas.getBoundingClientRect();
    const x = left + (Math.max(...ends) * width) / this.canvas.width;
    if (x <= (window.inkFronts.at(-1)?.x ?? 0)) return;
    const mark = `ink ${window.inkFronts.length}`;
    window.inkFronts.push({ x, at: performance.timeOrigin + performance.now(), mark });
    performance.mark(mark);
  });
}
