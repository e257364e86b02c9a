import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CaseId, studyInstanceUid } from '@yuepian/contract';
import type { Page } from 'playwright-core';
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
  const keys = (p: Page) =>
    p.evaluate(() => [...globalThis.connection.document.doc.getMap('marks').keys()].sort());
  for (const tab of [again, second]) {
    await expect.poll(() => keys(tab)).toEqual(['drawn-meanwhile', 'drawn-offline']);
  }
  await other.close();
});
