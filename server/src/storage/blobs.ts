import type { Readable } from 'node:stream';

/** SHA-256 of the content, 64 lower-case hexadecimal digits. */
export type BlobKey = string & { readonly __blobKey: unique symbol };

export const isBlobKey = (text: string): text is BlobKey => /^[0-9a-f]{64}$/.test(text);

/** Bytes `start` … `end - 1`; to the end of the blob without `end`. */
export interface BlobRange {
  readonly start: number;
  readonly end?: number;
}

export interface BlobStat {
  readonly size: number;
}

export interface StageOptions {
  /** More than this is refused with too_large. */
  readonly maxBytes?: number;
  /** Bytes kept in memory before the rest goes to a temporary file. Default 4 MiB. */
  readonly memoryBytes?: number;
}

/** Content that was received in full and hashed, but is not part of the store yet. */
export interface StagedBlob {
  readonly key: BlobKey;
  readonly size: number;
  /** The bytes in `range`, fewer where the content ends. */
  read(range?: BlobRange): Promise<Uint8Array>;
  /** Makes it durable: when this resolves, the content survives loss of power. */
  commit(): Promise<void>;
  /** Forgets it; also right after `commit`, where it only frees memory. */
  discard(): Promise<void>;
}

/** Where file contents live. Files today; an object store has the same four verbs. */
export interface BlobStore {
  /** Receives content without storing it, so that it can be checked first. */
  stage(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: StageOptions,
  ): Promise<StagedBlob>;
  /** Stores content durably; the same content twice is one blob. */
  put(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: StageOptions,
  ): Promise<{ key: BlobKey; size: number }>;
  /** @throws not_found */
  get(key: BlobKey, range?: BlobRange): Promise<Readable>;
  /** The same in one piece. @throws not_found */
  bytes(key: BlobKey, range?: BlobRange): Promise<Uint8Array>;
  stat(key: BlobKey): Promise<BlobStat | undefined>;
  /** Removing what is not there is no error. */
  delete(key: BlobKey): Promise<void>;
}
