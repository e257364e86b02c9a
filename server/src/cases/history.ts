import { Readable } from 'node:stream';
import {
  type CaseId,
  type LogHead,
  type LogLine,
  liveVersion,
  sharedTypes,
  YuepianError,
} from '@yuepian/contract';
import * as Y from 'yjs';
import type { CaseStore } from './cases.store.ts';

/**
 * The document as it was after row `seq`, built from the log; the latest snapshot helps when it is
 * not newer. `seq` 0 is an empty document.
 */
export async function documentAt(store: CaseStore, id: CaseId, seq: number): Promise<Y.Doc> {
  const document = new Y.Doc();
  if (seq < 1) return document;
  const snapshot = await store.snapshot(id);
  const base = snapshot && snapshot.seq <= seq ? snapshot : undefined;
  if (base) Y.applyUpdate(document, base.state);
  for await (const rows of store.log(id, (base?.seq ?? 0) + 1, seq)) {
    for (const row of rows) if (row.kind === 'change') Y.applyUpdate(document, row.bytes);
  }
  return document;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/**
 * A stretch of the log as newline-delimited JSON: a `LogHead`, then a `LogLine` a row. Read from the
 * database a page at a time as fast as the reader takes it.
 */
export async function logStream(
  store: CaseStore,
  stretch: { id: CaseId; from: number; to: number },
  names: Readonly<Record<string, string>>,
): Promise<Readable> {
  const { id, from, to } = stretch;
  const base = from > 1 ? Y.encodeStateAsUpdate(await documentAt(store, id, from - 1)) : undefined;
  const head: LogHead = {
    version: liveVersion,
    caseId: id,
    from,
    to,
    base: base ? base64(base) : '',
    names,
  };
  async function* lines(): AsyncGenerator<string> {
    yield `${JSON.stringify(head)}\n`;
    for await (const rows of store.log(id, from, to)) {
      yield rows
        .map(({ seq, at, userId, kind, bytes }) => {
          const line: LogLine = { seq, at, user: userId, kind, bytes: base64(bytes) };
          return `${JSON.stringify(line)}\n`;
        })
        .join('');
    }
  }
  return Readable.from(lines());
}

/** The document of a copy: the state after `seq`, as one update. Throws unsupported_version. */
export async function copiedState(store: CaseStore, id: CaseId, seq: number): Promise<Uint8Array> {
  const document = await documentAt(store, id, seq);
  if (document.getMap(sharedTypes.meta).get('version') === undefined) {
    throw new YuepianError('unsupported_version');
  }
  // Clients number their changes per document and client: a copy that kept the old history would
  // take a late change of an old client for one of its own. Values are carried over instead.
  const copy = new Y.Doc();
  copy.transact(() => {
    for (const name of Object.values(sharedTypes)) {
      const target = copy.getMap(name);
      for (const [key, value] of document.getMap(name)) target.set(key, cloned(value));
    }
  });
  return Y.encodeStateAsUpdate(copy);
}

/** A shared value without its history; plain values as they are. */
function cloned(value: unknown): unknown {
  return value instanceof Y.AbstractType ? value.clone() : value;
}
