import { YuepianError } from '@yuepian/contract';
import { expect, it, vi } from 'vitest';
import { startArchive, type TestArchive, upload } from '../../testing.ts';

/** A NIfTI-1 file of int16, 4 × 4 × 6, every voxel different. */
function nifti(): Uint8Array {
  const bytes = Buffer.alloc(352 + 2 * 96);
  bytes.writeInt32LE(348, 0);
  for (const [i, v] of [3, 4, 4, 6, 1, 1, 1, 1].entries()) bytes.writeInt16LE(v, 40 + 2 * i);
  bytes.writeInt16LE(4, 70);
  bytes.writeInt16LE(16, 72);
  for (const [i, v] of [1, 1, 1, 1].entries()) bytes.writeFloatLE(v, 76 + 4 * i);
  bytes.writeFloatLE(352, 108);
  bytes.writeFloatLE(1, 112);
  bytes.writeInt16LE(1, 254);
  for (const [i, v] of [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0].entries()) {
    bytes.writeFloatLE(v, 280 + 4 * i);
  }
  bytes.write('n+1\0', 344, 'latin1');
  for (let i = 0; i < 96; i++) bytes.writeInt16LE(((i * 7919) % 911) - 600, 352 + 2 * i);
  return new Uint8Array(bytes);
}

/** The disk is full from the n-th instance on. */
function fullAfter(test: TestArchive, n: number) {
  const stage = test.blobs.stage.bind(test.blobs);
  let count = 0;
  return vi.spyOn(test.blobs, 'stage').mockImplementation(async (...args) => {
    if (count++ >= n) throw new YuepianError('storage_full');
    return await stage(...args);
  });
}

async function counts(test: TestArchive): Promise<number[]> {
  const found: number[] = [];
  for await (const series of test.archive.everySeries()) found.push(series.instanceCount);
  return found;
}

it('a NIfTI file that fails midway leaves nothing, and can be sent again', async () => {
  await using test = await startArchive();
  const deleted = test.next('study', (event) => event.change === 'deleted');
  const full = fullAfter(test, 3);
  const { results } = await upload(test.url, { 'head.nii': nifti() });
  expect(results).toMatchObject([{ status: 'refused', code: 'storage_full' }]);
  const { studyInstanceUid } = await deleted;
  expect(await test.archive.study(studyInstanceUid)).toBeUndefined();
  expect(await counts(test)).toEqual([]);
  const left: string[] = [];
  for await (const { key } of test.blobs.stored()) left.push(key);
  expect(left).toEqual([]);

  full.mockRestore();
  const again = await upload(test.url, { 'head.nii': nifti() });
  expect(again.results).toMatchObject([{ status: 'stored', studyInstanceUid }]);
  expect(await counts(test)).toEqual([6]);
});

it('what was stored before the failing file stays', async () => {
  await using test = await startArchive();
  await upload(test.url, { 'head.nii': nifti() });
  const full = fullAfter(test, 3);
  const { results } = await upload(test.url, { 'head.nii': nifti() });
  expect(results).toMatchObject([{ status: 'refused' }]);
  full.mockRestore();
  expect(await counts(test)).toEqual([6]);
});
