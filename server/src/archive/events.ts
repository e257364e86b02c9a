import type { SeriesInstanceUid, StudyInstanceUid } from '@yuepian/contract';

interface SeriesEvent {
  readonly studyInstanceUid: StudyInstanceUid;
  readonly seriesInstanceUid: SeriesInstanceUid;
}

export interface ArchiveEventMap {
  /** `arrived`: its first instance is stored; `changed`: more came or some went. */
  study: {
    readonly studyInstanceUid: StudyInstanceUid;
    readonly change: 'arrived' | 'changed' | 'deleted';
  };
  /** The first instances after a while, or ever. `seriesSettled` will follow. */
  seriesArriving: SeriesEvent;
  /** No instance came for a while: time to lay the series out. Comes again after more arrive. */
  seriesSettled: SeriesEvent;
}

type Listener<T> = (event: T) => void;

/** A small typed emitter; a listener that throws does not hurt the archive. */
export class ArchiveEvents {
  readonly #listeners: { [K in keyof ArchiveEventMap]: Set<Listener<ArchiveEventMap[K]>> } = {
    study: new Set(),
    seriesArriving: new Set(),
    seriesSettled: new Set(),
  };
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** @returns a function that stops listening. */
  on<K extends keyof ArchiveEventMap>(name: K, listener: Listener<ArchiveEventMap[K]>): () => void {
    this.#listeners[name].add(listener);
    return () => {
      this.#listeners[name].delete(listener);
    };
  }

  emit<K extends keyof ArchiveEventMap>(name: K, event: ArchiveEventMap[K]): void {
    for (const listener of [...this.#listeners[name]]) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

/** A study that grows says so at most this often, the last time after its last instance. */
const changedEveryMs = 400;
/** A series counts as complete when nothing came for this long. */
const settledAfterMs = 700;

/** Turns the stream of stored instances into few events. */
export class ArrivalWatch {
  readonly #events: ArchiveEvents;
  readonly #series = new Map<string, NodeJS.Timeout>();
  readonly #studies = new Map<string, NodeJS.Timeout>();

  constructor(events: ArchiveEvents) {
    this.#events = events;
  }

  stored(studyUid: StudyInstanceUid, seriesUid: SeriesInstanceUid, newStudy: boolean): void {
    if (newStudy) this.#events.emit('study', { studyInstanceUid: studyUid, change: 'arrived' });
    else this.#changed(studyUid);
    const running = this.#series.get(seriesUid);
    if (running !== undefined) {
      running.refresh();
      return;
    }
    const series = { studyInstanceUid: studyUid, seriesInstanceUid: seriesUid };
    this.#series.set(
      seriesUid,
      setTimeout(() => {
        this.#series.delete(seriesUid);
        this.#events.emit('seriesSettled', series);
      }, settledAfterMs),
    );
    this.#events.emit('seriesArriving', series);
  }

  /** Forgets what was to be said about series that are gone. */
  deleted(studyUid: StudyInstanceUid, seriesUids: readonly string[]): void {
    for (const uid of seriesUids) {
      clearTimeout(this.#series.get(uid));
      this.#series.delete(uid);
    }
    clearTimeout(this.#studies.get(studyUid));
    this.#studies.delete(studyUid);
    this.#events.emit('study', { studyInstanceUid: studyUid, change: 'deleted' });
  }

  close(): void {
    for (const timer of [...this.#series.values(), ...this.#studies.values()]) clearTimeout(timer);
    this.#series.clear();
    this.#studies.clear();
  }

  #changed(studyUid: StudyInstanceUid): void {
    if (this.#studies.has(studyUid)) return;
    this.#studies.set(
      studyUid,
      setTimeout(() => {
        this.#studies.delete(studyUid);
        this.#events.emit('study', { studyInstanceUid: studyUid, change: 'changed' });
      }, changedEveryMs),
    );
  }
}
