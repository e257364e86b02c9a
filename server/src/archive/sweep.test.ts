import { utimes } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BlobKey } from '../storage/index.ts';
import { slice, startArchive, type TestArchive, uids } from './testing.ts';

const fileOf = (test: TestArchive, key: BlobKey): string =>
  path.join(test.folder, 'blobs', key.slice(0, 2), key.slice(2));

/** As a crash between file and index row leaves it, some days ago. */
async function leftOver(test: TestArchive, bytes: Uint8Array, days = 3): Promise<BlobKey> {
  const { key } = await test.blobs.put(bytes);
  const then = new Date(Date.now() - days * 24 * 3600 * 1000);
  await utimes(fileOf(test, key), then, then);
  return key;
}

describe('files that no instance names', () => {
  it('go when they are old; those of instances, and new ones, stay', async () => {
    await using test = await startArchive();
    await test.archive.ingest(slice());
    const [stored] = await test.archive.instances(uids().series);
    const used = stored?.blob as BlobKey;
    const longAgo = new Date(0);
    await utimes(fileOf(test, used), longAgo, longAgo);
    const old = await leftOver(test, Buffer.from('left behind'));
    const { key: fresh } = await test.blobs.put(Buffer.from('on its way'));

    expect(await test.archive.sweep()).toBe(1);
    expect(await test.blobs.stat(old)).toBeUndefined();
    expect(await test.blobs.stat(fresh)).toBeDefined();
    expect(await test.blobs.stat(used)).toBeDefined();
    expect(await test.archive.sweep()).toBe(0);
  });

  it('are kept when the same bytes come in again at that moment', async () => {
    await using test = await startArchive();
    for (let n = 0; n < 10; n++) {
      const bytes = slice({ sop: `again ${n}`, seed: n });
      const key = await leftOver(test, bytes);
      const [{ status }] = await Promise.all([test.archive.ingest(bytes), test.archive.sweep()]);
      expect(status).toBe('stored');
      expect(await test.blobs.bytes(key)).toEqual(bytes);
    }
  });

  it('are kept when they are too many for a crash: the database may be an older copy', async () => {
    await using test = await startArchive();
    const keys: BlobKey[] = [];
    for (let n = 0; n < 201; n++) keys.push(await leftOver(test, Buffer.from(`image ${n}`)));
    expect(await test.archive.sweep()).toBe(0);
    expect(await test.blobs.stat(keys[0] as BlobKey)).toBeDefined();
    await test.blobs.delete(keys[200] as BlobKey);
    expect(await test.archive.sweep()).toBe(200);
  });
});
