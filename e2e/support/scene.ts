import { rm } from 'node:fs/promises';
import type { CaseId, Mark, StudyDetail } from '@yuepian/contract';
import { mark } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import { startServer, type TestServer } from '../../server/src/testing.ts';
import { desk, type Screen, signIn, startBrowser, type TestBrowser } from './browser.ts';
import { importFiles, isReconstructed, phantomFolder, whenStudy } from './phantom.ts';

/** A person with an account; the first administrator unless said otherwise. */
export interface Account {
  readonly name: string;
  readonly password: string;
}

/** What most scenes begin with: a server that holds one phantom with its models, and a browser. */
export interface Scene extends AsyncDisposable {
  readonly server: TestServer;
  readonly browser: TestBrowser;
  readonly study: StudyDetail;
  /** Makes an account. */
  add(name: string, displayName: string, role: 'doctor' | 'viewer'): Promise<Account>;
  /**
   * The reading room on a screen of its own, signed in.
   * @param o.path instead of the phantom's study. @param o.query after it
   */
  enter(o?: {
    readonly screen?: Screen;
    readonly as?: Account;
    readonly path?: string;
    readonly query?: string;
  }): Promise<Page>;
  /** What the server has on disk of the case, of the study's own where none is named. */
  marks(caseId?: CaseId): Promise<Mark[]>;
}

/** @param grid of the phantom, where its usual one is too coarse or too fine. */
export async function openScene(grid: Parameters<typeof phantomFolder>[1] = {}): Promise<Scene> {
  const phantom = await phantomFolder('ct', grid);
  const [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const uid = await importFiles(server, phantom.files);
  const study = await whenStudy(server, uid, isReconstructed);
  await rm(phantom.folder, { recursive: true, force: true });
  const admin: Account = { name: 'admin', password: server.password };
  return {
    server,
    browser,
    study,
    async add(name, displayName, role) {
      const password = 'correct horse battery';
      const answer = await server.fetch('/api/users', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, displayName, role, password }),
      });
      if (!answer.ok) throw new Error(await answer.text());
      return { name, password };
    },
    async enter({ screen = desk, as = admin, path = `/studies/${uid}`, query = '' } = {}) {
      const page = await browser.open(`${server.url}${path}${query}`, screen);
      await signIn(page, as.password, as.name);
      return page;
    },
    async marks(caseId = study.caseId) {
      const answer = await server.fetch(`/api/cases/${caseId}`);
      const { marks } = (await answer.json()) as { marks: unknown[] };
      return marks.map((m) => mark.parse(m));
    },
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The planes show the full resolution, and what is said of them is there. */
export async function whenShown(page: Page): Promise<void> {
  await page.locator('[data-testid="info-axial"] [data-edge="left"]').waitFor();
  await page.getByTestId('preview').first().waitFor({ state: 'detached' });
}
