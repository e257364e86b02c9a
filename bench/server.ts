import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  const data = mkdtempSync(join(tmpdir(), 'yuepian-bench-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(process.execPath, [join(root, 'server/src/main.ts')], {
    env: {
      ...process.env,
      YUEPIAN_DATA: data,
      YUEPIAN_PORT: String(port),
      YUEPIAN_ADMIN_PASSWORD: password,
      YUEPIAN_DEMO: '0',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  await waitFor(
    () =>
      fetch(`${url}/healthz`).then(
        (r) => r.ok,
        () => false,
      ),
    30,
    'server start',
  );
  return {
    url,
    pid: child.pid ?? 0,
    authorization,
    password,
    get: (path) => fetch(url + path, { headers: { authorization } }),
    async [Symbol.asyncDispose]() {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
