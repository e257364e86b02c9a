/** What a file is by its first bytes; the name decides nothing. */
export type FileKind = 'zip' | 'gzip' | 'nifti' | 'other';

/** Enough for the magic of a NIfTI-1 header at byte 344. */
export const sniffBytes = 352;

export function kindOf(head: Uint8Array): FileKind {
  const at = (offset: number, text: string) =>
    String.fromCharCode(...head.subarray(offset, offset + text.length)) === text;
  // A Part 10 preamble may imitate anything (CVE-2019-11687); the mark after it is what counts.
  if (at(128, 'DICM')) return 'other';
  if (at(0, 'PK\x03\x04') || at(0, 'PK\x05\x06')) return 'zip';
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  if (at(344, 'n+1\0') || at(4, 'n+2\0')) return 'nifti';
  return 'other';
}

/** A stream that was looked into; `return` lets go of it without reading it. */
export interface Peeked extends AsyncIterable<Uint8Array> {
  return(): Promise<unknown>;
}

/** The first bytes of a stream, and the stream with them put back. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; all: Peeked }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  while (size < count && !ended) {
    const next = await iterator.next();
    if (next.done === true) ended = true;
    else {
      chunks.push(next.value);
      size += next.value.length;
    }
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
      if (ended) return;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  const head = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  return {
    head: head.subarray(0, count),
    all: {
      [Symbol.asyncIterator]: all,
      return: async () => iterator.return?.(),
    },
  };
}
