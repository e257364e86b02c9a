import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseId, StudyInstanceUid } from '@yuepian/contract';
import {
  createEncoder,
  toUint8Array,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { silentLog } from '../http/index.ts';
import { createIdentity, identityMigrations } from '../identity/index.ts';
import { migrate, openDatabase } from '../storage/index.ts';
import { startServer, type TestServer } from '../testing.ts';
import { casesMigrations, createCases } from './index.ts';
import { caseSocket, fetchTicket, openCase } from './testing.ts';

const study = '1.2.3' as StudyInstanceUid;
const password = 'correct horse';

let folder: string;
let server: TestServer;
let caseId: CaseId;
let admin: string;
let viewer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-cases-'));
  // The case is made before the server starts: this room needs no archive.
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const identity = createIdentity(database);
  await identity.addUser({ name: 'looker', displayName: '', role: 'viewer', password });
  const cases = createCases({ database, ...identity, log: silentLog });
  caseId = await cases.caseOfStudy(study);
  expect(await cases.caseOfStudy(study)).toBe(caseId);
  await database.destroy();

  server = await startServer({ dataFolder: folder, password });
  admin = await server.signIn();
  viewer = await server.signIn('looker', password);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const options = (cookie = admin) => ({ url: server.url, caseId, cookie });
const content = async () =>
  (await (await server.fetch(`/api/cases/${caseId}`)).json()) as {
    seq: number;
    studyInstanceUid: string;
    marks: { id: string; label: string }[];
    invalid: number;
  };

const lengthMark = (id: string) => ({
  version: 2,
  id,
  kind: 'length',
  frameOfReferenceUid: '1.2.3.4',
  volumeId: 'v1',
  plane: { point: [0, 0, 0], normal: [0, 0, 1] },
  points: [
    [0, 0, 0],
    [10.123456789012344, 0, 0],
  ],
  label: `长度 ${id}`,
  colour: '#5aa9e6',
  author: { id: 'u1', name: 'Zhang' },
  createdAt: '2026-01-01T00:00:00Z',
  hidden: false,
});

/** A frame as a client sends it: document name, message type sync, update, bytes. */
function syncFrame(bytes: Uint8Array, name: string = caseId): Uint8Array {
  const encoder = createEncoder();
  writeVarString(encoder, name);
  writeVarUint(encoder, 0);
  writeVarUint(encoder, 2);
  writeVarUint8Array(encoder, bytes);
  return toUint8Array(encoder);
}

const statusOfUpgrade = async (cookie: string, origin?: string, id: string = caseId) => {
  const socket = caseSocket({
    url: server.url,
    caseId: id,
    cookie,
    ...(origin === undefined ? {} : { origin }),
  });
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number; resume(): void },
  ];
  response.resume();
  socket.on('error', () => {});
  socket.terminate();
  return response.statusCode;
};

describe('the door', () => {
  test('refuses another origin and an unknown case before the upgrade', async () => {
    expect(await statusOfUpgrade(admin, 'http://evil.example')).toBe(403);
    expect(await statusOfUpgrade(admin, 'null')).toBe(403);
    expect(await statusOfUpgrade(admin, undefined, 'no-such-case')).toBe(404);
  });

  test('gives tickets only to who is signed in, and not to other sites', async () => {
    const ask = (headers: Record<string, string>, id: string = caseId) =>
      fetch(`${server.url}/api/cases/${id}/ticket`, { method: 'POST', headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ cookie: 'yuepian_session=made-up' })).status).toBe(401);
    expect((await ask({ cookie: admin, origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask({ cookie: admin }, 'no-such-case')).status).toBe(404);
    expect((await ask({ cookie: admin })).status).toBe(200);
  });

  test('a cookie alone, a made-up and a used ticket let nobody in', async () => {
    for (const ticket of ['', 'made-up']) {
      await using client = openCase({ ...options(), ticket });
      expect(await client.closed()).toEqual({ code: 4401, reason: 'not_signed_in' });
    }
    const ticket = await fetchTicket(options());
    await using first = openCase({ ...options(), ticket });
    await first.synced();
    await using second = openCase({ ...options(), ticket });
    expect((await second.closed()).code).toBe(4401);
  });

  test('serves only the document of the case in the address', async () => {
    await using client = openCase({ ...options(), documentName: 'another-case' });
    expect((await client.closed()).code).toBe(4403);
  });
});

describe('a live document', () => {
  test('what one draws the other sees, and it is in the JSON to the digit', async () => {
    await using one = openCase(options());
    await using two = openCase(options());
    await Promise.all([one.synced(), two.synced()]);
    const value = new Y.Map(Object.entries(lengthMark('m1')));
    const seen = new Promise<void>((resolve) =>
      two.document.getMap('marks').observe(() => resolve()),
    );
    one.document.getMap('marks').set('m1', value);
    await Promise.all([seen, one.saved()]);
    expect(two.document.getMap('marks').toJSON()).toEqual({ m1: lengthMark('m1') });
    const { marks, studyInstanceUid } = await content();
    expect(studyInstanceUid).toBe(study);
    expect(marks).toEqual([lengthMark('m1')]);
  });

  test('entries that do not fit the contract are counted, not served', async () => {
    await using one = openCase(options());
    await one.synced();
    one.document.getMap('marks').set('bad', new Y.Map([['kind', 'length']]));
    await one.saved();
    expect(await content()).toMatchObject({ invalid: 1, marks: [{ id: 'm1' }] });
    one.document.getMap('marks').delete('bad');
    await one.saved();
    expect(await content()).toMatchObject({ invalid: 0 });
  });

  test('an observer sees and cannot write', async () => {
    await using looker = openCase(options(viewer));
    await looker.synced();
    expect(looker.document.getMap('marks').has('m1')).toBe(true);
    expect(looker.provider.authorizedScope).toBe('readonly');
    const { seq } = await content();
    looker.document.getMap('marks').set('mine', new Y.Map(Object.entries(lengthMark('mine'))));
    // A write of somebody who may, after it, shows that the observer's has been dealt with.
    await using one = openCase(options());
    await one.synced();
    one.document.getMap('marks').set('m2', new Y.Map(Object.entries(lengthMark('m2'))));
    await one.saved();
    const after = await content();
    expect(after.seq).toBe(seq + 1);
    expect(after.marks.map((m) => m.id)).toEqual(['m1', 'm2']);
    expect(looker.provider.hasUnsyncedChanges).toBe(true);
  });

  test('reconnecting without news adds nothing to the log', async () => {
    const before = await content();
    const document = new Y.Doc();
    {
      await using one = openCase({ ...options(), document });
      await one.synced();
      await one.saved();
      const copy = Y.encodeStateAsUpdate(one.document);
      await using two = openCase(options());
      await two.synced();
      // Not `saved`: the answer to bytes that the client knows nothing of would count for its edit.
      const arrived = new Promise<void>((resolve) => {
        two.document.on('update', () => {
          if (two.document.getMap('view').get('volumeVisible') === true) resolve();
        });
      });
      one.send(syncFrame(copy));
      one.document.getMap('view').set('volumeVisible', true);
      await arrived;
    }
    expect((await content()).seq).toBe(before.seq + 1);
  });
});

describe('bad input', () => {
  test.each([
    ['bytes that are no update', () => syncFrame(Uint8Array.of(255, 255, 255, 255, 7)), 4400],
    ['half an update', () => syncFrame(Y.encodeStateAsUpdate(withText(200)).subarray(0, 60)), 4400],
    ['a frame that ends early', () => syncFrame(new Uint8Array(100)).subarray(0, 50), 4400],
    ['an update over the limit', () => syncFrame(Y.encodeStateAsUpdate(withText(5 << 20))), 4413],
    ['a document of a newer version', () => syncFrame(Y.encodeStateAsUpdate(newer())), 4409],
  ])('%s closes the connection and is not logged', async (_name, frame, code) => {
    const before = await content();
    await using client = openCase(options());
    await client.synced();
    client.send(frame());
    expect((await client.closed()).code).toBe(code);
    expect(await content()).toEqual(before);
    // The case itself goes on.
    await using other = openCase(options());
    await other.synced();
    expect(other.document.getMap('marks').has('m1')).toBe(true);
    expect(other.document.getMap('meta').get('version')).toBe(1);
  });

  function withText(length: number): Y.Doc {
    const document = new Y.Doc();
    document.getMap('marks').set('x', 'x'.repeat(length));
    return document;
  }
  function newer(): Y.Doc {
    const document = new Y.Doc();
    document.clientID = 0xffffffff;
    document.getMap('meta').set('version', 2);
    return document;
  }
});

test('signing out ends the sockets of that session', async () => {
  const cookie = await server.signIn();
  await using client = openCase(options(cookie));
  await client.synced();
  const response = await fetch(`${server.url}/api/session`, {
    method: 'DELETE',
    headers: { cookie },
  });
  expect(response.status).toBe(204);
  expect((await client.closed()).code).toBe(4401);
});

test('kill -9 in the middle of edits by two loses nothing that was acknowledged', async () => {
  const rounds = 3;
  const acknowledged = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const cookie = await server.signIn();
    await using one = openCase(options(cookie));
    await using two = openCase(options(cookie));
    await Promise.all([one.synced(), two.synced()]);
    let killed = false;
    let count = 0;
    let enough = () => {};
    const reached = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const edit = async (client: typeof one, who: string) => {
      for (let i = 0; !killed; i++) {
        const key = `${round}-${who}-${i}`;
        client.document.getMap('marks').set(key, i);
        const saved = client.saved().then(() => true);
        if (!(await Promise.race([saved, client.closed().then(() => false)]))) return;
        acknowledged.add(key);
        if (++count === 40) enough();
      }
    };
    const editing = [edit(one, 'one'), edit(two, 'two')];
    await reached;
    await server.kill('SIGKILL');
    killed = true;
    await Promise.all(editing);
    await server.restart();
  }
  const cookie = await server.signIn();
  await using reader = openCase(options(cookie));
  await reader.synced();
  const marks = reader.document.getMap('marks');
  expect(acknowledged.size).toBeGreaterThanOrEqual(rounds * 40);
  expect([...acknowledged].filter((key) => !marks.has(key))).toEqual([]);
});
