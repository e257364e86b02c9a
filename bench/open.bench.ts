import { studyDetail } from '@yuepian/contract';
import { chromium, type Page } from 'playwright-core';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.mjs';
import { openBareBrowser } from './bare-browser.ts';
import { median, print } from './figure.ts';
import { treeMb, untilCalm, watchPeak } from './memory.ts';
import { phantomCt } from './phantom.ts';
import { type BenchServer, startServer, waitFor } from './server.ts';
import { stow } from './stow.ts';

const slices = 500;
const volumeMb = (512 * 512 * slices * 2) / 1e6;
const runs = 3;
const note = `512×512×${slices}, 1920×1080, software GL, pixels read back, after the navigation`;

interface Opened {
  readonly seconds: Readonly<Record<'first' | 'all' | 'full', number>>;
  readonly heapMb: number;
}

/** Opening a study in a browser: first slice, all four views, full resolution, memory. */
export default async function open(): Promise<void> {
  await using server = await startServer();
  await stow(
    { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
    phantomCt(slices),
  );
  const uid = await reconstructed(server);
  const timed: Opened[] = [];
  for (let run = 0; run < runs; run++) timed.push(await openOnce(server, uid));
  for (const [mark, name] of [
    ['first', 'open.first-slice'],
    ['all', 'open.four-views'],
    ['full', 'open.full-resolution'],
  ] as const) {
    const values = timed.map((o) => o.seconds[mark]);
    const range = `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
    print({ name, value: median(values), unit: 's', n: runs, note: `${note}; median of ${range}` });
  }
  const bare: number[] = [];
  for (let run = 0; run < runs; run++) bare.push(await bareSeconds(server, uid));
  print({
    name: 'open.full-resolution.no-driver',
    value: median(bare),
    unit: 's',
    n: runs,
    note: `browser without a driver, no readback; median of ${Math.min(...bare).toFixed(2)}–${Math.max(...bare).toFixed(2)}`,
  });
  print({
    name: 'open.browser-memory',
    value: await memoryMb(server, uid),
    unit: 'MB',
    n: 1,
    note: 'highest, all browser processes, proportional set size',
  });
  const heapMb = median(timed.map((o) => o.heapMb));
  print({
    name: 'open.js-heap',
    value: heapMb,
    unit: 'MB',
    n: runs,
    note: 'objects and array buffers of the page',
  });
  print({
    name: 'open.js-heap-per-volume',
    value: heapMb / volumeMb,
    unit: '×',
    n: runs,
    note: `volume ${volumeMb.toFixed(0)} MB`,
  });
}

/** A new browser that is running and idle, as a person's is, with nothing of ours in its cache. */
async function openOnce(server: BenchServer, uid: string): Promise<Opened> {
  const browser = await chromium.launchServer({
    executablePath: ensureChromium(),
    args: [...chromiumFlags],
  });
  const pid = browser.process().pid ?? 0;
  try {
    const client = await chromium.connect(browser.wsEndpoint());
    const context = await client.newContext({
      viewport: { width: 1920, height: 1080 },
      locale: 'zh-CN',
    });
    await context.request.post(`${server.url}/api/session`, {
      data: { name: 'admin', password: server.password },
      headers: { origin: server.url },
    });
    const page = await context.newPage();
    await page.addInitScript(watchViews);
    await untilCalm(pid);
    await page.goto(`${server.url}/studies/${uid}`);
    const seconds = {
      first: (await markOf(page, 'first')) / 1000,
      all: (await markOf(page, 'all')) / 1000,
      full: (await markOf(page, 'full')) / 1000,
    };
    const heap = await (await context.newCDPSession(page)).send('Runtime.getHeapUsage');
    const { usedSize, backingStorageSize } = heap as unknown as {
      usedSize: number;
      backingStorageSize: number;
    };
    await client.close();
    return { seconds, heapMb: (usedSize + backingStorageSize) / 1e6 };
  } finally {
    await browser.close();
  }
}

/** A browser without a driver, signed in and idle. */
async function bareReader(server: BenchServer) {
  const browser = await openBareBrowser(1920, 1080);
  await browser.navigate(`${server.url}/healthz`);
  const account = JSON.stringify(JSON.stringify({ name: 'admin', password: server.password }));
  const status = await browser.evaluate(
    `fetch('/api/session', { method: 'POST', body: ${account}, headers: { 'content-type': 'application/json' } }).then((r) => r.status)`,
  );
  if (status !== 200) throw new Error(`sign-in answered ${status}`);
  await untilCalm(browser.pid);
  const isPreview = (): Promise<unknown> =>
    browser.evaluate(`document.querySelector('[data-testid="preview"]') !== null`);
  /** Resolves at full resolution. */
  const open = async (uid: string): Promise<void> => {
    await browser.navigate(`${server.url}/studies/${uid}`);
    await waitFor(async () => (await isPreview()) === true, 60, 'the preview');
    await waitFor(async () => (await isPreview()) === false, 120, 'full resolution');
  };
  return { browser, open };
}

/** Until nothing is called a preview any more, without what a driver costs (it keeps every body). */
async function bareSeconds(server: BenchServer, uid: string): Promise<number> {
  const { browser, open } = await bareReader(server);
  await using _ = browser;
  const started = performance.now();
  await open(uid);
  return (performance.now() - started) / 1000;
}

/**
 * The highest memory of all processes from the navigation to full resolution. A run of its own:
 * reading the sizes takes time, and the driver of the timed runs takes memory.
 */
async function memoryMb(server: BenchServer, uid: string): Promise<number> {
  const { browser, open } = await bareReader(server);
  await using _ = browser;
  const peak = watchPeak(() => treeMb(browser.pid), 200);
  await open(uid);
  return peak.stop();
}

async function reconstructed(server: BenchServer): Promise<string> {
  let uid = '';
  await waitFor(
    async () => {
      const { studies } = (await (await server.get('/api/studies')).json()) as {
        studies: { studyInstanceUid: string }[];
      };
      uid = studies[0]?.studyInstanceUid ?? '';
      if (!uid) return false;
      const study = studyDetail.parse(await (await server.get(`/api/studies/${uid}`)).json());
      return study.series.some((s) => s.reconstruction.state === 'done');
    },
    240,
    'reconstruction',
  );
  return uid;
}

const markOf = async (page: Page, name: string): Promise<number> => {
  const handle = await page.waitForFunction(
    (mark) => performance.getEntriesByName(mark)[0]?.startTime,
    name,
    { timeout: 120_000 },
  );
  return (await handle.jsonValue()) ?? Number.NaN;
};

/**
 * Runs in the page and marks the moments. Pixels are read back in each frame from every view that has
 * not shown any yet, since a "rendered" event comes before the pixels do; and from all views in the
 * second frame after the word "preview" has gone, when the full level has been drawn.
 */
function watchViews(): void {
  const planes = ['axial', 'coronal', 'sagittal'];
  const views = [...planes, 'volume'];
  const probe = document.createElement('canvas');
  probe.width = probe.height = 16;
  const context = probe.getContext('2d', { willReadFrequently: true });
  const isBright = (kind: string): boolean => {
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>(
      `[data-testid="view-${kind}"] canvas`,
    )) {
      if (canvas.dataset.testid || canvas.width === 0 || canvas.height === 0 || !context) continue;
      const [w, h] = [canvas.width / 2, canvas.height / 2];
      context.clearRect(0, 0, 16, 16);
      context.drawImage(canvas, w / 2, h / 2, w, h, 0, 0, 16, 16);
      const { data } = context.getImageData(0, 0, 16, 16);
      for (let n = 0; n < data.length; n += 4)
        if ((data[n] ?? 0) + (data[n + 1] ?? 0) + (data[n + 2] ?? 0) > 60) return true;
    }
    return false;
  };
  const painted = new Set<string>();
  const done = new Set<string>();
  const mark = (name: string): void => {
    if (!done.has(name)) performance.mark(name);
    done.add(name);
  };
  let wasPreview = false;
  let framesSince = 0;
  const look = (): void => {
    for (const kind of views) if (!painted.has(kind) && isBright(kind)) painted.add(kind);
    if (planes.some((kind) => painted.has(kind))) mark('first');
    if (painted.size === views.length) mark('all');
    const isPreview = document.querySelector('[data-testid="preview"]') !== null;
    wasPreview ||= isPreview;
    framesSince = wasPreview && !isPreview ? framesSince + 1 : 0;
    if (done.has('all') && framesSince > 2 && views.every(isBright)) mark('full');
    if (!done.has('full')) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
