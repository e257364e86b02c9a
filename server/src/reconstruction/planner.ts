import type { ArchivedInstance, ArchivedSeries } from '../archive/index.ts';
import type { SeriesLayoutRecord } from './child/protocol.ts';
import { type DerivedFolder, nameOf } from './derived.ts';
import type { ForeignStore } from './foreign/foreign.store.ts';
import type { ArchivePort, ReconstructionDeps } from './ports.ts';
import type { JobKind, JobQueue, JobStore } from './queue/index.ts';
import type { SeriesStore } from './series.store.ts';

/** Raised when derived files of older versions must not be shown any more. */
const derivedVersion = 1;

/** Names the exact content of a series: other instances or other files, another name. */
export const fingerprintOf = (
  instances: readonly Pick<ArchivedInstance, 'sopInstanceUid' | 'blob'>[],
): string =>
  nameOf(
    `series ${derivedVersion}`,
    ...instances.map((i) => `${i.sopInstanceUid} ${i.blob}`).sort(),
  );

export interface PlannerParts {
  readonly archive: ArchivePort;
  readonly derived: DerivedFolder;
  readonly queue: JobQueue;
  readonly jobs: JobStore;
  readonly store: SeriesStore;
  readonly foreign: ForeignStore;
  readonly publish: ReconstructionDeps['publish'];
}

/** Compares what the archive holds with what was derived of it, and queues what is missing. */
export class Planner {
  readonly #parts: PlannerParts;

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /**
   * Queues what a series needs. Something that failed or was cancelled for this very content is
   * left alone until somebody asks for it.
   */
  async plan(series: ArchivedSeries, quick = false): Promise<void> {
    const { archive, store } = this.#parts;
    const uid = series.seriesInstanceUid;
    const instances = await archive.instances(uid);
    const stored = await store.get(uid);
    if (instances.length === 0) {
      if (stored) await this.#remove(uid, stored.layout);
      return;
    }
    const content = fingerprintOf(instances);
    if (stored?.fingerprint !== content || !(await this.whole(stored.layout, quick))) {
      if (await this.#isDocument(uid)) await this.#layOutDocument(series, content);
      else await this.#queue('volume', series, content);
      return;
    }
    const { reconstructable, mainVolume } = stored.layout;
    if (!reconstructable || !mainVolume) return;
    const set = await this.#parts.derived.structures(mainVolume);
    if (!set?.complete) await this.#queue('reconstruction', series, content);
  }

  /** Told by the index alone: no process is started for a report or a segmentation. */
  async #isDocument(seriesUid: string): Promise<boolean> {
    const headers = await this.#parts.archive.headers(seriesUid);
    return headers.every((header) => header.kind !== 'image');
  }

  async #layOutDocument(series: ArchivedSeries, content: string): Promise<void> {
    const { store, publish } = this.#parts;
    await store.put(series, content, {
      version: 1,
      kind: 'document',
      volumes: [],
      reconstructable: false,
      warnings: [],
    });
    publish({ type: 'study', studyInstanceUid: series.studyInstanceUid, change: 'changed' });
  }

  async #queue(kind: JobKind, series: ArchivedSeries, content: string): Promise<void> {
    const last = await this.#parts.jobs.latest(series.seriesInstanceUid, kind);
    if (last?.content === content && last.state !== 'done') return;
    await this.#parts.queue.add(kind, series, content);
  }

  /** True when every file that the layout points to is there; `quick` looks at manifests only. */
  async whole(layout: SeriesLayoutRecord, quick = false): Promise<boolean> {
    const { derived } = this.#parts;
    const checks = await Promise.all([
      ...layout.volumes.map((id) => (quick ? derived.begun(id) : derived.complete(id))),
      layout.thumbnail ? derived.hasThumbnail(layout.thumbnail.folder) : true,
    ]);
    return checks.every(Boolean);
  }

  /**
   * All series, at start. Goes on in the background: a big archive takes a while, and the server
   * answers meanwhile.
   */
  async planAll(signal: AbortSignal): Promise<void> {
    for await (const series of this.#parts.archive.everySeries()) {
      if (signal.aborted) return;
      await this.plan(series, true);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Forgets a deleted study and takes its derived files away. */
  async removeStudy(studyUid: string): Promise<void> {
    const { queue, store } = this.#parts;
    await queue.forgetStudy(studyUid);
    for (const { seriesInstanceUid, layout } of await store.ofStudy(studyUid)) {
      await this.#remove(seriesInstanceUid, layout);
    }
  }

  async #remove(seriesUid: string, layout: SeriesLayoutRecord): Promise<void> {
    const { derived, store } = this.#parts;
    await store.remove(seriesUid);
    for (const folder of foldersOf(layout)) await derived.remove(folder);
  }

  /** Takes away what an older layout of the series left and the new one does not name. */
  async removeStale(before: SeriesLayoutRecord | undefined, after: SeriesLayoutRecord) {
    const kept = new Set(foldersOf(after));
    for (const folder of before ? foldersOf(before) : []) {
      if (!kept.has(folder)) await this.#parts.derived.remove(folder);
    }
  }
}

const foldersOf = (layout: SeriesLayoutRecord): string[] => [
  ...layout.volumes,
  ...(layout.thumbnail ? [layout.thumbnail.folder] : []),
];
