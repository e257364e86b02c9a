import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';
import { phantomFolder, studiesOf } from './support/phantom.ts';

let server: TestServer;
let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-e2e-library-'));
  [server, browser] = await Promise.all([startServer({ password: null }), startBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
const password = 'a long password';

test('the first start gives a link that sets the administrator’s password, once', async () => {
  expect(server.setupUrl).toMatch(/\/setup\?token=/);
  const page = await browser.open(server.setupUrl ?? '');
  const fields = page.locator('input[type="password"]');
  await fields.nth(0).fill(password);
  await fields.nth(1).fill(password);
  await page.locator('button[type="submit"]').click();
  await page.getByTestId('empty-library').waitFor();
  await picture(page, 'library-empty');

  const again = await browser.open(server.setupUrl ?? '');
  await again.getByText('已使用或已过期').waitFor();
});

test('a wrong password gets a sentence in the language chosen', async () => {
  const page = await browser.open(server.url);
  await page.locator('input[name="username"]').fill('admin');
  await page.locator('input[name="password"]').fill('wrong');
  await page.locator('button[type="submit"]').click();
  await page.getByText('用户名或密码不正确').waitFor();
  await page.getByTestId('language').click();
  await page.getByText('The user name or password is not right').waitFor();
  expect(await page.locator('html').getAttribute('lang')).toMatch(/^en/);
  await picture(page, 'sign-in-en');
});

test('files are filed one by one, each with its own result, and hostile names stay text', async () => {
  const phantom = await phantomFolder('ct', { size: 32, slices: 12 });
  const hostile = '<img src=x onerror=window.hacked=1>';
  const note = join(folder, `${hostile.replaceAll('/', '')}.txt`);
  await writeFile(note, 'no image');
  const cut = join(folder, 'cut.dcm');
  await writeFile(cut, (await readFile(phantom.files[0] ?? '')).subarray(0, 900));
  const empty = join(folder, 'empty.dcm');
  await writeFile(empty, '');

  const page = await browser.open(server.url);
  await signIn(page, password);
  await page.getByTestId('empty-library').waitFor();
  await page
    .getByTestId('file-input')
    .first()
    .setInputFiles([...phantom.files, note, cut, empty]);
  await page.locator('[data-testid="upload"] [data-status="stored"]').first().waitFor();
  await page.locator('[data-testid="upload"] [data-status="refused"]').nth(1).waitFor();
  const rows = page.locator('[data-testid="upload"]');
  await rows.getByText('文件是空的').waitFor();
  await page.getByTestId('studies').getByText('王小明').waitFor();
  await picture(page, 'library-import');
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  const [study] = await studiesOf(serverWith(password));
  expect(study?.instanceCount).toBeGreaterThanOrEqual(phantom.files.length);

  await page.getByTestId('search').fill('王小');
  await page.getByTestId(`study-${study?.studyInstanceUid}`).waitFor();
  await page.getByTestId('search').fill('没有这个人');
  await page.getByTestId('nothing-found').waitFor();
  await rm(phantom.folder, { recursive: true, force: true });
});

/** The same server, with the password that was set by the link. */
function serverWith(secret: string): TestServer {
  const headers = { authorization: `Basic ${btoa(`admin:${secret}`)}` };
  return { ...server, fetch: (path) => fetch(new URL(path, server.url), { headers }) };
}
