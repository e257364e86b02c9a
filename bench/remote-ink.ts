import type { Page } from 'playwright-core';
import { desk, signIn, startBrowser } from '../e2e/support/browser.ts';
import { pen } from '../e2e/support/fingers.ts';
import { openScene, whenShown } from '../e2e/support/scene.ts';
import { median, percentile, print } from './figure.ts';
import { untilCalm } from './memory.ts';

const strokes = 6;
const pointsAStroke = 60;
/** CSS px between two places of the pen. */
const step = 8;

declare global {
  interface Window {
    /** Places of the pen: client x, and when, ms of the machine's clock. */
    penPlaces: [x: number, at: number][];
    /** How far a line reaches on this screen, each time that it reached further. */
    inkFronts: [x: number, at: number][];
    /** The row that is looked at, CSS px of the window. */
    inkRow: number;
  }
}

/**
 * From a pen in one browser to its ink in another one, through the real server, with four views in each.
 * Both are on one machine, so `timeOrigin + now` is one clock. The line goes straight to the right: how
 * far it reaches on the other screen tells which places of the pen are painted there.
 */
export async function remoteInk(): Promise<void> {
  await using scene = await openScene();
  await using others = await startBrowser();
  const li = await scene.add('li', '李医生', 'doctor');
  const writer = await scene.enter({ screen: desk });
  const reader = await others.open(`${scene.server.url}/healthz`, desk);
  await reader.addInitScript(keepWetInkReadable);
  await reader.goto(`${scene.server.url}/studies/${scene.study.studyInstanceUid}`);
  await signIn(reader, li.password, li.name);
  for (const page of [writer, reader]) await whenShown(page);
  await writer.evaluate(watchPen);
  await reader.evaluate(watchInk);
  const draw = writer.getByTestId('group-draw');
  if ((await draw.count()) > 0) await draw.click();
  await writer.getByTestId('tool-ink').click();
  const note =
    'four views of 1920×1080 in each, pen event → its ink in a frame of another browser, software GL, wet ink in main memory to be read back, loopback, both browsers and the server on two cores';
  const latencies = await drawStrokes(writer, reader);
  const said = { unit: 'ms', n: latencies.length, note };
  print({ name: 'ink.remote.median', value: median(latencies), ...said });
  print({ name: 'ink.remote.p95', value: percentile(latencies, 0.95), ...said });
}

/** ms of each place of the pen in six strokes. */
async function drawStrokes(writer: Page, reader: Page): Promise<number[]> {
  // Without a graphics card the 3D views are drawn for a while after they were opened.
  await untilCalm(process.pid);
  const box = await writer.getByTestId('view-axial').boundingBox();
  if (!box) throw new Error('no axial view');
  const cdp = await writer.context().newCDPSession(writer);
  const latencies: number[] = [];
  for (let stroke = 0; stroke < strokes; stroke++) {
    const [x, y] = [box.x + 60, Math.round(box.y + box.height * (0.25 + 0.08 * stroke))];
    await startWatching(writer, reader, y);
    const end = x + step * pointsAStroke;
    await pen(
      cdp,
      Array.from({ length: pointsAStroke + 1 }, (_, n) => [x + step * n, y] as const),
      // Its mark takes the place of wet ink: the pen stays down until all of it has been seen.
      () => seenUpTo(reader, end),
    );
    latencies.push(...(await latenciesOf(writer, reader)));
    await reader.locator('[data-testid="wet-axial"]').waitFor({ state: 'hidden' });
  }
  await cdp.detach();
  return latencies;
}

const startWatching = async (writer: Page, reader: Page, row: number): Promise<void> => {
  await writer.evaluate(() => {
    window.penPlaces = [];
  });
  await reader.evaluate((y) => {
    window.inkRow = y;
    window.inkFronts = [];
  }, row);
};

/** A line that lags behind its pen (the smoothing of an unfinished one) ends this much before it, CSS px. */
const lag = 2;

const seenUpTo = async (reader: Page, x: number): Promise<void> => {
  await reader.waitForFunction((end) => (window.inkFronts.at(-1)?.[0] ?? 0) >= end, x - lag);
};

async function latenciesOf(writer: Page, reader: Page): Promise<number[]> {
  const places = await writer.evaluate(() => window.penPlaces);
  const fronts = await reader.evaluate(() => window.inkFronts);
  if (places.length < pointsAStroke) throw new Error(`${places.length} places of the pen`);
  return places.map(([x, at]) => {
    const seen = fronts.find(([front]) => front >= x - lag);
    if (!seen) throw new Error(`the ink at ${x} was not seen`);
    return seen[1] - at;
  });
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
 * In the page that looks on: its wet ink is drawn in main memory. Reading a pixel back from what the
 * software renderer holds waits 100 ms for all that it still has to do, and would be most of the figure.
 */
function keepWetInkReadable(): void {
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (
    this: HTMLCanvasElement,
    kind: string,
    options?: object,
  ) {
    const isWet = kind === '2d' && this.dataset.testid?.startsWith('wet-');
    return Reflect.apply(real, this, [kind, isWet ? { willReadFrequently: true } : options]);
  } as typeof real;
}

/** In the page that looks on: reads the row back in a task behind each frame, once it has been painted. */
function watchInk(): void {
  window.inkFronts = [];
  window.inkRow = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="wet-axial"]');
    const context = canvas?.getContext('2d');
    if (!canvas || !context || canvas.style.display === 'none' || canvas.width === 0) return;
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const row = Math.floor(((window.inkRow - top) * canvas.height) / height);
    if (row < 0 || row >= canvas.height) return;
    const { data } = context.getImageData(0, row, canvas.width, 1);
    let last = canvas.width - 1;
    while (last >= 0 && (data[4 * last + 3] ?? 0) < 64) last--;
    const front = left + ((last + 1) * width) / canvas.width;
    if (last >= 0 && front > (window.inkFronts.at(-1)?.[0] ?? 0)) {
      window.inkFronts.push([front, performance.timeOrigin + performance.now()]);
    }
  };
  const look = (): void => {
    port2.postMessage(undefined);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
