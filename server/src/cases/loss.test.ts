import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CaseId, caseLimits, studyInstanceUid } from '@yuepian/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { silentLog } from '../http/index.ts';
import { createIdentity, identityMigrations } from '../identity/index.ts';
import { migrate, openDatabase } from '../storage/index.ts';
import { startServer, type TestServer } from '../testing.ts';
import { casesMigrations, createCases } from './index.ts';
import { openCase } from './testing.ts';

let folder: string;
let server: TestServer;
let caseId: CaseId;
let cookie: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-loss-'));
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const cases = createCases({ database, ...createIdentity(database), log: silentLog });
  caseId = await cases.caseOfStudy(studyInstanceUid.parse('1.2.3'));
  await cases.close();
  await database.destroy();
  server = await startServer({ dataFolder: folder });
  cookie = await server.signIn();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
const options = () => ({ url: server.url, caseId, cookie });

test('long offline edits of several people merge, also on the same mark', async () => {
  await using present = openCase(options());
  await present.synced();
  const shared = new Y.Map<unknown>([['label', 'first']]);
  present.document.getMap('marks').set('shared', shared);
  await present.saved();

  // Three people take the document away and work on it without a line, however long.
  const away = Array.from({ length: 3 }, (_, who) => {
    const document = new Y.Doc();
    Y.applyUpdate(document, Y.encodeStateAsUpdate(present.document));
    const marks = document.getMap<Y.Map<unknown>>('marks');
    for (let n = 0; n < 300; n++) marks.set(`away-${who}-${n}`, new Y.Map([['n', n]]));
    marks.get('shared')?.set(`by-${who}`, true);
    if (who === 0) marks.delete('away-0-7');
    return document;
  });
  for (let n = 0; n < 100; n++) present.document.getMap('marks').set(`here-${n}`, n);
  await present.saved();

  for (const document of away) {
    await using back = openCase({ ...options(), document });
    await back.saved();
  }
  await server.kill('SIGKILL');
  await server.restart();
  await using reader = openCase(options());
  await reader.synced();
  const marks = reader.document.getMap<Y.Map<unknown>>('marks');
  expect(marks.size).toBe(1 + 3 * 300 - 1 + 100);
  expect(marks.get('shared')?.toJSON()).toEqual({
    label: 'first',
    'by-0': true,
    'by-1': true,
    'by-2': true,
  });
  expect(marks.has('away-0-7')).toBe(false);
});

test('lines that break at random moments lose and double nothing', async () => {
  const clients = Array.from({ length: 4 }, () => openCase(options()));
  await Promise.all(clients.map((client) => client.synced()));
  // mulberry32, seeded: the same breaks each time.
  let seed = 7;
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const edits = 120;
  await Promise.all(
    clients.map(async (client, who) => {
      for (let n = 0; n < edits; n++) {
        client.document.getArray('order').push([`${who}-${n}`]);
        if (random() < 0.05) client.cut();
        else if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      }
      await client.saved();
    }),
  );
  for (const client of clients) await client[Symbol.asyncDispose]();
  await server.kill('SIGKILL');
  await server.restart();
  await using reader = openCase(options());
  await reader.synced();
  const order = reader.document.getArray<string>('order').toArray();
  expect(order).toHaveLength(clients.length * edits);
  expect(new Set(order).size).toBe(clients.length * edits);
  for (let who = 0; who < clients.length; who++) {
    const own = order.filter((key) => key.startsWith(`${who}-`));
    expect(own).toEqual(Array.from({ length: edits }, (_, n) => `${who}-${n}`));
  }
});

test('faster than the limit is slower, not lost', async () => {
  await using client = openCase(options());
  await client.synced();
  const count = caseLimits.updateBurst + 300;
  for (let n = 0; n < count; n++) client.document.getMap('marks').set(`fast-${n}`, n);
  await client.saved();
  await using reader = openCase(options());
  await reader.synced();
  const marks = reader.document.getMap('marks');
  expect(Array.from({ length: count }, (_, n) => `fast-${n}`).filter((k) => !marks.has(k))).toEqual(
    [],
  );
});

test('too many windows of one person are turned away with a word, and the others go on', async () => {
  const open = [];
  for (let n = 0; n < caseLimits.connectionsPerUser; n++) {
    const client = openCase(options());
    await client.synced();
    open.push(client);
  }
  await using more = openCase(options());
  expect(await more.closed()).toEqual({ code: 4430, reason: 'too_many_connections' });
  open[0]?.document.getMap('marks').set('goes-on', 1);
  await open[0]?.saved();
  for (const client of open) await client[Symbol.asyncDispose]();
});

test('hostile live messages: dropped when wrong, the line closed when large or without end', async () => {
  await using one = openCase(options());
  await one.synced();
  await one.heard((reply) => reply.type === 'hello');
  for (const text of [
    'not json',
    '{"type":"view","view":{"version":1}}',
    '{"type":"cursor","cursor":{"at":[1e300,0,0],"view":"axial"}}',
    '{"type":"ink","batches":[]}',
    '{"type":"lead","act":"seize"}',
    '{"type":"nonsense"}',
    '{"__proto__":{"type":"here"}}',
  ]) {
    one.provider.sendStateless(text);
  }
  // The line still lives: a right message after the wrong ones is answered.
  one.tell({ type: 'here', device: 'phone' });
  await one.heard((r) => r.type === 'room' && r.people.some((p) => p.device === 'phone'));

  await using large = openCase(options());
  await large.heard((reply) => reply.type === 'hello');
  large.provider.sendStateless(`"${'x'.repeat(caseLimits.liveBytes)}"`);
  expect((await large.closed()).code).toBe(4413);

  await using wrong = openCase(options());
  await wrong.heard((reply) => reply.type === 'hello');
  for (let n = 0; n <= caseLimits.liveInvalidAtMost; n++) wrong.provider.sendStateless('{}');
  expect((await wrong.closed()).code).toBe(4400);
});
