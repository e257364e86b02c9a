import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseId, type LogKind, studyInstanceUid } from '@yuepian/contract';
import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import * as Y from 'yjs';
import { silentLog } from '../http/index.ts';
import { type Database, migrate, openDatabase, tablesOf } from '../storage/index.ts';
import { CaseStore, casesMigrations } from './cases.store.ts';
import { copiedState, documentAt } from './history.ts';
import { CaseRecord, firstUpdate } from './record.ts';
import { type LogRow, packRows, unpackRows } from './segment.ts';

const id = caseId.parse('case-1');
const study = studyInstanceUid.parse('1.2.3');
let database: Database;

afterEach(() => database?.destroy());

async function newStore(): Promise<CaseStore> {
  database = openDatabase(':memory:');
  await migrate(database, casesMigrations);
  const store = new CaseStore(database);
  await store.create(
    { id, studyInstanceUid: study, title: '', createdAt: '2026-01-01', derivedFrom: null },
    { seq: 1, at: 1, userId: '', kind: 'change', bytes: firstUpdate() },
  );
  return store;
}

const all = async (store: CaseStore, from?: number, to?: number): Promise<LogRow[]> => {
  const rows: LogRow[] = [];
  for await (const page of store.log(id, from, to)) rows.push(...page);
  return rows;
};

/** A document whose marks map counts up, one update a step. */
function* edits(count: number): Generator<Uint8Array> {
  const document = new Y.Doc();
  let update = new Uint8Array();
  document.on('update', (u: Uint8Array) => {
    update = u as Uint8Array<ArrayBuffer>;
  });
  for (let n = 1; n <= count; n++) {
    document.getMap('marks').set(`m${n % 50}`, n);
    yield update;
  }
}

const row = (seq: number, kind: LogKind = 'change'): LogRow => ({
  seq,
  at: 1_700_000_000_000 + seq * 37 - (seq % 5 === 0 ? 500 : 0),
  userId: seq % 3 === 0 ? '' : `user-${seq % 3}`,
  kind,
  bytes: Uint8Array.from({ length: seq % 40 }, (_, n) => (n * seq) % 256),
});

test('rows packed into a segment read back to the byte, whatever the clock did', () => {
  const rows = Array.from({ length: 700 }, (_, n) =>
    row(n + 5, n % 7 === 0 ? 'view' : n % 11 === 0 ? 'lead' : 'change'),
  );
  expect(unpackRows(packRows(rows))).toEqual(rows);
  expect(() => packRows([row(1), row(3)])).toThrow(/consecutive/);
  const bytes = packRows(rows);
  expect(() => unpackRows(bytes.subarray(0, bytes.length - 9))).toThrow();
});

test('packing keeps every row: same log, same document, at any position', async () => {
  const store = await newStore();
  const record = await CaseRecord.load(id, store, silentLog);
  let n = 0;
  for (const update of edits(1500)) {
    await record.append(update, `u${n % 4}`);
    if (++n % 100 === 0) await record.note('view', { n }, 'u1');
  }
  const before = await all(store);
  expect(before).toHaveLength(1516);
  const early = Y.encodeStateAsUpdate(await documentAt(store, id, 700));

  await record.snapshotIfWorthwhile();
  const loose = await sql<{ n: number }>`SELECT count(*) AS n FROM case_updates`.execute(
    tablesOf(database),
  );
  expect(Number(loose.rows[0]?.n)).toBeLessThan(512);
  expect(await all(store)).toEqual(before);
  expect(await all(store, 600, 610)).toEqual(before.slice(599, 610));
  expect(await store.lastSeq(id)).toBe(1516);
  expect(Y.encodeStateAsUpdate(await documentAt(store, id, 700))).toEqual(early);

  // Snapshots are only a help: without them the log alone gives the same state.
  await sql`DELETE FROM case_snapshots`.execute(tablesOf(database));
  const again = await CaseRecord.load(id, store, silentLog);
  expect(again.seq).toBe(1516);
  expect(again.document.getMap('marks').toJSON()).toEqual(record.document.getMap('marks').toJSON());
});

test('the database itself refuses to change or lose a row of the log', async () => {
  const store = await newStore();
  const record = await CaseRecord.load(id, store, silentLog);
  for (const update of edits(600)) await record.append(update, 'u1');
  await expect(sql`DELETE FROM case_updates WHERE seq = 5`.execute(database)).rejects.toThrow(
    /append-only/,
  );
  await record.snapshotIfWorthwhile();
  for (const statement of [
    sql`DELETE FROM case_segments`,
    sql`UPDATE case_segments SET bytes = x'00'`,
    sql`UPDATE case_updates SET at = 0`,
  ]) {
    // The last one only meets rows that are still loose.
    await record.note('view', {}, 'u1');
    await expect(statement.execute(database)).rejects.toThrow(/append-only/);
  }
});

test('notes are recorded with who and when, and change nothing in the document', async () => {
  const store = await newStore();
  const record = await CaseRecord.load(id, store, silentLog);
  const before = record.state();
  await record.note('lead', { userId: 'u1' }, 'u1');
  expect(record.state()).toEqual(before);
  const [, noted] = await all(store);
  expect(noted).toMatchObject({ seq: 2, kind: 'lead', userId: 'u1' });
  expect(Buffer.from(noted?.bytes ?? []).toString()).toBe('{"userId":"u1"}');
});

test('a copy holds the state as of a position, and none of the old history', async () => {
  const store = await newStore();
  const record = await CaseRecord.load(id, store, silentLog);
  const document = new Y.Doc();
  const updates: Uint8Array[] = [];
  document.on('update', (u: Uint8Array) => updates.push(u));
  document.getMap('marks').set('a', new Y.Map([['label', '主动脉']]));
  document.getMap('marks').set('b', new Y.Map([['label', 'later']]));
  for (const update of updates) await record.append(update, 'u1');
  const copy = new Y.Doc();
  Y.applyUpdate(copy, await copiedState(store, id, 2));
  expect(copy.getMap('marks').toJSON()).toEqual({ a: { label: '主动脉' } });
  expect(copy.getMap('meta').get('version')).toBe(1);
  expect([...copy.store.clients.keys()]).not.toContain(document.clientID);
});

test('a database of the version before keeps its cases and logs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'yuepian-log-'));
  try {
    database = openDatabase(join(folder, 'db.sqlite'));
    await migrate(database, casesMigrations.slice(0, 1));
    const bytes = Buffer.from(firstUpdate()).toString('hex');
    await sql.raw(`INSERT INTO cases VALUES ('case-1', '1.2.3', '2026-01-01')`).execute(database);
    await sql
      .raw(`INSERT INTO case_updates VALUES ('case-1', 1, 77, 'u1', x'${bytes}')`)
      .execute(database);
    await sql
      .raw(`INSERT INTO case_snapshots VALUES ('case-1', 1, 78, x'${bytes}')`)
      .execute(database);
    await migrate(database, casesMigrations);
    const store = new CaseStore(database);
    expect(await store.byStudy(study)).toMatchObject({ id, title: '', derivedFrom: null });
    expect(await all(store)).toMatchObject([{ seq: 1, at: 77, userId: 'u1', kind: 'change' }]);
    expect((await store.snapshot(id))?.seq).toBe(1);
    // Another case of the study is a copy or none.
    const own = { id: caseId.parse('case-2'), studyInstanceUid: study, title: '' };
    const first: LogRow = { seq: 1, at: 1, userId: '', kind: 'change', bytes: firstUpdate() };
    const createdAt = '2026-01-02';
    expect(await store.create({ ...own, createdAt, derivedFrom: null }, first)).toBe(false);
    const copy = { ...own, title: 'copy', createdAt, derivedFrom: { id, seq: 1 } };
    expect(await store.create(copy, first)).toBe(true);
    expect((await store.ofStudy(study)).map((c) => c.id)).toEqual(['case-1', 'case-2']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
