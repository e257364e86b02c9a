import {
  type CaseEntry,
  type CaseId,
  caseId,
  type LogKind,
  logKind,
  type StudyInstanceUid,
} from '@yuepian/contract';
import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../storage/index.ts';
import { type LogRow, packRows, unpackRows } from './segment.ts';

interface Tables {
  cases: {
    id: string;
    study_uid: string;
    created_at: string;
    title: string;
    derived_from: string | null;
    derived_seq: number | null;
  };
  case_updates: {
    case_id: string;
    seq: number;
    at: number;
    user_id: string;
    kind: number;
    bytes: Uint8Array;
  };
  case_segments: {
    case_id: string;
    first_seq: number;
    last_seq: number;
    bytes: Uint8Array;
  };
  case_snapshots: { case_id: string; seq: number; at: number; state: Uint8Array };
}

const appendOnly = [
  `CREATE TRIGGER case_updates_are_not_changed BEFORE UPDATE ON case_updates
     BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
];

export const casesMigrations: readonly Migration[] = [
  {
    name: 'cases/001-log',
    up: (database) =>
      run(database, [
        `CREATE TABLE cases (
           id TEXT PRIMARY KEY, study_uid TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL) STRICT`,
        // The log is the record: rows are only ever added.
        `CREATE TABLE case_updates (
           case_id TEXT NOT NULL REFERENCES cases (id), seq INTEGER NOT NULL, at INTEGER NOT NULL,
           user_id TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (case_id, seq)) STRICT`,
        ...appendOnly,
        `CREATE TRIGGER case_updates_are_not_deleted BEFORE DELETE ON case_updates
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
        // Only shortens loading; can be thrown away and built again from the log.
        `CREATE TABLE case_snapshots (
           case_id TEXT PRIMARY KEY REFERENCES cases (id), seq INTEGER NOT NULL,
           at INTEGER NOT NULL, state BLOB NOT NULL) STRICT`,
      ]),
  },
  {
    // Copies of a case, rows of other kinds, packed rows. SQLite cannot take a UNIQUE away from a
    // table that others refer to, so the three tables are made anew (sqlite.org/lang_altertable.html).
    name: 'cases/002-live',
    up: (database) =>
      run(database, [
        `CREATE TABLE cases_new (
           id TEXT PRIMARY KEY, study_uid TEXT NOT NULL, created_at TEXT NOT NULL,
           title TEXT NOT NULL DEFAULT '',
           derived_from TEXT REFERENCES cases_new (id), derived_seq INTEGER) STRICT`,
        `INSERT INTO cases_new (id, study_uid, created_at) SELECT id, study_uid, created_at FROM cases`,
        `CREATE TABLE case_updates_new (
           case_id TEXT NOT NULL REFERENCES cases_new (id), seq INTEGER NOT NULL,
           at INTEGER NOT NULL, user_id TEXT NOT NULL, kind INTEGER NOT NULL,
           bytes BLOB NOT NULL, PRIMARY KEY (case_id, seq)) STRICT`,
        `INSERT INTO case_updates_new SELECT case_id, seq, at, user_id, 0, bytes FROM case_updates`,
        `CREATE TABLE case_snapshots_new (
           case_id TEXT PRIMARY KEY REFERENCES cases_new (id), seq INTEGER NOT NULL,
           at INTEGER NOT NULL, state BLOB NOT NULL) STRICT`,
        `INSERT INTO case_snapshots_new SELECT * FROM case_snapshots`,
        'DROP TABLE case_updates',
        'DROP TABLE case_snapshots',
        'DROP TABLE cases',
        'ALTER TABLE cases_new RENAME TO cases',
        'ALTER TABLE case_updates_new RENAME TO case_updates',
        'ALTER TABLE case_snapshots_new RENAME TO case_snapshots',
        `CREATE UNIQUE INDEX cases_one_a_study ON cases (study_uid) WHERE derived_from IS NULL`,
        'CREATE INDEX cases_of_study ON cases (study_uid)',
        // Rows packed together and compressed, nothing left out: time, author and kind of each.
        `CREATE TABLE case_segments (
           case_id TEXT NOT NULL REFERENCES cases (id), first_seq INTEGER NOT NULL,
           last_seq INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (case_id, first_seq)) STRICT`,
        ...appendOnly,
        // A row may only go when a segment holds it.
        `CREATE TRIGGER case_updates_are_not_deleted BEFORE DELETE ON case_updates
           WHEN NOT EXISTS (SELECT 1 FROM case_segments s WHERE s.case_id = OLD.case_id
             AND OLD.seq BETWEEN s.first_seq AND s.last_seq)
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
        `CREATE TRIGGER case_segments_are_not_changed BEFORE UPDATE ON case_segments
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
        `CREATE TRIGGER case_segments_are_not_deleted BEFORE DELETE ON case_segments
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
      ]),
  },
];

async function run(database: Database, texts: readonly string[]): Promise<void> {
  for (const text of texts) await sql.raw(text).execute(database);
}

export type CaseRow = CaseEntry;

/** Rows of one page of the log. */
const pageRows = 500;

/** Cases, their append-only logs and the snapshots that shorten loading. */
export class CaseStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async byId(id: string): Promise<CaseRow | undefined> {
    const row = await this.#db
      .selectFrom('cases')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && toCase(row);
  }

  /** The study's own case; its copies are not meant. */
  async byStudy(studyInstanceUid: StudyInstanceUid): Promise<CaseRow | undefined> {
    const row = await this.#db
      .selectFrom('cases')
      .selectAll()
      .where('study_uid', '=', studyInstanceUid)
      .where('derived_from', 'is', null)
      .executeTakeFirst();
    return row && toCase(row);
  }

  /** All cases of a study, its own first, then the copies as they were made. */
  async ofStudy(studyInstanceUid: string): Promise<CaseRow[]> {
    const rows = await this.#db
      .selectFrom('cases')
      .selectAll()
      .where('study_uid', '=', studyInstanceUid)
      .orderBy(sql`derived_from IS NOT NULL`)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toCase);
  }

  /** Makes a case with the first row of its log; false when the study has its own already. */
  async create(row: CaseRow, first: LogRow): Promise<boolean> {
    return this.#db.transaction().execute(async (t) => {
      const result = await t
        .insertInto('cases')
        .values({
          id: row.id,
          study_uid: row.studyInstanceUid,
          created_at: row.createdAt,
          title: row.title,
          derived_from: row.derivedFrom?.id ?? null,
          derived_seq: row.derivedFrom?.seq ?? null,
        })
        .onConflict((c) => c.doNothing())
        .executeTakeFirst();
      if (Number(result.numInsertedOrUpdatedRows ?? 0) !== 1) return false;
      await t.insertInto('case_updates').values(toLog(row.id, first)).execute();
      return true;
    });
  }

  /** Durable when it resolves: one transaction, synchronous=FULL. */
  async append(id: CaseId, rows: readonly LogRow[]): Promise<void> {
    await this.#db
      .insertInto('case_updates')
      .values(rows.map((row) => toLog(id, row)))
      .execute();
  }

  /** The log from `from` to `to`, both included, oldest first, a page at a time. */
  async *log(
    id: CaseId,
    from = 1,
    to = Number.MAX_SAFE_INTEGER,
  ): AsyncGenerator<readonly LogRow[]> {
    let next = from;
    while (next <= to) {
      const rows = await this.#page(id, next, to);
      if (rows.length === 0) return;
      yield rows;
      next = (rows.at(-1)?.seq ?? next) + 1;
    }
  }

  async #page(id: CaseId, from: number, to: number): Promise<LogRow[]> {
    const segment = await this.#db
      .selectFrom('case_segments')
      .select('bytes')
      .where('case_id', '=', id)
      .where('first_seq', '<=', from)
      .where('last_seq', '>=', from)
      .executeTakeFirst();
    if (segment) {
      return unpackRows(segment.bytes).filter((row) => row.seq >= from && row.seq <= to);
    }
    const rows = await this.#db
      .selectFrom('case_updates')
      .select(['seq', 'at', 'user_id', 'kind', 'bytes'])
      .where('case_id', '=', id)
      .where('seq', '>=', from)
      .where('seq', '<=', to)
      .orderBy('seq')
      .limit(pageRows)
      .execute();
    return rows.map(fromLog);
  }

  /** The position of the last row. */
  async lastSeq(id: CaseId): Promise<number> {
    const row = await this.#db
      .selectFrom('case_updates')
      .select((e) => e.fn.max('seq').as('seq'))
      .where('case_id', '=', id)
      .executeTakeFirst();
    if (row?.seq != null) return Number(row.seq);
    const segment = await this.#db
      .selectFrom('case_segments')
      .select((e) => e.fn.max('last_seq').as('seq'))
      .where('case_id', '=', id)
      .executeTakeFirst();
    return Number(segment?.seq ?? 0);
  }

  /** When the row was written; undefined when there is none. */
  async timeOf(id: CaseId, seq: number): Promise<number | undefined> {
    for await (const rows of this.log(id, seq, seq)) return rows[0]?.at;
    return undefined;
  }

  /**
   * Packs the oldest loose rows up to `to` into one compressed segment, when there are at least
   * `atLeast` of them. The segment is read back and compared before a row goes; all in one
   * transaction. True when something was packed.
   */
  async pack(id: CaseId, to: number, atLeast: number, atMost: number): Promise<boolean> {
    return this.#db.transaction().execute(async (t) => {
      const found = await t
        .selectFrom('case_updates')
        .select(['seq', 'at', 'user_id', 'kind', 'bytes'])
        .where('case_id', '=', id)
        .where('seq', '<=', to)
        .orderBy('seq')
        .limit(atMost)
        .execute();
      const rows = found.map(fromLog);
      const [first, last] = [rows[0], rows.at(-1)];
      if (!first || !last || rows.length < atLeast) return false;
      const bytes = packRows(rows);
      const again = unpackRows(bytes);
      if (!rows.every((row, n) => isSame(row, again[n]))) {
        throw new Error(`case ${id}: packed rows ${first.seq}–${last.seq} do not read back`);
      }
      await t
        .insertInto('case_segments')
        .values({ case_id: id, first_seq: first.seq, last_seq: last.seq, bytes })
        .execute();
      await t
        .deleteFrom('case_updates')
        .where('case_id', '=', id)
        .where('seq', '>=', first.seq)
        .where('seq', '<=', last.seq)
        .execute();
      return true;
    });
  }

  async snapshot(id: CaseId): Promise<{ seq: number; state: Uint8Array } | undefined> {
    return this.#db
      .selectFrom('case_snapshots')
      .select(['seq', 'state'])
      .where('case_id', '=', id)
      .executeTakeFirst();
  }

  async setSnapshot(id: CaseId, seq: number, state: Uint8Array): Promise<void> {
    const value = { seq, at: Date.now(), state };
    await this.#db
      .insertInto('case_snapshots')
      .values({ case_id: id, ...value })
      .onConflict((c) => c.column('case_id').doUpdateSet(value))
      .execute();
  }
}

const toCase = (row: Tables['cases']): CaseRow => ({
  id: caseId.parse(row.id),
  studyInstanceUid: row.study_uid as StudyInstanceUid,
  title: row.title,
  createdAt: row.created_at,
  derivedFrom:
    row.derived_from === null
      ? null
      : { id: caseId.parse(row.derived_from), seq: row.derived_seq ?? 0 },
});

const kinds: readonly LogKind[] = logKind.options;

const toLog = (id: CaseId, row: LogRow): Tables['case_updates'] => ({
  case_id: id,
  seq: row.seq,
  at: row.at,
  user_id: row.userId,
  kind: kinds.indexOf(row.kind),
  bytes: row.bytes,
});

const fromLog = (row: Omit<Tables['case_updates'], 'case_id'>): LogRow => ({
  seq: row.seq,
  at: row.at,
  userId: row.user_id,
  kind: kinds[row.kind] ?? 'change',
  bytes: row.bytes,
});

const isSame = (a: LogRow, b: LogRow | undefined): boolean =>
  b !== undefined &&
  a.seq === b.seq &&
  a.at === b.at &&
  a.userId === b.userId &&
  a.kind === b.kind &&
  Buffer.compare(a.bytes, b.bytes) === 0;
