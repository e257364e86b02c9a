import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CaseId, studyInstanceUid } from '@yuepian/contract';
import type { BrowserContext, Page, WebSocketRoute } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { casesMigrations, createCases } from '../server/src/cases/index.ts';
import { silentLog } from '../server/src/http/index.ts';
import { createIdentity, identityMigrations } from '../server/src/identity/index.ts';
import { repositoryFolder } from '../server/src/settings.ts';
import { migrate, openDatabase } from '../server/src/storage/index.ts';
import { startServer, type TestServer } from '../server/src/testing.ts';
import type { CaseConnection } from '../web/src/case/index.ts';
import { startBrowser, type TestBrowser } from './support/browser.ts';

declare global {
  // The room under test, as a script of its own; see the build below.
  var yuepianCase: typeof import('../web/src/case/index.ts');
  var connection: CaseConnection;
}

let folder: string;
let server: TestServer;
let browser: TestBrowser;
let caseId: CaseId;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-tab-'));
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const cases = createCases({ database, ...createIdentity(database), log: silentLog });
  caseId = await cases.caseOfStudy(studyInstanceUid.parse('1.2.3'));
  await cases.close();
  await database.destroy();
  server = await startServer({ dataFolder: folder });
  browser = await startBrowser();
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: false,
      lib: {
        entry: join(repositoryFolder, 'web/src/case/index.ts'),
        formats: ['iife'],
        name: 'yuepianCase',
      },
    },
  });
  const [first] = Array.isArray(built) ? built : [];
  const chunk = first?.output.find((part) => part.type === 'chunk');
  script = chunk && 'code' in chunk ? chunk.code : '';
  expect(script).toContain('yuepianCase');
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A page of the server's own origin that holds the case room and nothing else. */
async function openTab(page: Page): Promise<void> {
  const blank = { contentType: 'text/html', body: '<!doctype html><title>case</title>' };
  // A page that a test made up counts as one from outside, which may not reach this machine.
  await page.context().grantPermissions(['local-network-access']);
  await page.route('**/blank', (route) => route.fulfill(blank));
  await page.goto(`${server.url}/blank`);
  await page.evaluate(`${script}; globalThis.yuepianCase = yuepianCase;`);
  await page.evaluate((id) => {
    globalThis.connection = globalThis.yuepianCase.connectCase({ caseId: id, mayChange: true });
  }, caseId);
}
const reach = (page: Page, state: string): Promise<void> =>
  expect
    .poll(() => page.evaluate(() => globalThis.connection.save.get().save), { timeout: 20_000 })
    .toMatchObject({ state });

/** How many updates this browser keeps of the case. */
const keptRows = (page: Page): Promise<number> =>
  page.evaluate(async (name) => {
    const answer = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await answer(indexedDB.open(name));
    const rows = await answer(database.transaction('updates').objectStore('updates').count());
    database.close();
    return rows;
  }, `yuepian-case-${caseId}`);
const draw = (page: Page, key: string): Promise<void> =>
  page.evaluate((k) => {
    globalThis.connection.document.doc.getMap('marks').set(k, { label: k });
  }, key);
const keysOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...globalThis.connection.document.doc.getMap('marks').keys()]);

/** A signed-in browser whose line to the case can be cut. */
async function signedIn(): Promise<{ context: BrowserContext; line: (isUp: boolean) => void }> {
  const page = await browser.open('about:blank');
  const context = page.context();
  const [name = '', value = ''] = (await server.signIn()).split('=');
  await context.addCookies([{ name, value, url: server.url }]);
  let isLineUp = true;
  const open = new Set<WebSocketRoute>();
  // Going offline leaves a socket that is open as it is.
  await context.routeWebSocket(/\/socket$/, (socket) => {
    if (!isLineUp) return void socket.close();
    socket.connectToServer();
    open.add(socket);
  });
  const line = (isUp: boolean): void => {
    isLineUp = isUp;
    if (isUp) return;
    for (const socket of open) void socket.close();
    open.clear();
  };
  return { context, line };
}

it('keeps nothing of the case in the browser once the server has all of it', async () => {
  const { context, line } = await signedIn();
  const page = await context.newPage();
  await openTab(page);
  await reach(page, 'saved');
  expect(await keptRows(page)).toBe(0);
  line(false);
  await reach(page, 'offline');
  await draw(page, 'unsent');
  await expect.poll(() => keptRows(page)).toBe(1);
  line(true);
  await reach(page, 'saved');
  await expect.poll(() => keptRows(page), { timeout: 20_000 }).toBe(0);
  // Made and acknowledged while the line is up.
  await draw(page, 'sent');
  await reach(page, 'saved');
  await expect.poll(() => keptRows(page), { timeout: 20_000 }).toBe(0);
  // Closed right after it was saved, without waiting for the calm.
  await draw(page, 'sent and closed');
  await reach(page, 'saved');
  await page.evaluate(() => globalThis.connection.close());
  await expect.poll(() => keptRows(page), { timeout: 1_500 }).toBe(0);
  await context.close();
});

it('keeps what a closed tab had not sent, although another tab of the same case has saved', async () => {
  const { context, line } = await signedIn();
  const [staying, leaving] = [await context.newPage(), await context.newPage()];
  for (const page of [staying, leaving]) {
    await openTab(page);
    await reach(page, 'saved');
  }
  line(false);
  for (const page of [staying, leaving]) await reach(page, 'offline');
  await draw(staying, 'of-the-one');
  await draw(leaving, 'of-the-other');
  await expect.poll(() => keptRows(staying)).toBe(2);
  await leaving.close({ runBeforeUnload: false });
  line(true);
  await reach(staying, 'saved');
  await expect.poll(() => keptRows(staying), { timeout: 20_000 }).toBe(1);
  expect(await keysOf(staying)).not.toContain('of-the-other');

  const again = await context.newPage();
  await openTab(again);
  for (const page of [again, staying]) {
    await expect.poll(() => keysOf(page)).toContain('of-the-other');
  }
  await reach(again, 'saved');
  await expect.poll(() => keptRows(again), { timeout: 20_000 }).toBe(0);
  await context.close();
});

it('keeps unsent changes of a tab that was closed, and merges them when it is opened again', async () => {
  const page = await browser.open('about:blank');
  const context = page.context();
  const [name = '', value = ''] = (await server.signIn()).split('=');
  await context.addCookies([{ name, value, url: server.url }]);
  await openTab(page);
  await reach(page, 'saved');

  await context.setOffline(true);
  await reach(page, 'offline');
  await page.evaluate(() => {
    globalThis.connection.document.doc.getMap('marks').set('drawn-offline', { label: '离线' });
  });
  expect(await page.evaluate(() => globalThis.connection.save.get().save)).toMatchObject({
    state: 'offline',
    waiting: 1,
  });
  // Closed without a goodbye: the page gets no chance to tidy up.
  await page.close({ runBeforeUnload: false });

  // Meanwhile somebody else works on the case.
  const other = await context.browser()?.newContext();
  if (!other) throw new Error('no browser');
  await other.addCookies([{ name, value, url: server.url }]);
  const second = await other.newPage();
  await openTab(second);
  await reach(second, 'saved');
  await second.evaluate(() => {
    globalThis.connection.document.doc.getMap('marks').set('drawn-meanwhile', { label: 'x' });
  });
  await reach(second, 'saved');

  await context.setOffline(false);
  const again = await context.newPage();
  await openTab(again);
  await reach(again, 'saved');
  for (const tab of [again, second]) {
    await expect
      .poll(() => keysOf(tab))
      .toEqual(expect.arrayContaining(['drawn-meanwhile', 'drawn-offline']));
  }
  await other.close();
});
