import {
  type CaseId,
  caseDocumentVersion,
  caseLimits,
  type LogKind,
  sharedTypes,
  YuepianError,
} from '@yuepian/contract';
import * as Y from 'yjs';
import type { Log } from '../http/index.ts';
import type { CaseStore } from './cases.store.ts';
import type { LogRow } from './segment.ts';

/** A snapshot is written when replaying more than this would slow down opening. */
const snapshotAfterUpdates = 200;
const snapshotAfterBytes = 256 << 10;
/** Rows written in one transaction. */
const batchRows = 64;
/** Rows packed into one compressed segment, once this many lie before the snapshot. */
const segmentRowsAtLeast = 512;
const segmentRowsAtMost = 4096;

interface Waiting {
  readonly kind: LogKind;
  readonly bytes: Uint8Array;
  readonly userId: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The recorded state of one case: a document that holds exactly what the log holds. Every update
 * is tried here first, so that what cannot be applied is never logged, and what is logged can
 * always be replayed.
 */
export class CaseRecord {
  readonly id: CaseId;
  readonly #store: CaseStore;
  readonly #log: Log;
  #document = new Y.Doc();
  #seq = 0;
  #snapshotSeq = 0;
  /** Bytes of the last snapshot, and of the log rows after it. */
  #snapshotBytes = 0;
  #bytesSince = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** The state may hold what the log does not; it is read again before anything else is tried. */
  #stale = false;

  private constructor(id: CaseId, store: CaseStore, log: Log) {
    this.id = id;
    this.#store = store;
    this.#log = log;
  }

  /** Snapshot plus the log after it. Throws unsupported_version for a document of a newer version. */
  static async load(id: CaseId, store: CaseStore, log: Log): Promise<CaseRecord> {
    const record = new CaseRecord(id, store, log);
    await record.#reload();
    record.#requireKnownVersion();
    return record;
  }

  /** The last position of the log that is part of this state. */
  get seq(): number {
    return this.#seq;
  }

  get document(): Y.Doc {
    return this.#document;
  }

  state(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#document);
  }

  /**
   * Checks an update and writes it to the log. Resolves once it is on disk (or when it held nothing
   * new). Updates that arrive in the same turn share a transaction.
   *
   * Throws too_large, invalid_request (bytes that are no update), unsupported_version, storage_full.
   */
  append(update: Uint8Array, userId: string): Promise<void> {
    if (update.byteLength > caseLimits.updateBytes) {
      return Promise.reject(new YuepianError('too_large', { limit: mib(caseLimits.updateBytes) }));
    }
    // A copy, because the socket's buffer is not ours to keep.
    return this.#enqueue('change', update.slice(), userId);
  }

  /**
   * Writes something beside the document to the log, e.g. what the lead looked at: recorded, so that
   * a replay shows it, and never applied. Resolves once it is on disk. Throws storage_full.
   */
  note(kind: Exclude<LogKind, 'change'>, value: unknown, userId: string): Promise<void> {
    return this.#enqueue(kind, Buffer.from(JSON.stringify(value)), userId);
  }

  #enqueue(kind: LogKind, bytes: Uint8Array, userId: string): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ kind, bytes, userId, done, failed });
      this.#writing ??= this.#drain();
    });
  }

  /** Writes a snapshot when enough has been added since the last one. */
  async snapshotIfWorthwhile(): Promise<void> {
    await this.#writing;
    if (
      this.#seq - this.#snapshotSeq < snapshotAfterUpdates &&
      this.#bytesSince < snapshotAfterBytes
    ) {
      return;
    }
    const seq = this.#seq;
    const state = this.state();
    await this.#store.setSnapshot(this.id, seq, state);
    this.#snapshotSeq = seq;
    this.#snapshotBytes = state.byteLength;
    this.#bytesSince = 0;
    while (await this.#store.pack(this.id, seq, segmentRowsAtLeast, segmentRowsAtMost));
  }

  /** Resolves when nothing is being written, also not by who asked for this record just now. */
  async settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#writing) await this.#writing;
  }

  async #drain(): Promise<void> {
    // Lets the other sockets of this turn add theirs, so that they share one fsync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, batchRows));
    this.#writing = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      if (this.#stale) await this.#reload();
      const rows: LogRow[] = [];
      let seq = this.#seq;
      for (const item of batch) {
        try {
          const { kind, bytes, userId } = item;
          if (kind !== 'change' || this.#tryOut(bytes)) {
            rows.push({ seq: ++seq, at: Date.now(), userId, kind, bytes });
          }
        } catch (error) {
          item.failed(error);
          await this.#reload(rows);
        }
      }
      this.#stale = true;
      if (rows.length > 0) await this.#store.append(this.id, rows);
      this.#stale = false;
      this.#seq = seq;
      this.#bytesSince += bytesOfChanges(rows);
      // Settling again what was refused above has no effect.
      for (const { done } of batch) done();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  /** Applies an update to the recorded state; true when it brought something new. */
  #tryOut(update: Uint8Array): boolean {
    if (this.#snapshotBytes + this.#bytesSince + update.byteLength > caseLimits.documentBytes) {
      throw new YuepianError('too_large', { limit: mib(caseLimits.documentBytes) });
    }
    let changed = false;
    const notice = () => {
      changed = true;
    };
    const { store } = this.#document;
    const pending = [store.pendingStructs, store.pendingDs];
    this.#document.on('update', notice);
    try {
      Y.decodeUpdate(update);
      Y.applyUpdate(this.#document, update);
    } catch (cause) {
      const reason = 'the bytes are no update of a case document';
      throw new YuepianError('invalid_request', { reason }, { cause });
    } finally {
      this.#document.off('update', notice);
    }
    this.#requireKnownVersion();
    // What waits for an earlier update of its author changes nothing yet, but must not be lost.
    return changed || store.pendingStructs !== pending[0] || store.pendingDs !== pending[1];
  }

  #requireKnownVersion(): void {
    const version: unknown = this.#document.getMap(sharedTypes.meta).get('version');
    if (version !== undefined && version !== caseDocumentVersion) {
      throw new YuepianError('unsupported_version');
    }
  }

  /** Builds the state anew from disk, and from rows that are accepted but not written yet. */
  async #reload(unwritten: readonly LogRow[] = []): Promise<void> {
    this.#stale = true;
    const snapshot = await this.#store.snapshot(this.id);
    const rows: LogRow[] = [];
    for await (const page of this.#store.log(this.id, (snapshot?.seq ?? 0) + 1)) rows.push(...page);
    const document = new Y.Doc();
    if (snapshot) Y.applyUpdate(document, snapshot.state);
    for (const row of [...rows, ...unwritten]) {
      if (row.kind !== 'change') continue;
      try {
        Y.applyUpdate(document, row.bytes);
      } catch (cause) {
        // Cannot be reached through append; a damaged row must not take the whole case with it.
        this.#log.error(`case ${this.id}: log row ${row.seq} cannot be applied`, cause);
      }
    }
    this.#document.destroy();
    this.#document = document;
    this.#stale = false;
    this.#snapshotSeq = snapshot?.seq ?? 0;
    this.#snapshotBytes = snapshot?.state.byteLength ?? 0;
    this.#seq = rows.at(-1)?.seq ?? this.#snapshotSeq;
    this.#bytesSince = bytesOfChanges(rows);
  }
}

const bytesOfChanges = (rows: readonly LogRow[]): number =>
  rows.reduce((sum, row) => sum + (row.kind === 'change' ? row.bytes.byteLength : 0), 0);

const mib = (bytes: number): string => `${bytes / (1 << 20)} MB`;

/** The first row of every log: an empty document of the present version. */
export function firstUpdate(): Uint8Array {
  const document = new Y.Doc();
  document.getMap(sharedTypes.meta).set('version', caseDocumentVersion);
  return Y.encodeStateAsUpdate(document);
}
