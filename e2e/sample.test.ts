import { demoState } from '@yuepian/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/src/testing.ts';
import { picture, signIn, startBrowser, type TestBrowser } from './support/browser.ts';

let server: TestServer;
let browser: TestBrowser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const state = async () => demoState.parse(await (await server.fetch('/api/demo')).json()).state;

test('an empty library offers the sample patients, and says that they are being made', async () => {
  expect(await state()).toBe('idle');
  const page = await browser.open(server.url);
  await signIn(page, server.password);
  await page.getByTestId('empty-library').waitFor();
  await picture(page, 'library-empty-sample');
  await page.getByTestId('open-sample').click();
  await page.getByTestId('sample-running').getByText('正在生成示例病例').waitFor();
  expect(await state()).toBe('running');
  // Whoever opens the library meanwhile sees the same.
  await page.reload();
  await page.getByTestId('sample-running').waitFor();
  await picture(page, 'library-sample-running');
  await page.getByTestId('language').click();
  await page
    .getByTestId('sample-running')
    .getByText('The sample patients are being made')
    .waitFor();
  await page.close();
});
