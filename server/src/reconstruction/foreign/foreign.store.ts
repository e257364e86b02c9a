import { type ErrorCode, errorCodes, type SeriesDetail, sentence } from '@yuepian/contract';
import type { Kysely } from 'kysely';
import { type Database, type Migration, tablesOf } from '../../storage/index.ts';

interface Tables {
  /** Segmentations and contours of other makers, and what became of them. Throw-away, like layouts. */
  foreign_structures: {
    sop_uid: string;
    /** The series of the object itself. */
    series_uid: string;
    study_uid: string;
    /** The series it was drawn on; empty when it names none. */
    target_uid: string;
    state: string;
    title: string;
    error: string | null;
  };
}

export const foreignMigrations: readonly Migration[] = [
  {
    name: 'reconstruction/004-foreign',
    up: async (database) => {
      const { schema } = tablesOf<Tables>(database);
      await schema
        .createTable('foreign_structures')
        .addColumn('sop_uid', 'text', (c) => c.primaryKey())
        .addColumn('series_uid', 'text', (c) => c.notNull())
        .addColumn('study_uid', 'text', (c) => c.notNull())
        .addColumn('target_uid', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('title', 'text', (c) => c.notNull())
        .addColumn('error', 'text')
        .execute();
      for (const column of ['series_uid', 'study_uid', 'target_uid'] as const) {
        const index = schema.createIndex(`foreign_by_${column}`).on('foreign_structures');
        await index.column(column).execute();
      }
    },
  },
];

export interface ForeignRecord {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly targetSeriesUid: string;
  /** `waiting`: the series it refers to is not here. */
  readonly state: 'waiting' | 'shown' | 'refused';
  readonly title: string;
  readonly error?: { readonly code: ErrorCode; readonly details: Record<string, string | number> };
}

export class ForeignStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async put(record: ForeignRecord): Promise<void> {
    const values = {
      series_uid: record.seriesInstanceUid,
      study_uid: record.studyInstanceUid,
      target_uid: record.targetSeriesUid,
      state: record.state,
      title: record.title,
      error: record.error ? JSON.stringify(record.error) : null,
    };
    await this.#db
      .insertInto('foreign_structures')
      .values({ sop_uid: record.sopInstanceUid, ...values })
      .onConflict((c) => c.column('sop_uid').doUpdateSet(values))
      .execute();
  }

  /** Objects that were drawn on a series. */
  async onSeries(targetUid: string): Promise<ForeignRecord[]> {
    const rows = await this.#db
      .selectFrom('foreign_structures')
      .selectAll()
      .where('target_uid', '=', targetUid)
      .execute();
    return rows.map(recordOf);
  }

  /** Objects of a series of segmentations or contours. */
  async ofSeries(seriesUid: string): Promise<ForeignRecord[]> {
    const rows = await this.#db
      .selectFrom('foreign_structures')
      .selectAll()
      .where('series_uid', '=', seriesUid)
      .execute();
    return rows.map(recordOf);
  }

  /** Objects of a study that name no series and wait for a volume in their frame of reference. */
  async unnamed(studyUid: string): Promise<ForeignRecord[]> {
    const rows = await this.#db
      .selectFrom('foreign_structures')
      .selectAll()
      .where('study_uid', '=', studyUid)
      .where('target_uid', '=', '')
      .where('state', '=', 'waiting')
      .execute();
    return rows.map(recordOf);
  }

  /** What a reader of this series is told: about objects drawn on it, and about its own. */
  async unshown(seriesUid: string): Promise<SeriesDetail['unshown']> {
    const [on, own] = [await this.onSeries(seriesUid), await this.ofSeries(seriesUid)];
    return [...on, ...own]
      .filter((record) => record.state !== 'shown')
      .map((record) => ({
        sopInstanceUid: record.sopInstanceUid,
        title: record.title,
        reason: reasonOf(record),
      }));
  }

  /** UIDs of the studies that hold such objects, each once. */
  async studies(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('foreign_structures')
      .select('study_uid')
      .distinct()
      .execute();
    return rows.map((row) => row.study_uid);
  }

  async forgetStudy(studyUid: string): Promise<void> {
    await this.#db.deleteFrom('foreign_structures').where('study_uid', '=', studyUid).execute();
  }
}

function reasonOf({ state, error, targetSeriesUid }: ForeignRecord): { zh: string; en: string } {
  if (state === 'waiting' || !error) {
    return {
      zh: `所依据的序列 ${targetSeriesUid || '（未注明）'} 不在本系统中，收到后将自动显示。`,
      en: `It refers to series ${targetSeriesUid || '(none named)'}, which is not here; it is shown when that series comes.`,
    };
  }
  return {
    zh: sentence(error.code, 'zh', error.details),
    en: sentence(error.code, 'en', error.details),
  };
}

function recordOf(row: Tables['foreign_structures']): ForeignRecord {
  const error = row.error === null ? undefined : (JSON.parse(row.error) as ForeignRecord['error']);
  return {
    sopInstanceUid: row.sop_uid,
    seriesInstanceUid: row.series_uid,
    studyInstanceUid: row.study_uid,
    targetSeriesUid: row.target_uid,
    state: row.state === 'shown' ? 'shown' : row.state === 'refused' ? 'refused' : 'waiting',
    title: row.title,
    ...(error && errorCodes.includes(error.code) ? { error } : {}),
  };
}
