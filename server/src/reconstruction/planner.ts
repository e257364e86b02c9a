import type { ArchivedInstance, ArchivedSeries } from '../archive/index.ts';
import type { SeriesLayoutRecord } from './child/protocol.ts';
import { type DerivedFolder, nameOf, setNameOf } from './derived.ts';
import type { ForeignStore } from './foreign/foreign.store.ts';
import { foreignSopClasses } from './foreign/sop-classes.ts';
import type { ArchivePort, ReconstructionDeps } from './ports.ts';
import type { JobKind, JobQueue, JobStore } from './queue/index.ts';
import type { SeriesStore } from './series.store.ts';

/** Raised when derived files of older versions must not be shown any more. */
const derivedVersion = 3;

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
      if (await this.#isDocument(uid)) {
        await this.#layOutDocument(series, content);
        await this.#planForeign(series, content);
      } else {
        await this.#queue('volume', series, content);
      }
      return;
    }
    if (stored.layout.kind === 'document') {
      await this.#planForeign(series, content);
      return;
    }
    await this.#planSets(series, stored.layout, content);
    const { reconstructable, mainVolume } = stored.layout;
    if (!reconstructable || !mainVolume) return;
    const set = await this.#parts.derived.structures(mainVolume);
    if (!set?.complete) await this.#queue('reconstruction', series, content);
  }

  /** Objects of other makers that hold structures: read, unless all of them are shown already. */
  async #planForeign(series: ArchivedSeries, content: string, again = false): Promise<void> {
    const { archive, foreign, store, derived } = this.#parts;
    const uid = series.seriesInstanceUid;
    const headers = await archive.headers(uid);
    // Our own segmentations are what the sets were made with.
    const theirs = headers.filter(
      (h) => foreignSopClasses.has(h.sopClassUid) && h.series.manufacturer !== 'Yuepian',
    );
    const known = new Map((await foreign.ofSeries(uid)).map((r) => [r.sopInstanceUid, r]));
    for (const { sopInstanceUid } of theirs) {
      const record = known.get(sopInstanceUid);
      const volumes = (await store.get(record?.targetSeriesUid ?? ''))?.layout.volumes ?? [];
      const name = setNameOf('foreign', sopInstanceUid);
      const sets = await Promise.all(volumes.map((id) => derived.structures(id, name)));
      const shown = sets.some((set) => set?.complete);
      const settled =
        record?.state === 'refused' ||
        (record?.state === 'shown' && shown) ||
        (record?.state === 'waiting' && volumes.length === 0 && !again);
      if (settled) continue;
      await this.#queue('segments', series, content);
      return;
    }
  }

  /** The volumes of a series are there: what waited for them is read now. */
  async volumesReady(series: { seriesInstanceUid: string; studyInstanceUid: string }) {
    const { archive, foreign } = this.#parts;
    const drawn = [
      ...(await foreign.onSeries(series.seriesInstanceUid)),
      ...(await foreign.unnamed(series.studyInstanceUid)),
    ];
    for (const own of new Set(drawn.map((record) => record.seriesInstanceUid))) {
      const other = await archive.oneSeries(own);
      if (other) await this.#planForeign(other, fingerprintOf(await archive.instances(own)), true);
    }
  }

  /** Sets of a volume that were there once: of other makers' objects, and of networks. */
  async #planSets(series: ArchivedSeries, layout: SeriesLayoutRecord, content: string) {
    const { archive, foreign, jobs, queue, derived } = this.#parts;
    const uid = series.seriesInstanceUid;
    if (layout.volumes.length === 0) return;
    for (const { seriesInstanceUid: own } of await foreign.onSeries(uid)) {
      const other = await archive.oneSeries(own);
      if (other) await this.#planForeign(other, fingerprintOf(await archive.instances(own)));
    }
    for (const job of await jobs.ofSeries(uid, 'model')) {
      if (job.state !== 'done' || !job.model || !layout.mainVolume) continue;
      const name = setNameOf('model', job.model.id);
      if ((await derived.structures(layout.mainVolume, name))?.complete) continue;
      await queue.add('model', series, content, { model: job.model });
    }
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
    const { queue, store, foreign } = this.#parts;
    await queue.forgetStudy(studyUid);
    await foreign.forgetStudy(studyUid);
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
