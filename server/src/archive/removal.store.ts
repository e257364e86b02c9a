import type { StudyInstanceUid } from '@yuepian/contract';
import type { Kysely } from 'kysely';
import { type BlobKey, type Database, tablesOf } from '../storage/index.ts';
import { recount } from './recount.store.ts';
import type { ArchiveTables } from './schema.store.ts';

/** SQLite bounds the number of parameters. */
const pieceSize = 500;

/** Taking out of the index. The files are still there afterwards. */
export class RemovalStore {
  readonly #db: Kysely<ArchiveTables>;

  constructor(database: Database) {
    this.#db = tablesOf<ArchiveTables>(database);
  }

  /** Removes a study from the index. @returns what was removed, undefined when there was none. */
  async deleteStudy(
    uid: string,
  ): Promise<{ series: string[]; instances: string[]; blobs: BlobKey[] } | undefined> {
    return await this.#db.transaction().execute(async (db) => {
      const rows = await db
        .selectFrom('archive_instance as i')
        .innerJoin('archive_series as se', 'se.id', 'i.series_id')
        .innerJoin('archive_study as st', 'st.id', 'se.study_id')
        .select(['i.sop_uid', 'i.blob_key', 'se.series_uid'])
        .where('st.study_uid', '=', uid)
        .execute();
      const gone = await db
        .deleteFrom('archive_study')
        .where('study_uid', '=', uid)
        .executeTakeFirst();
      if (gone.numDeletedRows === 0n) return undefined;
      return {
        series: [...new Set(rows.map((r) => r.series_uid))],
        instances: rows.map((r) => r.sop_uid),
        blobs: [...new Set(rows.map((r) => r.blob_key as BlobKey))],
      };
    });
  }

  /**
   * Removes instances, and series and studies that are left without any, all or none.
   * @returns the files, and the studies that went with all their series.
   */
  async deleteInstances(sopUids: readonly string[]): Promise<{
    blobs: BlobKey[];
    studies: { uid: StudyInstanceUid; series: string[] }[];
  }> {
    return await this.#db.transaction().execute(async (db) => {
      const blobs = new Set<BlobKey>();
      const series = new Map<number, string>();
      const studies = new Map<number, string>();
      for (let from = 0; from < sopUids.length; from += pieceSize) {
        const piece = sopUids.slice(from, from + pieceSize);
        const rows = await db
          .selectFrom('archive_instance as i')
          .innerJoin('archive_series as se', 'se.id', 'i.series_id')
          .innerJoin('archive_study as st', 'st.id', 'se.study_id')
          .select(['i.blob_key', 'se.id', 'se.series_uid', 'st.id as study_id', 'st.study_uid'])
          .where('i.sop_uid', 'in', piece)
          .execute();
        for (const row of rows) {
          blobs.add(row.blob_key as BlobKey);
          series.set(row.id, row.series_uid);
          studies.set(row.study_id, row.study_uid);
        }
        await db.deleteFrom('archive_instance').where('sop_uid', 'in', piece).execute();
      }
      const touched = [...studies.keys()];
      await recount(
        db,
        touched.map((id) => ({ id, arrived: false })),
        [...series.keys()].map((id) => ({ id })),
      );
      const left = await db
        .selectFrom('archive_study')
        .select('id')
        .where('id', 'in', touched)
        .execute();
      const gone = [...studies].filter(([id]) => !left.some((row) => row.id === id));
      return {
        blobs: [...blobs],
        studies: gone.map(([, uid]) => ({
          uid: uid as StudyInstanceUid,
          series: [...series.values()],
        })),
      };
    });
  }
}
