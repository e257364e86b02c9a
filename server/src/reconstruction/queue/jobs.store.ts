import type {
  ErrorDetails,
  Job,
  JobId,
  SeriesInstanceUid,
  StudyInstanceUid,
} from '@yuepian/contract';
import { errorCodes, jobId, seriesInstanceUid, studyInstanceUid } from '@yuepian/contract';
import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../../storage/index.ts';

export type JobKind = Job['kind'];
export type JobError = { code: NonNullable<Job['error']>['code']; details: ErrorDetails };

/** A job as the table keeps it; progress lives in memory, it means nothing after a restart. */
export interface JobRecord {
  readonly id: JobId;
  readonly kind: JobKind;
  readonly studyInstanceUid: StudyInstanceUid;
  readonly seriesInstanceUid: SeriesInstanceUid;
  readonly state: Job['state'];
  /** Times it was started; a server that dies under it leaves the count behind. */
  readonly attempts: number;
  /** Fingerprint of the series it is about: a failure says nothing about another content. */
  readonly content: string;
  /** What a job of kind `model` runs. */
  readonly model?: JobModel;
  readonly error?: JobError;
}

export interface JobModel {
  readonly id: string;
  readonly title: { readonly zh: string; readonly en: string };
}

interface JobRow {
  id: string;
  kind: string;
  study_uid: string;
  series_uid: string;
  state: string;
  attempts: number;
  content: string;
  /** Milliseconds; when a reader last opened the study, 0 for never; see also `behindAll`. */
  opened_at: number;
  created_at: number;
  error: string | null;
  /** JSON of JobModel. */
  model: string | null;
}
interface Tables {
  jobs: JobRow;
}

export const jobMigrations: readonly Migration[] = [
  {
    name: 'reconstruction/001-jobs',
    up: async (database) => {
      const db = tablesOf<Tables>(database);
      await db.schema
        .createTable('jobs')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('study_uid', 'text', (c) => c.notNull())
        .addColumn('series_uid', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('attempts', 'integer', (c) => c.notNull())
        .addColumn('content', 'text', (c) => c.notNull())
        .addColumn('opened_at', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .addColumn('error', 'text')
        .execute();
      await db.schema.createIndex('jobs_by_series').on('jobs').column('series_uid').execute();
      await db.schema.createIndex('jobs_by_study').on('jobs').column('study_uid').execute();
      await db.schema.createIndex('jobs_by_state').on('jobs').column('state').execute();
    },
  },
  {
    name: 'reconstruction/003-model-jobs',
    up: async (database) => {
      await tablesOf<Tables>(database)
        .schema.alterTable('jobs')
        .addColumn('model', 'text')
        .execute();
    },
  },
];

/** `opened_at` of a job that waits again after a full disk, until a reader opens its study. */
const behindAll = -1;

/** The job table. State changes only; it knows no process. */
export class JobStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  /** Adds a queued job and forgets ended ones of the same kind and series: the newest is the state. */
  async add(job: {
    id: string;
    kind: JobKind;
    studyInstanceUid: string;
    seriesInstanceUid: string;
    content: string;
    model?: JobModel | undefined;
    openedAt: number;
    createdAt: number;
  }): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx
        .deleteFrom('jobs')
        .where('series_uid', '=', job.seriesInstanceUid)
        .where('kind', '=', job.kind)
        .where('state', 'in', ['done', 'failed', 'cancelled'])
        // Runs of several models on one series are several results.
        .where(sql`coalesce(json_extract(model, '$.id'), '')`, '=', job.model?.id ?? '')
        .execute();
      await tx
        .insertInto('jobs')
        .values({
          id: job.id,
          kind: job.kind,
          study_uid: job.studyInstanceUid,
          series_uid: job.seriesInstanceUid,
          state: 'queued',
          attempts: 0,
          content: job.content,
          opened_at: job.openedAt,
          created_at: job.createdAt,
          error: null,
          model: job.model ? JSON.stringify(job.model) : null,
        })
        .execute();
    });
  }

  async get(id: string): Promise<JobRecord | undefined> {
    const row = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && record(row);
  }

  /** The newest job of a series of one kind. */
  async latest(seriesUid: string, kind: JobKind): Promise<JobRecord | undefined> {
    const row = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('series_uid', '=', seriesUid)
      .where('kind', '=', kind)
      .orderBy('created_at', 'desc')
      .orderBy(sql`rowid`, 'desc')
      .executeTakeFirst();
    return row && record(row);
  }

  /**
   * The queued job to run next: volumes, structures that are read, reconstructions, networks; the
   * study opened last first, then first come, first served. Behind all of them what the disk had no
   * room for before: it may be too big for a disk that has room for the rest.
   */
  async next(): Promise<JobRecord | undefined> {
    const row = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('state', '=', 'queued')
      .orderBy(sql`opened_at = ${behindAll}`)
      .orderBy('kind', 'desc') // 'volume' > 'segments' > 'reconstruction' > 'model'
      .orderBy('opened_at', 'desc')
      .orderBy('created_at')
      .executeTakeFirst();
    return row && record(row);
  }

  async queued(kind: JobKind): Promise<number> {
    const row = await this.#db
      .selectFrom('jobs')
      .select((e) => e.fn.countAll<number>().as('n'))
      .where('state', '=', 'queued')
      .where('kind', '=', kind)
      .executeTakeFirst();
    return row?.n ?? 0;
  }

  /** The series had grown when the job was started. */
  async setContent(id: string, content: string): Promise<void> {
    await this.#db.updateTable('jobs').set({ content }).where('id', '=', id).execute();
  }

  /** The series has grown while the job waits; one that has begun knows what it runs on. */
  async renewContent(id: string, content: string): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set({ content })
      .where('id', '=', id)
      .where('state', '=', 'queued')
      .execute();
  }

  /** queued → running. @returns false when it is no longer queued (cancelled in between). */
  async begin(id: string): Promise<boolean> {
    const result = await this.#db
      .updateTable('jobs')
      .set((e) => ({ state: 'running', attempts: e('attempts', '+', 1), error: null }))
      .where('id', '=', id)
      .where('state', '=', 'queued')
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** queued or running → its end. @returns false when it had ended before. */
  async end(
    id: string,
    state: 'done' | 'failed' | 'cancelled',
    error?: JobError,
  ): Promise<boolean> {
    const result = await this.#db
      .updateTable('jobs')
      .set({ state, error: error ? JSON.stringify(error) : null })
      .where('id', '=', id)
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** running → queued without counting the attempt: the server is stopping in good order. */
  async putBack(id: string): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set((e) => ({ state: 'queued', attempts: e('attempts', '-', 1) }))
      .where('id', '=', id)
      .where('state', '=', 'running')
      .execute();
  }

  /**
   * At start: jobs that a dead server left running go back into the queue, but one that took the
   * server (or itself) down `attempts` times has failed.
   */
  async recover(attempts: number): Promise<void> {
    const crashed: JobError = { code: 'job_crashed', details: {} };
    await this.#db
      .updateTable('jobs')
      .set({ state: 'failed', error: JSON.stringify(crashed) })
      .where('state', '=', 'running')
      .where('attempts', '>=', attempts)
      .execute();
    await this.#db
      .updateTable('jobs')
      .set({ state: 'queued' })
      .where('state', '=', 'running')
      .execute();
  }

  /** Jobs that failed with this code wait again, behind all others. @returns their ids. */
  async requeue(code: JobError['code']): Promise<string[]> {
    const rows = await this.#db
      .updateTable('jobs')
      .set({ state: 'queued', attempts: 0, error: null, opened_at: behindAll })
      .where('state', '=', 'failed')
      .where(sql`json_extract(error, '$.code')`, '=', code)
      .returning('id')
      .execute();
    return rows.map((row) => row.id);
  }

  /** The queued jobs of a study move to the front of their kind. */
  async opened(studyUid: string, at: number): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set({ opened_at: at })
      .where('study_uid', '=', studyUid)
      .where('state', '=', 'queued')
      .execute();
  }

  /** The jobs of one kind of a series, oldest first. */
  async ofSeries(seriesUid: string, kind: JobKind): Promise<JobRecord[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('series_uid', '=', seriesUid)
      .where('kind', '=', kind)
      .orderBy('created_at')
      .execute();
    return rows.map(record);
  }

  async ofStudy(studyUid: string): Promise<JobRecord[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('study_uid', '=', studyUid)
      .orderBy('created_at')
      .execute();
    return rows.map(record);
  }

  /** UIDs of the studies that have jobs, each once. */
  async studies(): Promise<string[]> {
    const rows = await this.#db.selectFrom('jobs').select('study_uid').distinct().execute();
    return rows.map((row) => row.study_uid);
  }

  async deleteStudy(studyUid: string): Promise<void> {
    await this.#db.deleteFrom('jobs').where('study_uid', '=', studyUid).execute();
  }
}

function record(row: JobRow): JobRecord {
  const base = {
    id: jobId.parse(row.id),
    kind: kindOf(row.kind),
    studyInstanceUid: studyInstanceUid.parse(row.study_uid),
    seriesInstanceUid: seriesInstanceUid.parse(row.series_uid),
    state: stateOf(row.state),
    attempts: row.attempts,
    content: row.content,
    ...(row.model === null ? {} : { model: JSON.parse(row.model) as JobModel }),
  };
  return row.error === null ? base : { ...base, error: errorOf(row.error) };
}

const kinds = ['volume', 'segments', 'reconstruction', 'model'] as const;
const kindOf = (text: string): JobKind => kinds.find((k) => k === text) ?? 'reconstruction';

const states = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
const stateOf = (text: string): Job['state'] => states.find((s) => s === text) ?? 'failed';

function errorOf(text: string): JobError {
  const value = JSON.parse(text) as JobError;
  return errorCodes.includes(value.code) ? value : { code: 'internal', details: { id: '' } };
}
