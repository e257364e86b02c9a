import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.mjs';
import { freePort, waitFor } from './server.ts';

/**
 * A Chromium with one page and nobody looking on: a test driver has it keep the body of every answer,
 * which is as much as the compressed volume and would be counted as the page's memory.
 */
export interface BareBrowser extends AsyncDisposable {
  readonly pid: number;
  navigate(url: string): Promise<void>;
  /** Value of an expression in the page; promises are awaited. */
  evaluate(expression: string): Promise<unknown>;
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

export async function openBareBrowser(width: number, height: number): Promise<BareBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'yuepian-bench-profile-'));
  const port = await freePort();
  const child = spawn(
    ensureChromium(),
    [
      ...chromiumFlags,
      '--headless=new',
      `--remote-debugging-port=${port}`,
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let socketUrl = '';
  await waitFor(
    async () => {
      const targets = (await fetch(`http://127.0.0.1:${port}/json`).then(
        (r) => r.json(),
        () => [],
      )) as { type: string; webSocketDebuggerUrl: string }[];
      socketUrl = targets.find((t) => t.type === 'page')?.webSocketDebuggerUrl ?? '';
      return socketUrl !== '';
    },
    20,
    'browser start',
  );
  const socket = new WebSocket(socketUrl);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.addEventListener('message', (event) => {
    const answer = JSON.parse(String(event.data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  let last = 0;
  const call = (method: string, params: object): Promise<Answer> =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, (answer) => {
        waiting.delete(id);
        resolve(answer);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await call('Emulation.setDeviceMetricsOverride', {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: false,
  });
  const evaluate = async (expression: string): Promise<unknown> =>
    (await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result
      ?.result?.value;
  return {
    pid: child.pid ?? 0,
    evaluate,
    async navigate(url) {
      await call('Page.navigate', { url });
      await waitFor(
        async () => (await evaluate('location.href')) === url,
        20,
        `navigation to ${url}`,
      );
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      child.kill('SIGTERM');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
