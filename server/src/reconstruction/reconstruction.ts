import { statfs } from 'node:fs/promises';
import {
  type Job,
  type Structure,
  type StudyDetail,
  type StudyInstanceUid,
  structureId,
  studyInstanceUid,
  YuepianError,
} from '@yuepian/contract';
import { consoleLog, toYuepianError } from '../http/index.ts';
import { SpareChild } from './child/spare.ts';
import { DerivedFolder, partsOfStructureId } from './derived.ts';
import { EditedModels, Editing } from './editing/index.ts';
import { Findings } from './findings/findings.ts';
import { ForeignStore } from './foreign/foreign.store.ts';
import { Networks } from './networks/index.ts';
import { modelObstacleOf } from './obstacle.ts';
import { fingerprintOf, Planner } from './planner.ts';
import type { ReconstructionDeps } from './ports.ts';
import { JobQueue, JobStore } from './queue/index.ts';
import { jobRunner } from './run.ts';
import { SeriesStore } from './series.store.ts';
import { describeStructure, describeStudy, structuresOf, thumbnailUrls } from './study.ts';

/** The room's parts put together; see index.ts for its face. */
export class Reconstruction {
  readonly deps: ReconstructionDeps;
  readonly derived: DerivedFolder;
  readonly queue: JobQueue;
  readonly store: SeriesStore;
  readonly editing: Editing;
  readonly editedModels: EditedModels;
  readonly foreign: ForeignStore;
  readonly networks: Networks;
  readonly findings: Findings;
  readonly #jobs: JobStore;
  readonly #planner: Planner;
  readonly #spare = new SpareChild();
  readonly #stopping = new AbortController();
  readonly #background = new Set<Promise<void>>();

  constructor(deps: ReconstructionDeps) {
    this.deps = deps;
    const log = deps.log ?? consoleLog;
    const { archive, dataFolder } = deps;
    this.derived = new DerivedFolder(dataFolder);
    this.store = new SeriesStore(deps.database);
    this.foreign = new ForeignStore(deps.database);
    const jobs = new JobStore(deps.database);
    this.#jobs = jobs;
    const { derived, store, foreign } = this;
    this.editedModels = new EditedModels({
      derived,
      log,
      made: ({ row, revision }, { seriesInstanceUid: series }) =>
        deps.publish({
          type: 'edited',
          studyInstanceUid: studyInstanceUid.parse(row.study_uid),
          seriesInstanceUid: series,
          structureId: structureId.parse(row.id),
          revision,
        }),
    });
    this.editing = new Editing({
      deps,
      derived,
      series: store,
      models: this.editedModels,
      derivedStructure: (id) => this.#derivedStructure(id),
    });
    this.queue = new JobQueue({
      store: jobs,
      ...(deps.concurrency === undefined ? {} : { concurrency: deps.concurrency }),
      changed: (job) => deps.publish({ type: 'job', job }),
      errorOf: (error) => toYuepianError(error, log),
      unexpected: (error) => log.error('job queue', error),
      run: (job, control) => run(job, control),
      freeBytes: async () => {
        const { bavail, bsize } = await statfs(dataFolder);
        return bavail * bsize;
      },
      ...(deps.lookForRoomMs === undefined ? {} : { lookForRoomMs: deps.lookForRoomMs }),
      roomAgain: () => this.#inBackground(() => this.#planner.planAll(this.#stopping.signal)),
    });
    this.#planner = new Planner({
      archive,
      derived,
      jobs,
      queue: this.queue,
      store,
      foreign,
      publish: deps.publish,
    });
    this.networks = new Networks({
      dataFolder,
      archive,
      derived,
      store,
      queue: this.queue,
      allowInternet: deps.allowInternet ?? false,
      memoryBytes: deps.memoryBytes,
    });
    this.findings = new Findings({
      archive,
      derived,
      store,
      queue: this.queue,
      structure: (id) => this.structure(id),
    });
    const run = jobRunner({
      deps,
      dataFolder,
      derived,
      planner: this.#planner,
      jobs,
      queue: () => this.queue,
      store,
      foreign,
      spare: this.#spare,
      editing: this.editing,
      structure: (id) => this.structure(id),
      log: (line) => log.info(`reconstruction: ${line.trimEnd()}`),
    });
  }

  /** Takes up what an earlier process left, then looks for series that nothing was derived of. */
  async start(): Promise<void> {
    await this.#forgetDeleted();
    await this.queue.start();
    this.#inBackground(() => this.#planner.planAll(this.#stopping.signal));
  }

  /** Stops running jobs; they are queued again at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#spare.close();
    await this.queue.stop();
    await this.editedModels.stop();
    await Promise.all(this.#background);
  }

  /** Its images come in: something will be derived soon. */
  seriesArriving(): void {
    this.#spare.prepare();
  }

  /** No instance came for a while, or some went: derives what is missing. */
  seriesSettled(seriesUid: string): void {
    this.#inBackground(() => this.#plan(seriesUid));
  }

  /** A stop waits for it: what was drawn on a patient must not outlive the patient's images. */
  async studyDeleted(studyUid: string): Promise<void> {
    const forgetting = this.editing
      .forgetStudy(studyUid)
      .then(() => this.editedModels.forget(studyUid))
      .then(() => this.#planner.removeStudy(studyUid));
    const settled = forgetting
      .catch(() => undefined)
      .finally(() => this.#background.delete(settled));
    this.#background.add(settled);
    await forgetting;
  }

  /**
   * A crash between deleting a study and forgetting it here leaves edits, jobs and derived files of
   * images that are gone: nobody would be told of them again. Edits lie in the archive's own
   * database, so an older copy of it cannot make them look orphaned.
   */
  async #forgetDeleted(): Promise<void> {
    const log = this.deps.log ?? consoleLog;
    const lists = [this.editing.store, this.store, this.foreign, this.#jobs].map((s) =>
      s.studies(),
    );
    for (const uid of new Set((await Promise.all(lists)).flat())) {
      try {
        if (await this.deps.archive.study(uid)) continue;
        await this.studyDeleted(uid);
        log.info(`study ${uid} is deleted; what a crash had left of its structures was removed`);
      } catch (error) {
        // The next start tries again; the server is of use meanwhile.
        log.error('removing what was derived of a deleted study', error);
      }
    }
  }

  async openStudy(uid: string): Promise<StudyDetail | undefined> {
    const study = await describeStudy(uid, this);
    if (!study) return undefined;
    await this.queue.opened(uid);
    // Somebody may have thrown derived files away; they come back by themselves.
    for (const { seriesInstanceUid } of study.series) {
      if (!this.deps.archive.isArriving(seriesInstanceUid)) this.seriesSettled(seriesInstanceUid);
    }
    return study;
  }

  /**
   * Makes the models of a series (again), whatever became of the last try.
   * @throws YuepianError not_found, not_a_volume.
   */
  async rerun(seriesUid: string): Promise<Job> {
    const series = await this.deps.archive.oneSeries(seriesUid);
    if (!series) throw new YuepianError('not_found', { what: 'series' });
    const stored = await this.store.get(seriesUid);
    if (stored && !stored.layout.mainVolume) {
      throw new YuepianError('not_a_volume', { reason: stored.layout.kind });
    }
    const main = stored?.layout.mainVolume;
    const manifest = main && (await this.derived.manifest(main));
    const obstacle = manifest && modelObstacleOf(manifest);
    if (obstacle) throw new YuepianError('no_models', { reason: obstacle });
    const content = fingerprintOf(await this.deps.archive.instances(seriesUid));
    const openedAt = Date.now();
    return this.queue.add(stored ? 'reconstruction' : 'volume', series, content, { openedAt });
  }

  /** @throws YuepianError not_found */
  async structure(id: string): Promise<Structure> {
    return (await this.editing.structure(id)) ?? (await this.#derivedStructure(id)).structure;
  }

  /** The structures of a series, changed ones included; undefined for an unknown series. */
  structuresOf(seriesUid: string) {
    return structuresOf(seriesUid, this);
  }

  async #derivedStructure(id: string): Promise<{ structure: Structure; digest: string }> {
    const parts = partsOfStructureId(id);
    const set = parts && (await this.derived.structures(parts.volume, parts.set));
    const found = set?.structures.find((s) => s.key === parts?.key);
    if (!parts || !set || !found) throw new YuepianError('not_found', { what: 'structure' });
    const verdict = (await this.store.verdicts([id], set.digest)).get(id);
    return {
      structure: describeStructure({
        volume: parts.volume,
        name: parts.set,
        set,
        found,
        verdict,
      }),
      digest: set.digest,
    };
  }

  thumbnailUrls(studyUids: readonly StudyInstanceUid[]): Promise<Map<string, string>> {
    return thumbnailUrls(studyUids, this.store);
  }

  async #plan(seriesUid: string): Promise<void> {
    const series = await this.deps.archive.oneSeries(seriesUid);
    if (series) await this.#planner.plan(series);
  }

  #inBackground(work: () => Promise<void>): void {
    if (this.#stopping.signal.aborted) return;
    const running = work()
      .catch((error: unknown) => {
        const log = this.deps.log ?? consoleLog;
        if (this.#stopping.signal.aborted) return;
        const known = toYuepianError(error, log);
        // Planned anew when there is room.
        if (known.code === 'storage_full') this.queue.diskFull();
        else if (known.code !== 'internal') log.error('reconstruction', error);
      })
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }
}
