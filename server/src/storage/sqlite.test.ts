import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, type Migration, migrate, openDatabase, tablesOf } from './index.ts';

interface Tables {
  thing: { id: number; name: string; blob: Uint8Array | null };
}

const first: Migration = {
  name: 'room/001-thing',
  up: async (db) => {
    await sql`CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, blob BLOB)`.execute(
      db,
    );
  },
};
const second: Migration = {
  name: 'room/002-index',
  up: async (db) => {
    await sql`CREATE INDEX thing_by_name ON thing (name)`.execute(db);
  },
};

let folder: string;
const opened: Database[] = [];
const open = (name: string): Database => {
  const database = openDatabase(path.join(folder, name));
  opened.push(database);
  return database;
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yuepian-sqlite-'));
});
afterAll(async () => {
  for (const database of opened) await database.destroy();
  await rm(folder, { recursive: true });
});

describe('openDatabase', () => {
  it('writes ahead, waits for the disk, and checks foreign keys', async () => {
    const db = open('settings.sqlite');
    const one = async (pragma: string) => {
      const { rows } = await sql.raw<Record<string, unknown>>(`PRAGMA ${pragma}`).execute(db);
      return Object.values(rows[0] ?? {})[0];
    };
    expect(await one('journal_mode')).toBe('wal');
    expect(await one('synchronous')).toBe(2);
    expect(await one('foreign_keys')).toBe(1);
    expect(await one('busy_timeout')).toBe(5000);
  });

  it('keeps text, bytes and null as they are', async () => {
    const db = open('values.sqlite');
    await migrate(db, [first]);
    const tables = tablesOf<Tables>(db);
    const row = { id: 1, name: '王^小明 \u{1F9B4}', blob: new Uint8Array([0, 255, 1]) };
    await tables.insertInto('thing').values(row).execute();
    await tables.insertInto('thing').values({ id: 2, name: '', blob: null }).execute();
    const rows = await tables.selectFrom('thing').selectAll().orderBy('id').execute();
    expect(rows[0]?.name).toBe(row.name);
    expect([...(rows[0]?.blob ?? [])]).toEqual([0, 255, 1]);
    expect(rows[1]?.blob).toBeNull();
  });

  it('rolls a failed transaction back as a whole', async () => {
    const db = open('rollback.sqlite');
    await migrate(db, [first]);
    const tables = tablesOf<Tables>(db);
    const failing = tables.transaction().execute(async (t) => {
      await t.insertInto('thing').values({ id: 1, name: 'a', blob: null }).execute();
      await t.insertInto('thing').values({ id: 1, name: 'b', blob: null }).execute();
    });
    await expect(failing).rejects.toThrow(/UNIQUE/);
    expect(await tables.selectFrom('thing').selectAll().execute()).toEqual([]);
  });

  it('says that the disk is full, though SQLite has rolled back by itself, and goes on after', async () => {
    const db = open('full.sqlite');
    await migrate(db, [first]);
    const tables = tablesOf<Tables>(db);
    const insert = (id: number, bytes: number): Promise<unknown> =>
      tables.transaction().execute(async (t) => {
        const blob = new Uint8Array(bytes);
        await t.insertInto('thing').values({ id, name: '', blob }).execute();
      });
    // As good as a full disk: no page more than there are.
    await sql`PRAGMA max_page_count = 1`.execute(db);
    await expect(insert(1, 1e6)).rejects.toMatchObject({ errcode: 13 });
    await sql`PRAGMA max_page_count = 1000000`.execute(db);
    await insert(2, 1e6);
    expect(await tables.selectFrom('thing').select('id').execute()).toEqual([{ id: 2 }]);
  });
});

describe('migrate', () => {
  it('applies each step once, in order', async () => {
    const db = open('steps.sqlite');
    expect(await migrate(db, [first])).toEqual(['room/001-thing']);
    expect(await migrate(db, [first, second])).toEqual(['room/002-index']);
    expect(await migrate(db, [first, second])).toEqual([]);
  });

  it('takes a room’s steps by their numbers, however its parts are listed', async () => {
    const db = open('parts.sqlite');
    const third: Migration = { name: 'room/003-more', up: async () => {} };
    await migrate(db, [first, second]);
    expect(await migrate(db, [first, third, second])).toEqual(['room/003-more']);
    expect(await migrate(open('new.sqlite'), [third, second, first])).toEqual([
      'room/001-thing',
      'room/002-index',
      'room/003-more',
    ]);
  });

  it('leaves other rooms alone', async () => {
    const db = open('rooms.sqlite');
    await migrate(db, [first]);
    const other: Migration = { name: 'other/001-nothing', up: async () => {} };
    expect(await migrate(db, [other])).toEqual(['other/001-nothing']);
  });

  it('refuses a database that a newer version wrote, and does not touch it', async () => {
    const db = open('newer.sqlite');
    await migrate(db, [first, second]);
    await expect(migrate(db, [first])).rejects.toMatchObject({ code: 'unsupported_version' });
    expect(await migrate(db, [first, second])).toEqual([]);
  });

  it('forgets a step that failed half way', async () => {
    const db = open('half.sqlite');
    const broken: Migration = {
      name: 'room/002-broken',
      up: async (d) => {
        await sql`CREATE TABLE half (id INTEGER)`.execute(d);
        await sql`CREATE TABLE thing (id INTEGER)`.execute(d);
      },
    };
    await expect(migrate(db, [first, broken])).rejects.toThrow(/exists/);
    const { rows } = await sql<{ name: string }>`SELECT name FROM sqlite_master`.execute(db);
    expect(rows.map((r) => r.name)).not.toContain('half');
    expect(await migrate(db, [first, second])).toEqual(['room/002-index']);
  });
});
