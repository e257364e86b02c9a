import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  findingOfJob,
  type Structure,
  seriesInstanceUid,
  studyInstanceUid,
  type VolumeId,
  volumeId,
  YuepianError,
} from '@yuepian/contract';
import { consoleLog, toYuepianError } from '../http/index.ts';
import { runChild } from './child/host.ts';
import type { ChildTask, FromChild, SeriesLayoutRecord, ToChild } from './child/protocol.ts';
import type { SpareChild } from './child/spare.ts';
import type { DerivedFolder } from './derived.ts';
import type { Editing } from './editing/index.ts';
import type { ForeignStore } from './foreign/foreign.store.ts';
import { fingerprintOf, type Planner } from './planner.ts';
import type { ReconstructionDeps } from './ports.ts';
import type { JobControl, JobQueue, JobRecord, JobStore, RunJob } from './queue/index.ts';
import type { SeriesStore } from './series.store.ts';

export interface RunParts {
  readonly deps: ReconstructionDeps;
  readonly dataFolder: string;
  readonly derived: DerivedFolder;
  readonly planner: Planner;
  readonly jobs: JobStore;
  readonly queue: () => JobQueue;
  readonly store: SeriesStore;
  readonly foreign: ForeignStore;
  readonly spare: SpareChild;
  readonly editing: Editing;
  /** A structure as it is now. @throws YuepianError not_found */
  readonly structure: (id: string) => Promise<Structure>;
  readonly log: (line: string) => void;
}

/** Runs a job of the queue in a child process and files what comes out of it. */
export const jobRunner =
  (parts: RunParts): RunJob =>
  async (job, control) => {
    const scratch = await parts.derived.scratch();
    try {
      const task = await taskOf(job, scratch, parts);
      await new SeriesRun(job, control, task, parts).run();
    } finally {
      await parts.derived.discard(scratch);
    }
  };

/** @throws YuepianError not_found when the series is gone. */
async function taskOf(job: JobRecord, scratch: string, parts: RunParts): Promise<ChildTask> {
  const { archive, memoryBytes } = parts.deps;
  const instances = await archive.instances(job.seriesInstanceUid);
  if (instances.length === 0) throw new YuepianError('not_found', { what: job.seriesInstanceUid });
  const fingerprint = fingerprintOf(instances);
  if (fingerprint !== job.content) await parts.jobs.setContent(job.id, fingerprint);
  const stored = await parts.store.get(job.seriesInstanceUid);
  const model = job.kind === 'model' ? job.model?.id : undefined;
  const ready =
    (job.kind === 'reconstruction' || model !== undefined) &&
    stored?.fingerprint === fingerprint &&
    stored.layout.mainVolume !== undefined &&
    (await parts.planner.whole(stored.layout));
  return {
    dataFolder: parts.dataFolder,
    scratch,
    studyInstanceUid: studyInstanceUid.parse(job.studyInstanceUid),
    seriesInstanceUid: seriesInstanceUid.parse(job.seriesInstanceUid),
    fingerprint,
    instances: instances.map(({ sopInstanceUid, blob }) => ({ sopInstanceUid, blob })),
    start:
      job.kind === 'segments' ? 'segments' : !ready ? 'volume' : model ? 'model' : 'structures',
    ...(model === undefined ? {} : { modelId: model }),
    ...(await findingOf(model, scratch, parts)),
    ...(ready ? { mainVolume: volumeId.parse(stored.layout.mainVolume) } : {}),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/**
 * What a finding is made from, as it is now: what people have changed of it counts.
 * @throws YuepianError not_found when it is gone; not_confirmed for stones in a kidney nobody confirmed.
 */
async function findingOf(
  model: string | undefined,
  scratch: string,
  { editing, structure }: RunParts,
): Promise<Pick<ChildTask, 'finding'>> {
  const found = findingOfJob(model);
  if (!found) return {};
  const { key, name, verified, content } = await structure(found.of);
  // The kidney may be another one since the job was asked for, or the server itself asks again.
  if (found.finding === 'stones' && !verified) throw new YuepianError('not_confirmed');
  const { head, body } = await editing.mask(found.of);
  const maskFile = path.join(scratch, 'of.gz');
  await writeFile(maskFile, body);
  return { finding: { ...found, key, name, content, maskFile, size: head.size } };
}

type Message<T extends FromChild['type']> = Extract<FromChild, { type: T }>;

/** One child's life: its messages in order, and which job its progress belongs to. */
class SeriesRun {
  readonly #job: JobRecord;
  readonly #task: ChildTask;
  readonly #parts: RunParts;
  #control: JobControl;

  constructor(job: JobRecord, control: JobControl, task: ChildTask, parts: RunParts) {
    this.#job = job;
    this.#control = control;
    this.#task = task;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const message = (m: Parameters<SeriesRun['handle']>[0]) => this.handle(m);
    const { spare, deps } = this.#parts;
    const handlers = { message, log: this.#parts.log, started: deps.childStarted };
    await runChild(this.#task, () => spare.take(), handlers, this.#control.signal);
  }

  async handle(
    message: Exclude<FromChild, { type: 'done' | 'failed' }>,
  ): Promise<ToChild | undefined> {
    switch (message.type) {
      case 'progress':
        this.#control.progress(message.step, message.fraction);
        return undefined;
      case 'laid-out':
        return { type: 'go-on', structures: await this.#laidOut(message.layout) };
      case 'structures':
        this.#parts.deps.publish({
          type: 'structures',
          studyInstanceUid: this.#job.studyInstanceUid,
          seriesInstanceUid: this.#job.seriesInstanceUid,
        });
        return undefined;
      case 'segmentation':
        return { type: 'stored', ok: await this.#store(message.file) };
      case 'target':
        return { type: 'volumes', volumes: await this.#targets(message) };
      case 'foreign':
        await this.#foreign(message);
        return undefined;
    }
  }

  /** The volumes are there: says so, and decides whether this child goes on to the models. */
  async #laidOut(layout: SeriesLayoutRecord): Promise<boolean> {
    const { store, planner, deps, queue } = this.#parts;
    const job = this.#job;
    const before = await store.get(job.seriesInstanceUid);
    await store.put(job, this.#task.fingerprint, layout);
    await planner.removeStale(before?.layout, layout);
    await planner.volumesReady(job);
    deps.publish({
      type: 'study',
      studyInstanceUid: job.studyInstanceUid,
      change: 'changed',
    });
    if (job.kind === 'reconstruction' || job.kind === 'model') {
      if (layout.mainVolume) return true;
      throw new YuepianError('not_a_volume', { reason: layout.kind });
    }
    if (!layout.reconstructable) return false;
    await queue().add('reconstruction', job, this.#task.fingerprint);
    const next = await this.#control.continueWith('reconstruction');
    if (!next) return false;
    this.#control = next;
    return true;
  }

  /** Volumes of the first of these series that is here; without a name, of the frame of reference. */
  async #targets(wanted: Message<'target'>): Promise<VolumeId[]> {
    const { store, derived, deps } = this.#parts;
    for (const uid of wanted.seriesInstanceUids) {
      const volumes = (await store.get(uid))?.layout.volumes;
      if (volumes && volumes.length > 0) return volumes;
    }
    if (wanted.seriesInstanceUids.length > 0) return [];
    const found: VolumeId[] = [];
    for (const series of await deps.archive.series(this.#job.studyInstanceUid)) {
      const volume = (await store.get(series.seriesInstanceUid))?.layout.mainVolume;
      const manifest = volume && (await derived.manifest(volume));
      if (volume && manifest?.frameOfReferenceUid === wanted.frameOfReferenceUid)
        found.push(volume);
    }
    return found;
  }

  async #foreign(message: Message<'foreign'>): Promise<void> {
    const { studyInstanceUid, seriesInstanceUid: own } = this.#job;
    const { sopInstanceUid, targetSeriesUid, state, title, error } = message;
    await this.#parts.foreign.put({
      sopInstanceUid,
      targetSeriesUid,
      state,
      title,
      seriesInstanceUid: own,
      studyInstanceUid,
      ...(error ? { error } : {}),
    });
    const target = await this.#parts.deps.archive.oneSeries(targetSeriesUid);
    this.#parts.deps.publish({
      type: 'structures',
      studyInstanceUid: target?.studyInstanceUid ?? studyInstanceUid,
      seriesInstanceUid: target?.seriesInstanceUid ?? own,
    });
  }

  /**
   * Files our own DICOM SEG. The models are of use without it, so a refusal is only logged; a full
   * disk is none: the job runs again when there is room.
   */
  async #store(file: string): Promise<boolean> {
    const inside = path.relative(this.#task.scratch, file);
    if (inside.startsWith('..') || path.isAbsolute(inside)) return false;
    try {
      await this.#parts.deps.archive.ingest(createReadStream(file), { own: true });
      return true;
    } catch (error) {
      // Also where the index, not the file, found the disk full.
      const known = toYuepianError(error, this.#parts.deps.log ?? consoleLog);
      if (known.code === 'storage_full') throw known;
      this.#parts.log(`the segmentation was not archived: ${String(error)}`);
      return false;
    }
  }
}
