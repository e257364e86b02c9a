import { type CaseId, caseId, type StudyInstanceUid } from '@yuepian/contract';
import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../storage/index.ts';

interface Tables {
  cases: { id: string; study_uid: string; created_at: string };
  case_updates: { case_id: string; seq: number; at: number; user_id: string; bytes: Uint8Array };
  case_snapshots: { case_id: string; seq: number; at: number; state: Uint8Array };
}

export const casesMigrations: readonly Migration[] = [
  {
    name: 'cases/001-log',
    up: async (database) => {
      for (const text of [
        `CREATE TABLE cases (
           id TEXT PRIMARY KEY, study_uid TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL) STRICT`,
        // The log is the record: rows are only ever added.
        `CREATE TABLE case_updates (
           case_id TEXT NOT NULL REFERENCES cases (id), seq INTEGER NOT NULL, at INTEGER NOT NULL,
           user_id TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (case_id, seq)) STRICT`,
        `CREATE TRIGGER case_updates_are_not_changed BEFORE UPDATE ON case_updates
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
        `CREATE TRIGGER case_updates_are_not_deleted BEFORE DELETE ON case_updates
           BEGIN SELECT RAISE(ABORT, 'the log of a case is append-only'); END`,
        // Only shortens loading; can be thrown away and built again from the log.
        `CREATE TABLE case_snapshots (
           case_id TEXT PRIMARY KEY REFERENCES cases (id), seq INTEGER NOT NULL,
           at INTEGER NOT NULL, state BLOB NOT NULL) STRICT`,
      ]) {
        await sql.raw(text).execute(database);
      }
    },
  },
];

export interface LogRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Empty for what the server wrote itself. */
  readonly userId: string;
  readonly bytes: Uint8Array;
}

export interface CaseRow {
  readonly id: CaseId;
  readonly studyInstanceUid: StudyInstanceUid;
  readonly createdAt: string;
}

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

  async byStudy(studyInstanceUid: StudyInstanceUid): Promise<CaseRow | undefined> {
    const row = await this.#db
      .selectFrom('cases')
      .selectAll()
      .where('study_uid', '=', studyInstanceUid)
      .executeTakeFirst();
    return row && toCase(row);
  }

  /** Makes a case with the first row of its log; false when the study has one already. */
  async create(row: CaseRow, first: LogRow): Promise<boolean> {
    return this.#db.transaction().execute(async (t) => {
      const result = await t
        .insertInto('cases')
        .values({ id: row.id, study_uid: row.studyInstanceUid, created_at: row.createdAt })
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

  /** The log after `after`, oldest first. */
  async log(id: CaseId, after: number): Promise<LogRow[]> {
    const rows = await this.#db
      .selectFrom('case_updates')
      .select(['seq', 'at', 'user_id', 'bytes'])
      .where('case_id', '=', id)
      .where('seq', '>', after)
      .orderBy('seq')
      .execute();
    return rows.map(({ seq, at, user_id, bytes }) => ({ seq, at, userId: user_id, bytes }));
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
  createdAt: row.created_at,
});

const toLog = (id: CaseId, row: LogRow): Tables['case_updates'] => ({
  case_id: id,
  seq: row.seq,
  at: row.at,
  user_id: row.userId,
  bytes: row.bytes,
});
