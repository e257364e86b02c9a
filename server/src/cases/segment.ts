import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type LogKind, logKind, YuepianError } from '@yuepian/contract';
import {
  createDecoder,
  readVarInt,
  readVarString,
  readVarUint,
  readVarUint8Array,
} from 'lib0/decoding';
import {
  createEncoder,
  toUint8Array,
  writeVarInt,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding';

export interface LogRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Empty for what the server wrote itself. */
  readonly userId: string;
  readonly kind: LogKind;
  /** An update of the document, or JSON in UTF-8; see LogKind. */
  readonly bytes: Uint8Array;
}

const version = 1;
/** No segment of ours is near this; a damaged one must not take all memory. */
const unpackedAtMost = 256 << 20;

/**
 * Consecutive log rows as one compressed block. Layout before zstd: version, number of rows, first
 * seq and time, number of authors and their ids, then per row the time since the row before, the
 * author's index, the kind and the bytes (lib0 variable-length integers).
 */
export function packRows(rows: readonly LogRow[]): Uint8Array {
  const encoder = createEncoder();
  const authors = [...new Set(rows.map((row) => row.userId))];
  const first = rows[0];
  writeVarUint(encoder, version);
  writeVarUint(encoder, rows.length);
  writeVarUint(encoder, first?.seq ?? 0);
  writeVarUint(encoder, authors.length);
  for (const author of authors) writeVarString(encoder, author);
  let at = 0;
  let seq = (first?.seq ?? 0) - 1;
  for (const row of rows) {
    if (row.seq !== ++seq) throw new Error(`log rows are not consecutive at ${row.seq}`);
    // The clock of a server may be set back.
    writeVarInt(encoder, row.at - at);
    at = row.at;
    writeVarUint(encoder, authors.indexOf(row.userId));
    writeVarUint(encoder, logKind.options.indexOf(row.kind));
    writeVarUint8Array(encoder, row.bytes);
  }
  return zstdCompressSync(toUint8Array(encoder));
}

/** Throws unsupported_version, or what zlib and lib0 say to damaged bytes. */
export function unpackRows(bytes: Uint8Array): LogRow[] {
  const decoder = createDecoder(zstdDecompressSync(bytes, { maxOutputLength: unpackedAtMost }));
  if (readVarUint(decoder) !== version) throw new YuepianError('unsupported_version');
  const count = readVarUint(decoder);
  let seq = readVarUint(decoder) - 1;
  const authors = Array.from({ length: readVarUint(decoder) }, () => readVarString(decoder));
  let at = 0;
  return Array.from({ length: count }, () => {
    at += readVarInt(decoder);
    const userId = authors[readVarUint(decoder)] ?? '';
    const kind = logKind.options[readVarUint(decoder)] ?? 'change';
    return { seq: ++seq, at, userId, kind, bytes: readVarUint8Array(decoder).slice() };
  });
}
