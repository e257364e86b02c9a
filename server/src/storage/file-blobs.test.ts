import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BlobKey, FileBlobStore, isBlobKey } from './index.ts';

let folder: string;
let store: FileBlobStore;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yuepian-blobs-'));
  store = await FileBlobStore.open(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const bytesOf = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * seed * 31 + (i >> 8)) & 255);
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function files(): Promise<string[]> {
  const names = await readdir(path.join(folder, 'blobs'), { recursive: true });
  return names.filter((name) => name.length > 2);
}
const tmp = () => readdir(path.join(folder, 'tmp'));

describe('FileBlobStore', () => {
  it('names content by its hash and gives it back, whole and in part', async () => {
    const bytes = bytesOf(80_000);
    const { key, size } = await store.put(bytes);
    expect(key).toBe(sha256(bytes));
    expect(size).toBe(80_000);
    expect(await store.stat(key)).toEqual({ size: 80_000 });
    expect(await store.bytes(key)).toEqual(bytes);
    expect(await store.bytes(key, { start: 10, end: 20 })).toEqual(bytes.subarray(10, 20));
    expect(await store.bytes(key, { start: 79_990, end: 200_000 })).toEqual(bytes.subarray(79_990));
    expect(await store.bytes(key, { start: 200_000 })).toEqual(new Uint8Array(0));
    const streamed: Buffer[] = [];
    for await (const chunk of await store.get(key, { start: 5, end: 70_000 })) streamed.push(chunk);
    expect(new Uint8Array(Buffer.concat(streamed))).toEqual(bytes.subarray(5, 70_000));
    expect(await readFile(path.join(folder, 'blobs', key.slice(0, 2), key.slice(2)))).toEqual(
      Buffer.from(bytes),
    );
  });

  it('hands out plain bytes, whose slice is a copy', async () => {
    const { key } = await store.put(bytesOf(10));
    const read = await store.bytes(key);
    read.slice()[0] = 77;
    expect(read).toEqual(bytesOf(10));
  });

  it('keeps one copy of the same content, also when it comes twice at once', async () => {
    const bytes = bytesOf(300_000);
    const keys = await Promise.all(
      Array.from({ length: 8 }, async () => (await store.put(pieces(bytes, 1000))).key),
    );
    expect(new Set(keys).size).toBe(1);
    expect(await files()).toHaveLength(1);
    expect(await tmp()).toEqual([]);
  });

  it('spills what is too big for memory to a file', async () => {
    const bytes = bytesOf(50_000);
    const staged = await store.stage(pieces(bytes, 777), { memoryBytes: 10_000 });
    expect(await tmp()).toHaveLength(1);
    expect(await staged.read({ start: 9_000, end: 30_001 })).toEqual(bytes.subarray(9_000, 30_001));
    await staged.commit();
    await staged.discard();
    expect(await store.bytes(staged.key)).toEqual(bytes);
    expect(await tmp()).toEqual([]);
  });

  it('reads across the pieces of what it holds in memory', async () => {
    const bytes = bytesOf(5000);
    const staged = await store.stage(pieces(bytes, 123));
    expect(await staged.read({ start: 100, end: 400 })).toEqual(bytes.subarray(100, 400));
    expect(await staged.read()).toEqual(bytes);
    await staged.discard();
    expect(await files()).toEqual([]);
  });

  it('stores nothing of a stream that breaks off or is too long', async () => {
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield bytesOf(20_000);
      throw new Error('cut');
    }
    await expect(store.put(breaking(), { memoryBytes: 100 })).rejects.toThrow('cut');
    await expect(store.put(bytesOf(11), { maxBytes: 10 })).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(await files()).toEqual([]);
    expect(await tmp()).toEqual([]);
  });

  it('removes the leftovers of a crash at start, not those of a living server', async () => {
    await mkdir(path.join(folder, 'tmp', 'folder'));
    await writeFile(path.join(folder, 'tmp', 'half'), 'half a file');
    await FileBlobStore.open(folder, { cleanTmp: false });
    expect(await tmp()).toHaveLength(2);
    await FileBlobStore.open(folder);
    expect(await tmp()).toEqual([]);
  });

  it('deletes, and says what is not there', async () => {
    const { key } = await store.put(bytesOf(10));
    await store.delete(key);
    await store.delete(key);
    expect(await store.stat(key)).toBeUndefined();
    await expect(store.bytes(key)).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('takes no key that is not one', async () => {
    const evil = '../../etc/passwd' as BlobKey;
    expect(isBlobKey(evil)).toBe(false);
    await expect(store.bytes(evil)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('says when the disk is full, and keeps nothing half', async ({ skip }) => {
    const small = path.join(folder, 'small');
    await mkdir(small);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1200k', 'tmpfs', small], { stdio: 'pipe' });
    } catch {
      return skip('a small file system cannot be mounted here');
    }
    try {
      const tight = await FileBlobStore.open(small);
      const fits = await tight.put(bytesOf(1000));
      await expect(tight.put(bytesOf(3_000_000))).rejects.toMatchObject({ code: 'storage_full' });
      await expect(
        tight.put(pieces(bytesOf(3_000_000), 65536), { memoryBytes: 1000 }),
      ).rejects.toMatchObject({ code: 'storage_full' });
      expect(await readdir(path.join(small, 'tmp'))).toEqual([]);
      expect(await tight.bytes(fits.key)).toEqual(bytesOf(1000));
      await tight.close();
    } finally {
      execFileSync('umount', [small]);
    }
  });
});
