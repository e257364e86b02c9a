import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { slice, startArchive, upload, zip } from '../../testing.ts';

function wrapped(times: number): Uint8Array {
  let bytes = slice({ sop: `${times}` });
  for (let n = 0; n < times; n++) bytes = gzipSync(bytes);
  return bytes;
}

it('opens gzip in gzip only so far', async () => {
  await using test = await startArchive();
  const { results } = await upload(test.url, {
    'a.gz': wrapped(3),
    'b.gz': wrapped(4),
    'c.zip': zip([['in.zip', zip([['x.dcm.gz', wrapped(1)]])]]),
  });
  expect(Object.fromEntries(results.map((r) => [r.file, r.status]))).toEqual({
    a: 'stored',
    b: 'ignored',
    'c.zip/in.zip/x.dcm': 'stored',
  });
});
