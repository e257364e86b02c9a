import type { Kysely } from 'kysely';
import { type Database, type Migration, tablesOf } from '../storage/index.ts';
import { type SeriesLayoutRecord, seriesLayoutRecord } from './child/protocol.ts';

interface Tables {
  /** What was derived of a series; throw-away like the files it points to. */
  series_layouts: {
    series_uid: string;
    study_uid: string;
    /** The instances it was derived from; another fingerprint means derive again. */
    fingerprint: string;
    layout: string;
    /** Folder in derived/ with `thumbnail.png`; the highest rank stands for the study. */
    thumbnail: string | null;
    thumbnail_rank: number;
  };
  /** A doctor's word on a structure. Kept for good; it holds for one content only. */
  structure_verifications: {
    structure_id: string;
    digest: string;
    verified: number;
    user_id: string;
    user_name: string;
    at: string;
  };
}

export const seriesMigrations: readonly Migration[] = [
  {
    name: 'reconstruction/002-series',
    up: async (database) => {
      const db = tablesOf<Tables>(database);
      await db.schema
        .createTable('series_layouts')
        .addColumn('series_uid', 'text', (c) => c.primaryKey())
        .addColumn('study_uid', 'text', (c) => c.notNull())
        .addColumn('fingerprint', 'text', (c) => c.notNull())
        .addColumn('layout', 'text', (c) => c.notNull())
        .addColumn('thumbnail', 'text')
        .addColumn('thumbnail_rank', 'real', (c) => c.notNull())
        .execute();
      await db.schema
        .createIndex('series_layouts_by_study')
        .on('series_layouts')
        .column('study_uid')
        .execute();
      await db.schema
        .createTable('structure_verifications')
        .addColumn('structure_id', 'text', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull())
        .addColumn('verified', 'integer', (c) => c.notNull())
        .addColumn('user_id', 'text', (c) => c.notNull())
        .addColumn('user_name', 'text', (c) => c.notNull())
        .addColumn('at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('structure_verifications_key', ['structure_id', 'digest'])
        .execute();
    },
  },
];

export interface StoredLayout {
  readonly seriesInstanceUid: string;
  readonly fingerprint: string;
  readonly layout: SeriesLayoutRecord;
}

export class SeriesStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async put(
    series: { studyInstanceUid: string; seriesInstanceUid: string },
    fingerprint: string,
    layout: SeriesLayoutRecord,
  ): Promise<void> {
    const values = {
      fingerprint,
      layout: JSON.stringify(layout),
      thumbnail: layout.thumbnail?.folder ?? null,
      thumbnail_rank: layout.thumbnail?.rank ?? 0,
    };
    await this.#db
      .insertInto('series_layouts')
      .values({
        series_uid: series.seriesInstanceUid,
        study_uid: series.studyInstanceUid,
        ...values,
      })
      .onConflict((c) => c.column('series_uid').doUpdateSet(values))
      .execute();
  }

  /** The layout of a series; undefined also when it was written by another version of this program. */
  async get(seriesUid: string): Promise<StoredLayout | undefined> {
    const row = await this.#db
      .selectFrom('series_layouts')
      .selectAll()
      .where('series_uid', '=', seriesUid)
      .executeTakeFirst();
    if (!row) return undefined;
    const layout = seriesLayoutRecord.safeParse(JSON.parse(row.layout));
    if (!layout.success) return undefined;
    return { seriesInstanceUid: seriesUid, fingerprint: row.fingerprint, layout: layout.data };
  }

  /** The best thumbnail of each study that has one, by study UID; `folder` is in derived/. */
  async thumbnails(
    studyUids: readonly string[],
  ): Promise<Map<string, { folder: string; fingerprint: string }>> {
    if (studyUids.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('series_layouts')
      .select(['study_uid', 'thumbnail', 'fingerprint'])
      .where('study_uid', 'in', [...studyUids])
      .where('thumbnail', 'is not', null)
      .orderBy('thumbnail_rank')
      .orderBy('series_uid')
      .execute();
    return new Map(
      rows.map(({ study_uid, thumbnail, fingerprint }) => [
        study_uid,
        { folder: thumbnail ?? '', fingerprint },
      ]),
    );
  }

  async remove(seriesUid: string): Promise<void> {
    await this.#db.deleteFrom('series_layouts').where('series_uid', '=', seriesUid).execute();
  }

  /** UIDs of the studies that something was derived of, each once. */
  async studies(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('series_layouts')
      .select('study_uid')
      .distinct()
      .execute();
    return rows.map((row) => row.study_uid);
  }

  async ofStudy(studyUid: string): Promise<StoredLayout[]> {
    const rows = await this.#db
      .selectFrom('series_layouts')
      .select('series_uid')
      .where('study_uid', '=', studyUid)
      .execute();
    const found = await Promise.all(rows.map((row) => this.get(row.series_uid)));
    return found.filter((layout) => layout !== undefined);
  }

  async verify(
    structure: { id: string; digest: string },
    state: VerdictState,
    by: { id: string; name: string },
  ): Promise<void> {
    const values = {
      verified: numbers[state],
      user_id: by.id,
      user_name: by.name,
      at: new Date().toISOString(),
    };
    await this.#db
      .insertInto('structure_verifications')
      .values({ structure_id: structure.id, digest: structure.digest, ...values })
      .onConflict((c) => c.columns(['structure_id', 'digest']).doUpdateSet(values))
      .execute();
  }

  /** The same voxels under another name: what was said of them holds, by whom and when. */
  async carryVerdict(id: string, from: string, to: string): Promise<void> {
    await this.#db
      .insertInto('structure_verifications')
      .columns(['structure_id', 'digest', 'verified', 'user_id', 'user_name', 'at'])
      .expression((e) =>
        e
          .selectFrom('structure_verifications')
          .select((s) => [
            'structure_id',
            s.val(to).as('digest'),
            'verified',
            'user_id',
            'user_name',
            'at',
          ])
          .where('structure_id', '=', id)
          .where('digest', '=', from),
      )
      // A change that was refused may have carried an older word before.
      .onConflict((c) =>
        c.columns(['structure_id', 'digest']).doUpdateSet((e) => ({
          verified: e.ref('excluded.verified'),
          user_id: e.ref('excluded.user_id'),
          user_name: e.ref('excluded.user_name'),
          at: e.ref('excluded.at'),
        })),
      )
      .execute();
  }

  /** The last word on each of `ids` that was said on this very content. */
  async verdicts(ids: readonly string[], digest: string): Promise<Map<string, Verdict>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('structure_verifications')
      .select(['structure_id', 'verified', 'user_name', 'at'])
      .where('structure_id', 'in', [...ids])
      .where('digest', '=', digest)
      .execute();
    return new Map(
      rows.map((row) => [
        row.structure_id,
        { state: stateOf(row.verified), by: row.user_name, at: row.at },
      ]),
    );
  }
}

export type VerdictState = 'verified' | 'rejected' | 'withdrawn';
export interface Verdict {
  readonly state: VerdictState;
  readonly by: string;
  readonly at: string;
}

/** As the column keeps it; 0 and 1 are older than the rejection. */
const numbers: Record<VerdictState, number> = { withdrawn: 0, verified: 1, rejected: -1 };
const stateOf = (n: number): VerdictState =>
  n === 1 ? 'verified' : n === -1 ? 'rejected' : 'withdrawn';
