import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryFolder } from './settings.ts';

export interface TestServerOptions {
  /** Keeps this folder; without it a temporary one is made and removed. */
  readonly dataFolder?: string;
  /** Administrator's password; null starts with the one-time link instead. */
  readonly password?: string | null;
  /** With the two synthetic patients. */
  readonly demo?: boolean;
  /** Builds the web app when it is missing or old; for tests in a browser. */
  readonly web?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A real server: its own process, a free port, its own data folder. Use with `await using`; it is
 * stopped by SIGTERM and its folder removed at the end of the block.
 */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly setupUrl: string | null;
  readonly dataFolder: string;
  readonly password: string;
  readonly pid: number;
  /** Everything the process wrote so far, both streams. */
  output(): string;
  /** A request with the administrator's Basic credentials. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Signs in and gives the value for a Cookie header. */
  signIn(name?: string, password?: string): Promise<string>;
  /** Sends a signal and waits for the process to end; SIGKILL is a crash. */
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Starts a new process on the same data, on another free port. */
  restart(): Promise<void>;
}

interface Listening {
  readonly type: 'listening';
  readonly url: string;
  readonly setupUrl: string | null;
}

const isListening = (message: unknown): message is Listening =>
  typeof message === 'object' &&
  message !== null &&
  'type' in message &&
  message.type === 'listening';

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'yuepian-test-')));
  const password = options.password === undefined ? 'correct horse' : options.password;
  let output = '';
  let child: ChildProcess;
  let listening: Listening;

  const launch = async () => {
    child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(repositoryFolder, 'server/src/cli/main.ts'),
        'serve',
        ...(options.web ? [] : ['--no-build']),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: {
          ...process.env,
          YUEPIAN_DATA: dataFolder,
          YUEPIAN_HOST: '127.0.0.1',
          YUEPIAN_PORT: '0',
          YUEPIAN_DEMO: options.demo ? '1' : '0',
          YUEPIAN_ADMIN_PASSWORD: password ?? '',
          ...options.env,
        },
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    listening = await new Promise<Listening>((resolve, reject) => {
      child.on('message', (message) => {
        if (isListening(message)) resolve(message);
      });
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    });
  };

  const kill: TestServer['kill'] = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'close');
      child.kill(signal);
      await ended;
    }
    return { code: child.exitCode, signal: child.signalCode };
  };

  const server: TestServer = {
    get url() {
      return listening.url;
    },
    get setupUrl() {
      return listening.setupUrl;
    },
    get pid() {
      return child.pid ?? 0;
    },
    dataFolder,
    password: password ?? '',
    output: () => output,
    fetch: (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (!headers.has('authorization')) {
        headers.set('authorization', `Basic ${btoa(`admin:${password}`)}`);
      }
      return fetch(new URL(path, listening.url), { ...init, headers });
    },
    async signIn(name = 'admin', secret = password ?? '') {
      const response = await fetch(new URL('/api/session', listening.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, password: secret }),
      });
      if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
      return response.headers
        .getSetCookie()
        .map((c) => c.split(';')[0])
        .join('; ');
    },
    kill,
    restart: async () => {
      await kill('SIGTERM');
      await launch();
    },
    async [Symbol.asyncDispose]() {
      await kill('SIGTERM');
      if (!options.dataFolder) await rm(dataFolder, { recursive: true, force: true });
    },
  };
  try {
    await launch();
  } catch (error) {
    if (!options.dataFolder) await rm(dataFolder, { recursive: true, force: true });
    throw error;
  }
  return server;
}
