import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { YuepianError } from '@yuepian/contract';
import {
  type BlobKey,
  type BlobRange,
  type BlobStat,
  type BlobStore,
  isBlobKey,
  type StagedBlob,
  type StageOptions,
} from './blobs.ts';

export interface FileBlobStoreOptions {
  /**
   * Remove what an earlier process left in `tmp/`. True for the one server process of a data
   * folder, false for a child process that reads beside it. Default true.
   */
  readonly cleanTmp?: boolean;
}

/**
 * Blobs as files `blobs/ab/cdef…` below the data folder, named by their SHA-256. New content is
 * written to `tmp/`, fsynced, renamed into place, and its folder fsynced, so that a name that
 * exists always has its full content.
 */
export class FileBlobStore implements BlobStore {
  readonly #blobs: string;
  readonly #tmp: string;
  /** Open folders, so that an fsync of one costs no open and close. At most 256. */
  readonly #folders = new Map<string, Promise<FileHandle>>();
  /** Commits under way by key, so that one waits for the other instead of trusting half of it. */
  readonly #committing = new Map<BlobKey, Promise<void>>();

  private constructor(folder: string) {
    this.#blobs = path.join(folder, 'blobs');
    this.#tmp = path.join(folder, 'tmp');
  }

  static async open(folder: string, options: FileBlobStoreOptions = {}): Promise<FileBlobStore> {
    const store = new FileBlobStore(folder);
    await mkdir(store.#tmp, { recursive: true });
    await mkdir(store.#blobs, { recursive: true });
    if (options.cleanTmp ?? true) {
      for (const name of await readdir(store.#tmp)) {
        await rm(path.join(store.#tmp, name), { recursive: true, force: true });
      }
      // All 256 folders at once: later only the file's own folder needs an fsync.
      const there = new Set(await readdir(store.#blobs));
      for (let i = 0; i < 256; i++) {
        const name = i.toString(16).padStart(2, '0');
        if (!there.has(name)) await mkdir(path.join(store.#blobs, name), { recursive: true });
      }
      await syncFolder(store.#blobs);
    }
    return store;
  }

  async close(): Promise<void> {
    const folders = [...this.#folders.values()];
    this.#folders.clear();
    for (const handle of folders) await (await handle).close();
  }

  /** Folder for throw-away files of other work (an uploaded zip); emptied at start. */
  get tmp(): string {
    return this.#tmp;
  }

  async stage(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options: StageOptions = {},
  ): Promise<StagedBlob> {
    const maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    const memoryBytes = options.memoryBytes ?? 4 * 1024 * 1024;
    const hash = createHash('sha256');
    let chunks: Uint8Array[] = [];
    let size = 0;
    let file: { handle: FileHandle; name: string } | undefined;
    try {
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        size += chunk.byteLength;
        if (size > maxBytes) throw new YuepianError('too_large', { limit: `${maxBytes} bytes` });
        hash.update(chunk);
        chunks.push(chunk);
        if (source instanceof Uint8Array || (file === undefined && size <= memoryBytes)) continue;
        file ??= await this.#newFile();
        await writeAll(file.handle, chunks);
        chunks = [];
      }
    } catch (error) {
      await file?.handle.close();
      if (file !== undefined) await rm(file.name, { force: true });
      throw diskError(error);
    }
    const key = hash.digest('hex') as BlobKey;
    if (file === undefined) return this.#stagedInMemory(key, chunks, size);
    return this.#stagedInFile(key, file, size);
  }

  async put(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options: StageOptions = {},
  ): Promise<{ key: BlobKey; size: number }> {
    const staged = await this.stage(source, options);
    try {
      await staged.commit();
    } finally {
      await staged.discard();
    }
    return { key: staged.key, size: staged.size };
  }

  async get(key: BlobKey, range?: BlobRange): Promise<Readable> {
    const handle = await this.#openBlob(key);
    const window = range === undefined ? {} : streamRange(range);
    return handle.createReadStream({ ...window, highWaterMark: 256 * 1024 });
  }

  async bytes(key: BlobKey, range?: BlobRange): Promise<Uint8Array> {
    const handle = await this.#openBlob(key);
    try {
      const end = range?.end ?? (await handle.stat()).size;
      return await readRange(handle, end, range);
    } finally {
      await handle.close();
    }
  }

  async stat(key: BlobKey): Promise<BlobStat | undefined> {
    try {
      return { size: (await stat(this.#path(key))).size };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async delete(key: BlobKey): Promise<void> {
    await unlink(this.#path(key)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }

  /** Every blob with the time of its writing; what is stored or deleted meanwhile may be missed. */
  async *stored(): AsyncGenerator<{ key: BlobKey; writtenAt: number }> {
    for (const folder of await readdir(this.#blobs)) {
      for (const name of await readdir(path.join(this.#blobs, folder))) {
        const key = folder + name;
        if (!isBlobKey(key)) continue;
        const found = await stat(this.#path(key)).catch(() => undefined);
        if (found?.isFile()) yield { key, writtenAt: found.mtimeMs };
      }
    }
  }

  #path(key: BlobKey): string {
    if (!isBlobKey(key)) throw new YuepianError('not_found', { what: 'blob' });
    return path.join(this.#blobs, key.slice(0, 2), key.slice(2));
  }

  async #syncFolderOf(key: BlobKey): Promise<void> {
    const folder = path.dirname(this.#path(key));
    let handle = this.#folders.get(folder);
    if (handle === undefined) {
      handle = open(folder, 'r');
      this.#folders.set(folder, handle);
    }
    await (await handle).sync();
  }

  async #openBlob(key: BlobKey): Promise<FileHandle> {
    try {
      return await open(this.#path(key), 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new YuepianError('not_found', { what: key });
      throw error;
    }
  }

  async #newFile(): Promise<{ handle: FileHandle; name: string }> {
    const name = path.join(this.#tmp, randomUUID());
    return { handle: await open(name, 'wx+'), name };
  }

  #stagedInMemory(key: BlobKey, pieces: readonly Uint8Array[], size: number): StagedBlob {
    let content: readonly Uint8Array[] | undefined = pieces;
    const held = (): readonly Uint8Array[] => {
      if (content === undefined) throw new Error('the staged blob was discarded');
      return content;
    };
    return {
      key,
      size,
      read: async (range) => plain(joined(held(), range?.start ?? 0, range?.end ?? size)),
      commit: () =>
        this.#commitOnce(key, async () => {
          const bytes = held();
          const file = await this.#newFile();
          try {
            await writeAll(file.handle, bytes);
          } catch (error) {
            await file.handle.close();
            await rm(file.name, { force: true });
            throw error;
          }
          await this.#moveIntoPlace(key, file);
        }),
      discard: async () => {
        content = undefined;
      },
    };
  }

  #stagedInFile(
    key: BlobKey,
    file: { handle: FileHandle; name: string },
    size: number,
  ): StagedBlob {
    let open = true;
    return {
      key,
      size,
      read: (range) => readRange(file.handle, size, range),
      commit: () =>
        this.#commitOnce(key, async () => {
          open = false;
          await this.#moveIntoPlace(key, file);
        }),
      discard: async () => {
        if (!open) return;
        open = false;
        await file.handle.close();
        await rm(file.name, { force: true });
      },
    };
  }

  async #commitOnce(key: BlobKey, work: () => Promise<void>): Promise<void> {
    const earlier = this.#committing.get(key);
    if (earlier !== undefined) {
      // Whoever was first may have failed (disk full); then it is ours to try.
      if (
        await earlier.then(
          () => true,
          () => false,
        )
      )
        return;
    }
    const mine = (async () => {
      if ((await this.stat(key)) !== undefined) {
        // Renamed by an earlier process that may have ended before its fsync of the folder.
        await this.#syncFolderOf(key);
        return;
      }
      await work();
    })();
    this.#committing.set(key, mine);
    try {
      await mine;
    } catch (error) {
      throw diskError(error);
    } finally {
      if (this.#committing.get(key) === mine) this.#committing.delete(key);
    }
  }

  async #moveIntoPlace(key: BlobKey, file: { handle: FileHandle; name: string }): Promise<void> {
    const target = this.#path(key);
    try {
      try {
        await file.handle.datasync();
      } finally {
        await file.handle.close();
      }
      await rename(file.name, target);
    } catch (error) {
      await rm(file.name, { force: true });
      throw error;
    }
    await this.#syncFolderOf(key);
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const wanted = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const { bytesWritten } = await handle.writev([...chunks]);
  // A short write is rare (a signal, a disk about to be full); finish it piece by piece.
  for (let done = bytesWritten; done < wanted; ) {
    done += (await handle.write(joined(chunks, done, wanted))).bytesWritten;
  }
}

/** Bytes `start` … `end - 1` of pieces that follow each other; a copy only across a border. */
function joined(pieces: readonly Uint8Array[], start: number, end: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, piece.byteLength);
    if (from < to) parts.push(piece.subarray(from, to));
    at += piece.byteLength;
    if (at >= end) break;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

async function readRange(
  handle: FileHandle,
  size: number,
  range: BlobRange | undefined,
): Promise<Uint8Array> {
  const start = Math.min(range?.start ?? 0, size);
  const end = Math.min(range?.end ?? size, size);
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, end - start));
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return plain(bytes.subarray(0, done));
}

/** Not a Buffer, whose `slice` shares memory where a Uint8Array's copies. */
const plain = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Node's stream options count the last byte in. */
const streamRange = (range: BlobRange): { start: number; end?: number } =>
  range.end === undefined ? { start: range.start } : { start: range.start, end: range.end - 1 };

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** A full disk or quota is said as such; everything else stays what it was. */
function diskError(error: unknown): unknown {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new YuepianError('storage_full', {}, { cause: error })
    : error;
}
