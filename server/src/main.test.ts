import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryFolder } from './settings.ts';
import { startServer, type TestServer } from './testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Runs `yuepian ARGS` to its end. */
async function yuepian(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(repositoryFolder, 'bin/yuepian.mjs'), ...args], {
    env: { ...process.env, YUEPIAN_DEMO: '0', YUEPIAN_NO_INSTALL: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

test('healthz needs no sign-in; everything else of the API does', async () => {
  const health = await fetch(`${server.url}/healthz`);
  expect([health.status, await health.json()]).toEqual([
    200,
    { status: 'ok', version: expect.any(String) },
  ]);
  for (const path of [
    '/api/session',
    '/api/users',
    '/api/events',
    '/api/cases/x',
    '/api/studies',
  ]) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 401]);
  }
  expect((await server.fetch('/api/no-such-thing')).status).toBe(404);
});

test('every answer carries the security headers', async () => {
  for (const path of ['/healthz', '/', '/api/users']) {
    const { headers } = await fetch(server.url + path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval';/);
    expect(policy).not.toMatch(/script-src[^;]*unsafe-inline/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});

test('no path reaches a file outside the web app', async () => {
  for (const path of [
    '/assets/../../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
  ]) {
    const { port, hostname } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      socket.on('close', () => resolve(text));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
    expect(answer).not.toContain('"workspaces"');
  }
});

describe('starting and stopping', () => {
  test('SIGTERM ends cleanly with an open event stream', async () => {
    await using other = await startServer();
    const events = await other.fetch('/api/events');
    expect(events.headers.get('content-type')).toMatch('text/event-stream');
    const ended = await other.kill('SIGTERM');
    expect(ended).toEqual({ code: 0, signal: null });
    expect(await events.text()).toContain('retry:');
    expect(other.output()).toContain('Stopped.');
  });

  test('a data folder and a port are used by one server only; the sentence says so', async () => {
    const { port } = new URL(server.url);
    const folder = await yuepian(['serve', '--no-build'], {
      YUEPIAN_DATA: server.dataFolder,
      YUEPIAN_PORT: '0',
    });
    expect(folder.code).toBe(1);
    expect(folder.output).toContain('already works on this data folder');
    expect(folder.output).toContain(String(server.pid));
    const busy = await yuepian(['serve', '--no-build'], {
      YUEPIAN_DATA: join(server.dataFolder, 'other'),
      YUEPIAN_PORT: port,
    });
    expect(busy.code).toBe(1);
    expect(busy.output).toContain(`Port ${port} on 127.0.0.1 is used by another program`);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test('a crashed server leaves no lock behind', async () => {
    await using other = await startServer();
    await other.kill('SIGKILL');
    await other.restart();
    expect((await other.fetch('/api/session')).status).toBe(200);
  });
});

describe('the command line', () => {
  test.each([
    [['dance'], 'There is no command "dance".'],
    [['import'], 'Say which folder, zip or files to import.'],
    [['import', '.', '--nonsense'], '--nonsense'],
    [['user', 'add'], 'Say "user add NAME"'],
    [['phantom', 'elephant', '--out', 'x'], 'ct-abdomen'],
    [['phantom', 'mr-head'], '--out'],
    [['reconstruct'], 'DIR'],
  ])('yuepian %j is answered with one sentence and code 2', async (args, sentence) => {
    const { code, output } = await yuepian(args, { YUEPIAN_ADMIN_PASSWORD: 'x' });
    expect(output).toContain(sentence);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  test('bad settings and an absent server are sentences too', async () => {
    const bad = await yuepian(['serve'], { YUEPIAN_PORT: 'eighty' });
    expect([bad.code, bad.output]).toEqual([1, expect.stringContaining('YUEPIAN_PORT')]);
    const absent = await yuepian(['import', 'package.json', '--url', 'http://127.0.0.1:9'], {
      YUEPIAN_ADMIN_PASSWORD: 'x',
    });
    expect([absent.code, absent.output]).toEqual([1, expect.stringContaining('did not answer')]);
  });

  test('maintenance waits for the server to stop', async () => {
    await using other = await startServer();
    const args = ['user', 'add', 'sun', '--password', 'sun password'];
    const env = { YUEPIAN_DATA: other.dataFolder };
    const running = await yuepian(args, env);
    expect([running.code, running.output]).toEqual([1, expect.stringContaining('stop it first')]);
    await other.kill('SIGTERM');
    expect((await yuepian(args, env)).code).toBe(0);
    expect(
      (await yuepian(['user', 'reset-password', 'admin', '--password', 'new password'], env)).code,
    ).toBe(0);
    await other.restart();
    await other.signIn('sun', 'sun password');
    await other.signIn('admin', 'new password');
  });
});
