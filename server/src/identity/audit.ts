import { createHash } from 'node:crypto';
import type { Actor } from '../http/index.ts';
import type { AuditRow, AuditStore } from './audit.store.ts';

/** What is written down. Names follow the event types of DICOM PS3.15 §A.5.3 where one fits. */
export type AuditAction =
  | 'server_started'
  | 'server_stopped'
  | 'sign_in'
  | 'sign_out'
  | 'password_set'
  | 'user_created'
  | 'user_changed'
  | 'user_deleted'
  | 'token_created'
  | 'token_revoked'
  | 'import'
  | 'open'
  | 'export'
  | 'delete'
  | 'reconstruct'
  | 'confirm'
  | 'lead'
  | 'replay'
  | 'copy'
  | 'edit'
  | 'model_added'
  | 'model_removed';

export interface AuditEvent {
  readonly action: AuditAction;
  readonly outcome?: 'ok' | 'refused' | 'failed';
  /** Null or absent for what the server does by itself. */
  readonly actor?: Actor | null;
  /** For an actor that is not signed in: the name it gave and where it came from. */
  readonly claimed?: { readonly name: string; readonly address: string };
  readonly object?: {
    readonly kind: 'study' | 'series' | 'case' | 'user' | 'token' | 'model';
    id: string;
  };
  readonly details?: Readonly<Record<string, string | number>>;
}

export interface AuditEntry {
  readonly seq: number;
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly via: string;
  readonly address: string;
  readonly object: { readonly kind: string; readonly id: string };
  readonly details: unknown;
}

export type AuditCheck =
  | { readonly ok: true; readonly rows: number; readonly head: string }
  | { readonly ok: false; readonly brokenAt: number };

const firstHash = '0'.repeat(64);
const pageRows = 1000;

/** SHA-256 over the row before and every field of this one, in a fixed order. */
function hashOf(row: Omit<AuditRow, 'hash'>): string {
  const fields = [
    row.previous,
    row.seq,
    row.at,
    row.action,
    row.outcome,
    row.user_id,
    row.user_name,
    row.via,
    row.address,
    row.object_kind,
    row.object_id,
    row.details,
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

/**
 * Append-only record of who did what. Each row carries the hash of the row before it, so a row
 * that was changed, removed or put in later breaks the chain from there on. (Rows cut from the very
 * end are seen only by comparing the head hash with one noted elsewhere.)
 */
export class Audit {
  readonly #store: AuditStore;
  /** The newest row; read from the store before the first write. */
  #last: { seq: number; hash: string } | undefined;
  #waiting: { event: AuditEvent; at: string; done: () => void; failed: (e: unknown) => void }[] =
    [];
  #writing = false;

  constructor(store: AuditStore) {
    this.#store = store;
  }

  /** Resolves when the row is on disk. Calls made while a write is under way share the next one. */
  write(event: AuditEvent): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ event, at: new Date().toISOString(), done, failed });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 200);
      try {
        let { seq, hash } = this.#last ?? (await this.#store.last()) ?? { seq: 0, hash: firstHash };
        const rows = batch.map(({ event, at }) => {
          const row = toRow(event, at, ++seq, hash);
          hash = row.hash;
          return row;
        });
        await this.#store.append(rows);
        this.#last = { seq, hash };
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = false;
  }

  /** Newest first; `before` is the seq of the last row already seen. */
  async list(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<AuditEntry[]> {
    const rows = await this.#store.preceding(before, limit);
    return rows.map((row) => ({
      seq: row.seq,
      at: row.at,
      action: row.action,
      outcome: row.outcome,
      user: { id: row.user_id, name: row.user_name },
      via: row.via,
      address: row.address,
      object: { kind: row.object_kind, id: row.object_id },
      details: JSON.parse(row.details) as unknown,
    }));
  }

  /** Walks the whole chain and names the first row that does not fit. */
  async verify(): Promise<AuditCheck> {
    let seq = 0;
    let previous = firstHash;
    for (;;) {
      const rows = await this.#store.following(seq, pageRows);
      for (const row of rows) {
        if (row.seq !== seq + 1 || row.previous !== previous || row.hash !== hashOf(row)) {
          return { ok: false, brokenAt: seq + 1 };
        }
        seq = row.seq;
        previous = row.hash;
      }
      if (rows.length < pageRows) return { ok: true, rows: seq, head: previous };
    }
  }
}

function toRow(event: AuditEvent, at: string, seq: number, previous: string): AuditRow {
  const row = {
    seq,
    at,
    action: event.action,
    outcome: event.outcome ?? 'ok',
    user_id: event.actor?.user.id ?? '',
    user_name: event.actor?.user.name ?? event.claimed?.name.slice(0, 128) ?? '',
    via: event.actor?.via ?? '',
    address: event.actor?.address ?? event.claimed?.address ?? '',
    object_kind: event.object?.kind ?? '',
    object_id: event.object?.id ?? '',
    details: JSON.stringify(event.details ?? {}),
    previous,
  };
  return { ...row, hash: hashOf(row) };
}
