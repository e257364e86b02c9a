import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer as startTestServer } from '../server/src/testing.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const password = 'bench-password-1';

export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly authorization: string;
  readonly password: string;
  get(path: string): Promise<Response>;
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (!address || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

export async function waitFor(
  condition: () => Promise<boolean>,
  seconds: number,
  what: string,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

/** The real server in a process of its own, on a new data folder, with an empty library. */
export async function startServer(): Promise<BenchServer> {
  const server = await startTestServer({ password });
  return {
    url: server.url,
    pid: server.pid,
    authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    password,
    get: (path) => server.fetch(path),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
