import { expect, it, vi } from 'vitest';
import { slice, startArchive, uids } from '../testing.ts';

it('a study whose file cannot be removed is deleted for all: told, audited, its other files gone', async () => {
  await using test = await startArchive();
  const sops = ['1', '2', '3'];
  for (const [seed, sop] of sops.entries()) await test.archive.ingest(slice({ sop, seed }));
  const blobs = await Promise.all(sops.map((sop) => test.archive.instance(uids({ sop }).sop)));
  vi.spyOn(test.blobs, 'delete').mockRejectedValueOnce(new Error('EBUSY'));
  const deleted = test.next('study', (event) => event.change === 'deleted');

  await test.archive.deleteStudy(uids().study, null);

  expect(await deleted).toMatchObject({ studyInstanceUid: uids().study });
  expect(test.audited.at(-1)).toMatchObject({ action: 'delete', details: { instances: 3 } });
  const left = await Promise.all(blobs.map((one) => one && test.blobs.stat(one.blob)));
  expect(left.filter((found) => found !== undefined)).toHaveLength(1);
  expect(await test.archive.sweep({ olderThanMs: -1000 })).toBe(1);
});
