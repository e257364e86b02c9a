import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../../storage/index.ts';

interface Tables {
  edited_structures: EditedRow;
  structure_edits: EditRow;
  structure_edit_snapshots: { structure_id: string; revision: number; mask: Uint8Array };
}

/** A structure that people work on, as it was when the first of them began. */
export interface EditedRow {
  readonly id: string;
  readonly volume_id: string;
  readonly series_uid: string;
  readonly study_uid: string;
  readonly key: string;
  readonly name_zh: string;
  readonly name_en: string;
  readonly colour: string;
  readonly opacity: number;
  /** What it was made from, e.g. `classical 1`, or `drawn`. */
  readonly origin: string;
  /** Number of voxels of the volume it lies in: on another grid it means nothing. */
  readonly nx: number;
  readonly ny: number;
  readonly nz: number;
  /** gzip of encodeMask. */
  readonly base: Uint8Array;
  readonly user_id: string;
  readonly user_name: string;
  readonly at: string;
}

export type EditKind = 'edit' | 'undo' | 'redo' | 'hide' | 'show';

export interface EditRow {
  readonly structure_id: string;
  /** 1, 2, 3, … without gaps. */
  readonly revision: number;
  readonly kind: EditKind;
  readonly tool: string;
  readonly description: string;
  readonly voxels: number;
  /** gzip of encodeMask of the voxels that change; empty for hide and show. */
  readonly diff: Uint8Array;
  readonly user_id: string;
  readonly user_name: string;
  readonly at: string;
}

export const editingMigrations: readonly Migration[] = [
  {
    name: 'reconstruction/005-edits',
    up: async (database) => {
      for (const text of [
        `CREATE TABLE edited_structures (
           id TEXT PRIMARY KEY, volume_id TEXT NOT NULL, series_uid TEXT NOT NULL,
           study_uid TEXT NOT NULL, key TEXT NOT NULL, name_zh TEXT NOT NULL, name_en TEXT NOT NULL,
           colour TEXT NOT NULL, opacity REAL NOT NULL, origin TEXT NOT NULL,
           nx INTEGER NOT NULL, ny INTEGER NOT NULL, nz INTEGER NOT NULL, base BLOB NOT NULL,
           user_id TEXT NOT NULL, user_name TEXT NOT NULL, at TEXT NOT NULL) STRICT`,
        'CREATE INDEX edited_structures_by_volume ON edited_structures (volume_id)',
        // The log is the record: rows are only ever added.
        `CREATE TABLE structure_edits (
           structure_id TEXT NOT NULL REFERENCES edited_structures (id), revision INTEGER NOT NULL,
           kind TEXT NOT NULL, tool TEXT NOT NULL, description TEXT NOT NULL,
           voxels INTEGER NOT NULL, diff BLOB NOT NULL, user_id TEXT NOT NULL,
           user_name TEXT NOT NULL, at TEXT NOT NULL,
           PRIMARY KEY (structure_id, revision)) STRICT`,
        `CREATE TRIGGER structure_edits_are_not_changed BEFORE UPDATE ON structure_edits
           BEGIN SELECT RAISE(ABORT, 'the log of a structure is append-only'); END`,
        // Only shortens loading; can be thrown away and built again from the log.
        `CREATE TABLE structure_edit_snapshots (
           structure_id TEXT PRIMARY KEY REFERENCES edited_structures (id),
           revision INTEGER NOT NULL, mask BLOB NOT NULL) STRICT`,
      ]) {
        await sql.raw(text).execute(database);
      }
    },
  },
];

/** Structures people work on, the append-only log of each, and snapshots that shorten loading. */
export class EditingStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async byId(id: string): Promise<EditedRow | undefined> {
    return this.#db
      .selectFrom('edited_structures')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
  }

  /** Ids of a volume's, oldest first. */
  async idsOf(volumeId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('edited_structures')
      .select('id')
      .where('volume_id', '=', volumeId)
      .orderBy('at')
      .orderBy('id')
      .execute();
    return rows.map((row) => row.id);
  }

  /**
   * Begins a structure, with the first line of its log. Durable when it resolves: one transaction,
   * synchronous=FULL.
   */
  async create(row: EditedRow, first?: EditRow): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      await t.insertInto('edited_structures').values(row).execute();
      if (first) await t.insertInto('structure_edits').values(first).execute();
    });
  }

  /** Lines of several structures, beginnings among them: all of them or none, as `create`. */
  async together(
    all: readonly { readonly row: EditedRow | undefined; readonly line: EditRow | undefined }[],
  ): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      for (const { row, line } of all) {
        if (row) await t.insertInto('edited_structures').values(row).execute();
        if (line) await t.insertInto('structure_edits').values(line).execute();
      }
    });
  }

  /** Durable when it resolves. */
  async append(row: EditRow): Promise<void> {
    await this.#db.insertInto('structure_edits').values(row).execute();
  }

  /** The log after a revision, oldest first. */
  async log(id: string, after = 0): Promise<EditRow[]> {
    return this.#db
      .selectFrom('structure_edits')
      .selectAll()
      .where('structure_id', '=', id)
      .where('revision', '>', after)
      .orderBy('revision')
      .execute();
  }

  async snapshot(id: string): Promise<{ revision: number; mask: Uint8Array } | undefined> {
    return this.#db
      .selectFrom('structure_edit_snapshots')
      .select(['revision', 'mask'])
      .where('structure_id', '=', id)
      .executeTakeFirst();
  }

  async setSnapshot(id: string, revision: number, mask: Uint8Array): Promise<void> {
    await this.#db
      .insertInto('structure_edit_snapshots')
      .values({ structure_id: id, revision, mask })
      .onConflict((c) => c.column('structure_id').doUpdateSet({ revision, mask }))
      .execute();
  }

  /** UIDs of the studies in which anything was edited, each once. */
  async studies(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('edited_structures')
      .select('study_uid')
      .distinct()
      .execute();
    return rows.map((row) => row.study_uid);
  }

  /** Its patient's data are deleted: nothing of it stays. */
  async forgetStudy(studyUid: string): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      const ids = (
        await t
          .selectFrom('edited_structures')
          .select('id')
          .where('study_uid', '=', studyUid)
          .execute()
      ).map((row) => row.id);
      if (ids.length === 0) return;
      await t.deleteFrom('structure_edit_snapshots').where('structure_id', 'in', ids).execute();
      await t.deleteFrom('structure_edits').where('structure_id', 'in', ids).execute();
      await t.deleteFrom('edited_structures').where('id', 'in', ids).execute();
    });
  }
}
