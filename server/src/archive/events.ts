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
/** Where that was wrong, it is waited for so many times the pause that its sender made. */
const pauses = 3;
const mostPatientMs = 5_000;
/** How long the pace of a series is remembered. */
const rememberMs = 15_000;

interface Arrival {
  readonly series: SeriesEvent;
  timer?: NodeJS.Timeout;
  lastAt: number;
  quietMs: number;
  settled: boolean;
}

/** Turns the stream of stored instances into few events. */
export class ArrivalWatch {
  readonly #events: ArchiveEvents;
  readonly #series = new Map<string, Arrival>();
  readonly #studies = new Map<string, NodeJS.Timeout>();
  /** Instances per series that are being checked and written. */
  readonly #filing = new Map<string, number>();

  constructor(events: ArchiveEvents) {
    this.#events = events;
  }

  /** An instance is here and not yet stored: until the end of the scope its series is not complete. */
  filing(seriesUid: string): Disposable {
    const count = (change: number): void => {
      const now = (this.#filing.get(seriesUid) ?? 0) + change;
      if (now > 0) this.#filing.set(seriesUid, now);
      else this.#filing.delete(seriesUid);
    };
    count(1);
    return { [Symbol.dispose]: () => count(-1) };
  }

  stored(studyUid: StudyInstanceUid, seriesUid: SeriesInstanceUid, newStudy: boolean): void {
    if (newStudy) this.#events.emit('study', { studyInstanceUid: studyUid, change: 'arrived' });
    else this.#changed(studyUid);
    const now = performance.now();
    const known = this.#series.get(seriesUid);
    const arrival = known ?? {
      series: { studyInstanceUid: studyUid, seriesInstanceUid: seriesUid },
      lastAt: now,
      quietMs: settledAfterMs,
      settled: false,
    };
    if (arrival.settled) {
      const patience = Math.min(mostPatientMs, pauses * (now - arrival.lastAt));
      arrival.quietMs = Math.max(arrival.quietMs, patience);
    }
    arrival.lastAt = now;
    const begins = !known || arrival.settled;
    arrival.settled = false;
    this.#series.set(seriesUid, arrival);
    this.#wait(arrival);
    if (begins) this.#events.emit('seriesArriving', arrival.series);
  }

  #wait(arrival: Arrival): void {
    clearTimeout(arrival.timer);
    arrival.timer = setTimeout(() => {
      if (this.#filing.has(arrival.series.seriesInstanceUid)) this.#wait(arrival);
      else this.#settle(arrival);
    }, arrival.quietMs);
  }

  #settle(arrival: Arrival): void {
    arrival.settled = true;
    arrival.timer = setTimeout(() => {
      this.#series.delete(arrival.series.seriesInstanceUid);
    }, rememberMs);
    arrival.timer.unref();
    this.#events.emit('seriesSettled', arrival.series);
  }

  /** Whether more of the series is expected: `seriesSettled` will follow. */
  isArriving(seriesUid: string): boolean {
    return this.#filing.has(seriesUid) || this.#series.get(seriesUid)?.settled === false;
  }

  /** Forgets what was to be said about series that are gone. */
  deleted(studyUid: StudyInstanceUid, seriesUids: readonly string[]): void {
    for (const uid of seriesUids) {
      clearTimeout(this.#series.get(uid)?.timer);
      this.#series.delete(uid);
    }
    clearTimeout(this.#studies.get(studyUid));
    this.#studies.delete(studyUid);
    this.#events.emit('study', { studyInstanceUid: studyUid, change: 'deleted' });
  }

  close(): void {
    for (const { timer } of this.#series.values()) clearTimeout(timer);
    for (const timer of this.#studies.values()) clearTimeout(timer);
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
