import { randomUUID } from 'node:crypto';
import { type Job, YuepianError } from '@yuepian/contract';
import type { JobError, JobKind, JobModel, JobRecord, JobStore } from './jobs.store.ts';
import { RoomWatch } from './room-watch.ts';

/** A job that took the process down twice is not tried a third time by itself. */
const maximumAttempts = 2;
/** Progress events per job are at least this far apart. */
const progressEveryMs = 250;
/** Looks for room on a full disk are this far apart. */
const lookForRoomMs = 15_000;

/** What a running job may tell the queue. */
export interface JobControl {
  readonly signal: AbortSignal;
  progress(step: string, fraction: number): void;
  /**
   * The volume is there: ends this job as done and, when nothing more urgent waits, takes the
   * series' queued reconstruction on in the same run (its voxels are in memory already).
   * @returns the control of that job, or undefined when the run should end here.
   */
  continueWith(kind: JobKind): Promise<JobControl | undefined>;
}

export type RunJob = (job: JobRecord, control: JobControl) => Promise<void>;

export interface QueueOptions {
  store: JobStore;
  run: RunJob;
  /** Called after each change of a job that a reader may see. */
  changed: (job: Job) => void;
  /** Jobs at once; each may fill the memory with a volume. Default 1. */
  concurrency?: number;
  /** Turns whatever a run threw into an error of the closed set. */
  errorOf: (error: unknown) => YuepianError;
  /** For what cannot be told to anybody else: the job table itself failed. */
  unexpected: (error: unknown) => void;
  now?: () => number;
  /** Bytes that may still be written where the data lie; asked for while the disk is full. */
  freeBytes?: () => Promise<number>;
  lookForRoomMs?: number;
  /** There is room again: what could not even be queued may be looked for. */
  roomAgain?: () => void;
}

type End = 'done' | 'failed' | 'cancelled';

interface Live {
  readonly job: JobRecord;
  step: string;
  fraction: number;
  startedAt: number;
  toldAt: number;
}

/**
 * Runs queued jobs, volumes first, one at a time. The table is the truth: what was queued or
 * running when the process died is queued again after `start`. A job for which the disk had no room
 * has failed with storage_full, and is queued again by itself, behind all others, when there is room;
 * others are tried meanwhile, each once.
 */
export class JobQueue {
  readonly #options: QueueOptions;
  readonly #store: JobStore;
  readonly #now: () => number;
  readonly #live = new Map<string, Live>();
  readonly #aborts = new Map<string, AbortController>();
  readonly #runs = new Set<Promise<void>>();
  /** Ends that the full disk did not take; they count, and are written when there is room. */
  readonly #unwritten = new Map<string, { state: End; error?: JobError }>();
  readonly #room: RoomWatch;
  #accepting = false;
  #wake: Promise<void> = Promise.resolve();
  #idle: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#now = options.now ?? Date.now;
    this.#room = new RoomWatch({
      freeBytes: options.freeBytes ?? (async () => 0),
      everyMs: options.lookForRoomMs ?? lookForRoomMs,
      again: () => this.#roomAgain(),
      failed: options.unexpected,
    });
  }

  async start(): Promise<void> {
    await this.#store.recover(maximumAttempts);
    await this.#store.requeue('storage_full');
    this.#accepting = true;
    await this.#pump();
  }

  /** Stops what runs; it is queued again at the next start and does not count as an attempt. */
  async stop(): Promise<void> {
    this.#accepting = false;
    this.#room.stop();
    for (const abort of this.#aborts.values()) abort.abort(new Stopped());
    await Promise.all(this.#runs);
    await this.#wake;
  }

  /**
   * Queues a job; one of the same kind and series that still waits is that job.
   * @param content fingerprint of the series as it is now.
   */
  async add(
    kind: JobKind,
    series: { studyInstanceUid: string; seriesInstanceUid: string },
    content: string,
    options: { openedAt?: number; model?: JobModel } = {},
  ): Promise<Job> {
    const known = await this.#store.ofSeries(series.seriesInstanceUid, kind);
    const waiting = known.find(
      (job) => job.state === 'queued' && job.model?.id === options.model?.id,
    );
    if (waiting) {
      // It will run on the series as it is now: a failure, or a second wish, is about this content.
      if (waiting.content !== content) await this.#store.renewContent(waiting.id, content);
      return this.#wire(waiting);
    }
    const id = randomUUID();
    await this.#store.add({
      id,
      kind,
      studyInstanceUid: series.studyInstanceUid,
      seriesInstanceUid: series.seriesInstanceUid,
      content,
      model: options.model,
      openedAt: options.openedAt ?? 0,
      createdAt: this.#now(),
    });
    const job = await this.#tell(id);
    await this.#pump();
    return job;
  }

  /**
   * Ends a queued or running job as cancelled; what it had published stays, what was half is gone.
   * @throws YuepianError not_found for an unknown job. Cancelling an ended job changes nothing.
   */
  async cancel(id: string): Promise<Job> {
    if (!(await this.#store.get(id))) throw new YuepianError('not_found', { what: id });
    const ended = await this.#store.end(id, 'cancelled');
    this.#abort(id);
    return ended ? this.#tell(id) : this.#read(id);
  }

  /** Somebody else found the disk full: `roomAgain` is called when there is room. */
  diskFull(): void {
    this.#room.full();
  }

  /** A reader opened the study: its waiting jobs go first. */
  async opened(studyUid: string): Promise<void> {
    await this.#store.opened(studyUid, this.#now());
  }

  /** The newest job of a kind for a series, as a client sees it. */
  async latest(seriesUid: string, kind: JobKind): Promise<Job | undefined> {
    const job = await this.#store.latest(seriesUid, kind);
    return job && this.#wire(job);
  }

  /** Cancels and forgets the jobs of a deleted study. */
  async forgetStudy(studyUid: string): Promise<void> {
    const jobs = await this.#store.ofStudy(studyUid);
    for (const job of jobs) this.#abort(job.id);
    await this.#store.deleteStudy(studyUid);
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    await this.#wake;
    if (this.#runs.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Starts runs while there is room. One pump at a time, so that a job is not taken twice. */
  #pump(): Promise<void> {
    const fill = async (): Promise<void> => {
      while (this.#mayBegin()) {
        const job = await this.#store.next();
        if (!job) break;
        const begun = await this.#store.begin(job.id).catch((error: unknown) => {
          this.#mustBeFull(error);
          return undefined;
        });
        if (begun === undefined) break;
        if (!begun) continue;
        const run = this.#run(job)
          .catch(this.#options.unexpected)
          .finally(() => {
            this.#runs.delete(run);
            void this.#pump();
          });
        this.#runs.add(run);
      }
      if (this.#runs.size === 0) {
        for (const resolve of this.#idle.splice(0)) resolve();
      }
    };
    // Also after one that failed: a table that could not be read once is no end of all work.
    this.#wake = this.#wake.then(fill, fill);
    return this.#wake;
  }

  #mayBegin(): boolean {
    const room = this.#runs.size < (this.#options.concurrency ?? 1);
    // Also while the disk has no room for others: what waits has not been tried since it was full,
    // and one job that is too big must not keep small ones from running.
    return this.#accepting && room;
  }

  /** Begins to wait for room. @throws the error when it is another one. */
  #mustBeFull(error: unknown): void {
    if (this.#options.errorOf(error).code !== 'storage_full') throw error;
    this.#room.full();
  }

  async #roomAgain(): Promise<void> {
    try {
      for (const [id, { state, error }] of this.#unwritten) {
        await this.#store.end(id, state, error);
        this.#unwritten.delete(id);
      }
      for (const id of await this.#store.requeue('storage_full')) await this.#tell(id);
    } catch (error) {
      this.#mustBeFull(error);
      return;
    }
    this.#options.roomAgain?.();
    await this.#pump();
  }

  async #run(job: JobRecord): Promise<void> {
    const abort = new AbortController();
    /** Jobs of this run that have not ended: the first, then what it went on with. */
    let current: string = job.id;
    const enter = (entered: JobRecord): JobControl => {
      const { id } = entered;
      current = id;
      this.#aborts.set(id, abort);
      this.#live.set(id, {
        job: { ...entered, state: 'running' },
        step: 'start',
        fraction: 0,
        startedAt: this.#now(),
        toldAt: 0,
      });
      return {
        signal: abort.signal,
        progress: (step, fraction) => this.#progress(id, step, fraction),
        continueWith: async (kind) => {
          await this.#finish(id, 'done');
          const next = await this.#follow(job, kind);
          if (!next) return undefined;
          const control = enter(next);
          await this.#tell(next.id);
          return control;
        },
      };
    };
    const control = enter(job);
    try {
      await this.#tell(job.id);
      abort.signal.throwIfAborted();
      await this.#options.run(job, control);
      await this.#finish(current, 'done');
    } catch (error) {
      if (abort.signal.reason instanceof Stopped) {
        this.#leave(current);
        await this.#store.putBack(current);
        return;
      }
      const known = this.#options.errorOf(error);
      const told: JobError = { code: known.code, details: known.details };
      if (known.code === 'job_cancelled') await this.#finish(current, 'cancelled');
      else await this.#finish(current, 'failed', told);
      if (known.code === 'storage_full') this.#room.full();
    }
  }

  async #follow(job: JobRecord, kind: JobKind): Promise<JobRecord | undefined> {
    if (!this.#accepting || (await this.#store.queued('volume')) > 0) return undefined;
    const next = await this.#store.latest(job.seriesInstanceUid, kind);
    if (next?.state !== 'queued' || !(await this.#store.begin(next.id))) return undefined;
    return next;
  }

  async #finish(id: string, state: End, error?: JobError) {
    this.#leave(id);
    const ended = await this.#store.end(id, state, error).catch((cause: unknown) => {
      this.#mustBeFull(cause);
      this.#unwritten.set(id, { state, ...(error ? { error } : {}) });
      return true;
    });
    if (ended) await this.#tell(id);
  }

  /** From here on nothing is heard of the run any more, whatever it still says. */
  #abort(id: string): void {
    const abort = this.#aborts.get(id);
    this.#leave(id);
    abort?.abort(new YuepianError('job_cancelled'));
  }

  #leave(id: string): void {
    this.#live.delete(id);
    this.#aborts.delete(id);
  }

  #progress(id: string, step: string, fraction: number): void {
    const live = this.#live.get(id);
    if (!live) return;
    const stepChanged = live.step !== step;
    live.step = step;
    // Never backwards: a bar that jumps back is worse than one that waits.
    live.fraction = Math.max(live.fraction, Math.min(1, fraction));
    const now = this.#now();
    if (!stepChanged && now - live.toldAt < progressEveryMs) return;
    live.toldAt = now;
    this.#options.changed(this.#wire(live.job));
  }

  async #read(id: string): Promise<Job> {
    const job = await this.#store.get(id);
    if (!job) throw new YuepianError('not_found', { what: id });
    return this.#wire(job);
  }

  /** Publishes the job as it is now; one that was deleted in between is published no more. */
  async #tell(id: string): Promise<Job> {
    const job = await this.#read(id);
    this.#options.changed(job);
    return job;
  }

  #wire(stored: JobRecord): Job {
    const record = { ...stored, ...this.#unwritten.get(stored.id) };
    const live = record.state === 'running' ? this.#live.get(record.id) : undefined;
    const job: Job = {
      id: record.id,
      kind: record.kind,
      studyInstanceUid: record.studyInstanceUid,
      seriesInstanceUid: record.seriesInstanceUid,
      state: record.state,
      progress: record.state === 'done' ? 1 : (live?.fraction ?? 0),
      step: live?.step ?? '',
      ...(record.model ? { model: { id: record.model.id, title: { ...record.model.title } } } : {}),
    };
    const remaining = live && this.#remaining(live);
    return {
      ...job,
      ...(remaining === undefined ? {} : { remainingSeconds: remaining }),
      ...(record.error
        ? { error: { code: record.error.code, details: { ...record.error.details } } }
        : {}),
    };
  }

  /** From the pace so far; nothing before there is a pace to speak of. */
  #remaining(live: Live): number | undefined {
    const elapsed = (this.#now() - live.startedAt) / 1000;
    if (elapsed < 0.5 || live.fraction < 0.05) return undefined;
    return Math.round((elapsed * (1 - live.fraction)) / live.fraction);
  }
}

class Stopped extends Error {}
