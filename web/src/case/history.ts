import {
  type CaseId,
  type LogHead,
  type LogKind,
  logHead,
  logLine,
  type MarkId,
  type MarkKind,
  markId,
  markKind,
  sharedTypes,
  unpackMark,
  YuepianError,
} from '@yuepian/contract';
import * as Y from 'yjs';
import { z } from 'zod';
import { errorOf, Unintelligible, Unreachable } from '../api/index.ts';

export interface LogRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly userId: string;
  readonly kind: LogKind;
  readonly bytes: Uint8Array;
}

/** A stretch of a case's log as it came from the server. */
export interface LogStretch {
  readonly head: LogHead;
  /** The document before the first row. */
  readonly base: Uint8Array | undefined;
  readonly rows: readonly LogRow[];
}

export interface FetchLogOptions {
  readonly from?: number;
  readonly to?: number;
  readonly signal?: AbortSignal;
  /** 0…1 while it arrives. */
  readonly onProgress?: (fraction: number) => void;
  /** Instead of the browser's own (tests). */
  readonly fetch?: (path: string, init: RequestInit) => Promise<Response>;
}

/** @throws YuepianError, Unreachable, Unintelligible */
export async function fetchLog(caseId: CaseId, options: FetchLogOptions = {}): Promise<LogStretch> {
  const { from = 1, to, signal, onProgress } = options;
  const path = `/api/cases/${caseId}/log?from=${from}${to === undefined ? '' : `&to=${to}`}`;
  const get = options.fetch ?? ((p: string, init: RequestInit) => fetch(p, init));
  let response: Response;
  try {
    response = await get(path, { credentials: 'same-origin', ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable(path, { cause });
  }
  if (!response.ok || !response.body) throw await errorOf(response);

  let head: LogHead | undefined;
  const rows: LogRow[] = [];
  for await (const line of linesOf(response.body)) {
    const value: unknown = JSON.parse(line);
    if (!head) {
      const parsed = logHead.safeParse(value);
      if (!parsed.success) throw new YuepianError('unsupported_version');
      head = parsed.data;
      continue;
    }
    const parsed = logLine.safeParse(value);
    if (!parsed.success) throw new Unintelligible(`${path}: ${parsed.error.message}`);
    const { seq, at, user, kind, bytes } = parsed.data;
    rows.push({ seq, at, userId: user, kind, bytes: bytesOf(bytes) });
    if (rows.length % 256 === 0) onProgress?.(rows.length / Math.max(1, head.to - head.from + 1));
  }
  // A line cut off in the middle must not pass for a shorter meeting.
  if (!head || (rows.at(-1)?.seq ?? head.from - 1) < head.to) {
    throw new YuepianError('connection_cut');
  }
  onProgress?.(1);
  return { head, base: head.base ? bytesOf(head.base) : undefined, rows };
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) yield line;
      if (done) break;
    }
    if (rest) throw new YuepianError('connection_cut');
  } finally {
    reader.releaseLock();
  }
}

function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

export interface MarkEvent {
  readonly seq: number;
  readonly at: number;
  readonly userId: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly markId: MarkId;
  readonly kind: MarkKind;
}

const kindIn = z.object({ kind: markKind });

/**
 * What happened to marks, row by row. Rows after `head.from`; a mark counts as changed once a row
 * however many of its fields changed.
 */
export function markEvents(stretch: LogStretch): MarkEvent[] {
  const document = new Y.Doc();
  if (stretch.base) Y.applyUpdate(document, stretch.base);
  const marks = document.getMap<unknown>(sharedTypes.marks);
  const kinds = new Map<string, MarkKind>();
  const kindOf = (key: string): MarkKind | undefined => {
    const entry = marks.get(key);
    const fields = entry instanceof Y.Map ? unpackMark(key, entry.toJSON()) : undefined;
    const found = kindIn.safeParse(fields).data?.kind;
    if (found) kinds.set(key, found);
    return found ?? kinds.get(key);
  };
  for (const key of marks.keys()) kindOf(key);

  const events: MarkEvent[] = [];
  let row: LogRow | undefined;
  marks.observeDeep((changes) => {
    const touched = new Map<string, MarkEvent['change']>();
    for (const event of changes) {
      const [first] = event.path;
      if (typeof first === 'string') {
        if (!touched.has(first)) touched.set(first, 'changed');
        continue;
      }
      for (const [key, { action }] of event.changes.keys) {
        const change = action === 'add' ? 'added' : action === 'delete' ? 'removed' : 'changed';
        touched.set(key, change);
      }
    }
    for (const [key, change] of touched) {
      const kind = kindOf(key);
      const id = markId.safeParse(key).data;
      if (!row || !kind || !id) continue;
      events.push({ seq: row.seq, at: row.at, userId: row.userId, change, markId: id, kind });
    }
  });
  for (row of stretch.rows) if (row.kind === 'change') Y.applyUpdate(document, row.bytes);
  document.destroy();
  return events;
}
