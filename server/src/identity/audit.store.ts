import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../storage/index.ts';

export interface AuditRow {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly via: string;
  readonly address: string;
  readonly object_kind: string;
  readonly object_id: string;
  /** JSON object. */
  readonly details: string;
  readonly previous: string;
  readonly hash: string;
}
interface Tables {
  audit: AuditRow;
}

export const auditMigrations: readonly Migration[] = [
  {
    name: 'identity/002-audit',
    up: async (database) => {
      for (const text of [
        `CREATE TABLE audit (
           seq INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL,
           user_id TEXT NOT NULL, user_name TEXT NOT NULL, via TEXT NOT NULL,
           address TEXT NOT NULL, object_kind TEXT NOT NULL, object_id TEXT NOT NULL,
           details TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT`,
        // Against mistakes in our own code; the hash chain is what shows a deliberate change.
        `CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
           BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END`,
        `CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
           BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END`,
      ]) {
        await sql.raw(text).execute(database);
      }
    },
  },
];

export class AuditStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async append(rows: readonly AuditRow[]): Promise<void> {
    await this.#db.insertInto('audit').values(rows).execute();
  }

  async last(): Promise<AuditRow | undefined> {
    return this.#db.selectFrom('audit').selectAll().orderBy('seq', 'desc').executeTakeFirst();
  }

  /** Rows after `after`, oldest first. */
  async following(after: number, limit: number): Promise<AuditRow[]> {
    return this.#db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
  }

  /** Rows before `before`, newest first. */
  async preceding(before: number, limit: number): Promise<AuditRow[]> {
    return this.#db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '<', before)
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
  }
}
