import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Role, type StudyInstanceUid, type UserId, YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Actor, createApp, createEvents, type Log } from './index.ts';

const study = '1.2.3' as StudyInstanceUid;
const as = (role: Role): Actor => ({
  user: { id: 'u' as UserId, name: role, displayName: role, role, colour: '#000000' },
  via: 'token',
  address: '',
});

let folder: string;
let app: FastifyInstance;
const logged: unknown[] = [];
const log: Log = { info: () => {}, warn: () => {}, error: (...line) => void logged.push(line) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-web-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>app</title>');
  await writeFile(join(folder, 'icon.svg'), '<svg/>');
  await writeFile(join(folder, 'assets/app-abc123.js'), 'console.log(1)'.repeat(100));
  for (const part of ['reading', 'engine', 'graphics', 'decode.worker', 'glb'])
    await writeFile(join(folder, `assets/${part}-a_1-B2.js`), '');
  await writeFile(join(folder, 'assets/app-abc123.js.gz'), gzipSync('console.log(1)'.repeat(100)));
  app = await createApp({
    webFolder: folder,
    version: '1.2.3',
    log,
    // The role stands in a header here; identity has its own tests.
    identify: async (request) => {
      const role = request.headers['x-role'];
      return role === 'admin' || role === 'doctor' || role === 'viewer' ? as(role) : null;
    },
  });
  const throws = (path: string, error: () => unknown) =>
    app.get(path, { config: { permission: 'anyone' } }, async () => {
      throw error();
    });
  throws('/api/throws/known', () => new YuepianError('instance_conflict'));
  throws('/api/throws/unknown', () => new Error('secret detail'));
  throws('/api/throws/zod', () => z.object({ a: z.number() }).safeParse({ a: 'x' }).error);
  throws('/api/throws/full', () => Object.assign(new Error('write'), { code: 'ENOSPC' }));
  throws('/api/throws/sqlite', () => Object.assign(new Error('disk full'), { errcode: 13 }));
  throws('/dicom-web/secret', () => new YuepianError('not_signed_in'));
  app.get('/api/read', { config: { permission: 'read' } }, async () => ({}));
  app.post('/api/delete', { config: { permission: 'delete' } }, async () => ({}));
  const large = { config: { permission: 'read' }, bodyLimit: 3 << 20 } as const;
  app.post('/api/large', large, async () => ({}));
  app.get('/api/me', { config: { permission: 'signed_in' } }, async () => ({}));
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

test('a route that declares no permission cannot be registered', () => {
  expect(() => app.get('/api/forgotten', async () => ({}))).toThrow('config.permission');
});

test.each([
  ['/api/read', 'GET', [401, 200, 200, 200]],
  ['/api/me', 'GET', [401, 200, 200, 200]],
  ['/api/read', 'HEAD', [401, 200, 200, 200]],
  ['/api/delete', 'POST', [401, 403, 403, 200]],
] as const)('%s %s asks for the right role', async (url, method, expected) => {
  const statuses = await Promise.all(
    ['', 'viewer', 'doctor', 'admin'].map(
      async (role) => (await app.inject({ url, method, headers: { 'x-role': role } })).statusCode,
    ),
  );
  expect(statuses).toEqual(expected);
});

describe('errors', () => {
  test.each([
    ['known', 409, 'instance_conflict'],
    ['zod', 400, 'invalid_request'],
    ['full', 507, 'storage_full'],
    ['sqlite', 507, 'storage_full'],
  ])('%s becomes its code and status', async (name, status, code) => {
    const response = await app.inject(`/api/throws/${name}`);
    expect([response.statusCode, response.json().error.code]).toEqual([status, code]);
    expect(response.json().error.zh).toBeTruthy();
  });

  test('an unforeseen one tells the client a number, and the log the rest', async () => {
    logged.length = 0;
    const response = await app.inject('/api/throws/unknown');
    const { error } = response.json();
    expect([response.statusCode, error.code]).toEqual([500, 'internal']);
    expect(response.body).not.toContain('secret detail');
    expect(JSON.stringify(logged)).toContain(error.details.id);
  });

  test('what is too large is told the limit of its own route', async () => {
    const post = (url: string, role: string) =>
      app.inject({
        method: 'POST',
        url,
        headers: { 'x-role': role, 'content-type': 'application/json' },
        payload: JSON.stringify('x'.repeat(4 << 20)),
      });
    const usual = await post('/api/delete', 'admin');
    const large = await post('/api/large', 'viewer');
    expect([usual.statusCode, large.statusCode]).toEqual([413, 413]);
    expect(usual.json().error.en).toContain('1 MB');
    expect(large.json().error.en).toContain('3 MB');
  });

  test('only DICOMweb asks a browser for a password', async () => {
    const dicom = await app.inject('/dicom-web/secret');
    expect(dicom.headers['www-authenticate']).toMatch(/^Basic/);
    const api = await app.inject('/api/read');
    expect(api.headers['www-authenticate']).toBeUndefined();
  });
});

describe('the web app', () => {
  test('every page address gives index.html, asked for anew each time', async () => {
    for (const url of ['/', '/studies/1.2.3', '/setup?token=x', '/index.html']) {
      const response = await app.inject(url);
      expect([url, response.statusCode, response.body]).toEqual([
        url,
        200,
        '<!doctype html><title>app</title>',
      ]);
      expect(response.headers['cache-control']).toBe('no-cache');
      expect(response.headers['content-type']).toMatch('text/html');
    }
  });

  test('a link into a study names what it will load, other addresses nothing', async () => {
    const link = String((await app.inject('/studies/1.2.3')).headers.link).split(', ');
    expect(link).toEqual([
      '</api/session>; rel=preload; as=fetch; crossorigin',
      '</api/studies/1.2.3>; rel=preload; as=fetch; crossorigin',
      '</assets/engine-a_1-B2.js>; rel=modulepreload',
      '</assets/graphics-a_1-B2.js>; rel=preload; as=script; crossorigin; fetchpriority=low',
      '</assets/reading-a_1-B2.js>; rel=modulepreload',
    ]);
    for (const url of ['/', '/studies/', '/studies/1.2>x', '/studies/%0d%0aevil', '/x/1.2.3']) {
      expect([url, (await app.inject(url)).headers.link]).toEqual([url, undefined]);
    }
  });

  test('assets never change and come packed when the browser takes that', async () => {
    const plain = await app.inject('/assets/app-abc123.js');
    expect(plain.headers['cache-control']).toMatch(/max-age=31536000.*immutable/);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await app.inject({
      url: '/assets/app-abc123.js',
      headers: { 'accept-encoding': 'gzip, br' },
    });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['content-type']).toMatch('javascript');
    expect(packed.rawPayload.byteLength).toBeLessThan(plain.rawPayload.byteLength);
  });

  test('a missing asset or service address is no page', async () => {
    for (const url of ['/assets/old-999.js', '/api/nothing', '/dicom-web/nothing', '/healthz/x']) {
      expect([url, (await app.inject(url)).statusCode]).toEqual([url, 404]);
    }
    expect((await app.inject({ url: '/', method: 'POST' })).statusCode).toBe(404);
    expect((await app.inject('/icon.svg')).headers['content-type']).toMatch('svg');
  });
});

describe('on a real socket', () => {
  let server: FastifyInstance;
  let url: string;
  const events = createEvents();
  let received = 0;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let arrived = () => {};
  const arriving = new Promise<void>((resolve) => {
    arrived = resolve;
  });

  beforeAll(async () => {
    server = await createApp({
      webFolder: folder,
      version: '1',
      log,
      identify: async () => as('viewer'),
      bodyPeriodMs: 1000,
    });
    await server.register(events.routes);
    server.addContentTypeParser('application/x-slow', (_request, payload, done) =>
      done(null, payload),
    );
    server.post('/api/slow', { config: { permission: 'read' } }, async (request) => {
      (request.body as Readable).once('readable', arrived);
      await held;
      for await (const piece of request.body as AsyncIterable<Uint8Array>) {
        received += piece.byteLength;
      }
      return { received };
    });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(async () => {
    events.close();
    await server.close();
  });

  test('an event reaches every open stream, and a stream ends with its right', async () => {
    const streams = await Promise.all([fetch(`${url}/api/events`), fetch(`${url}/api/events`)]);
    const readers = streams.map((s) => s.body?.pipeThrough(new TextDecoderStream()).getReader());
    for (const reader of readers) expect((await reader?.read())?.value).toContain('retry:');
    events.publish({ type: 'study', studyInstanceUid: study, change: 'arrived' });
    for (const reader of readers) {
      expect((await reader?.read())?.value).toBe(
        'data: {"type":"study","studyInstanceUid":"1.2.3","change":"arrived"}\n\n',
      );
    }
    events.end((actor) => actor.user.role === 'admin');
    events.publish({ type: 'study', studyInstanceUid: study, change: 'deleted' });
    expect((await readers[0]?.read())?.value).toContain('deleted');
    events.end((actor) => actor.user.role === 'viewer');
    expect((await readers[0]?.read())?.done).toBe(true);
  });

  test('a body that stops arriving is cut; one that waits for the server is not', async () => {
    // Arrives in part and is read only when the other one has been cut.
    const patient = fetch(`${url}/api/slow`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-slow' },
      body: new Uint8Array(20 << 20),
    });
    await arriving;
    const stalled = connect(Number(new URL(url).port), '127.0.0.1');
    stalled.on('error', () => {});
    stalled.write(
      'POST /api/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-slow\r\n' +
        'Content-Length: 1000\r\n\r\n',
    );
    await once(stalled, 'close');
    letGo();
    expect(await (await patient).json()).toEqual({ received: 20 << 20 });
  });
});
