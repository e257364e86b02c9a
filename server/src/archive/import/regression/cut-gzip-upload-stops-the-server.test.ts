import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { slice, startArchive, uids, upload } from '../../testing.ts';

/** Compressed noise, so that half of it is much more than a first chunk. */
const noise = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i * 31 + (i >> 3) * 17) & 255);
const packed = gzipSync(Buffer.concat([slice({ sop: 'cut' }), noise]), { level: 0 });

describe('a .gz whose upload is cut in the middle', () => {
  it('does not stop the server, and leaves nothing of it', async () => {
    await using test = await startArchive();
    const audited = test.audited.length;
    const settled = test.next('seriesSettled');
    const request = http.request(`${test.url}/api/import`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=BB' },
    });
    const cut = new Promise<void>((resolve) => request.on('error', () => resolve()));
    const part = (name: string) =>
      `\r\n--BB\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n`;
    request.write(Buffer.concat([Buffer.from(part('whole')), slice({ sop: 'whole' })]));
    request.write(Buffer.concat([Buffer.from(part('a.dcm.gz')), packed.subarray(0, 600_000)]));
    // The first file is stored, so the second one is being read.
    await settled;
    request.destroy();
    await cut;
    await expect.poll(() => test.audited.length).toBeGreaterThan(audited);
    expect(await test.archive.instance(uids({ sop: 'cut' }).sop)).toBeUndefined();
    const { stored } = await upload(test.url, { 'b.dcm.gz': gzipSync(slice({ sop: 'after' })) });
    expect(stored).toBe(1);
  });

  it('is told from a .gz that is itself cut short', async () => {
    await using test = await startArchive();
    const { results } = await upload(test.url, { 'a.dcm.gz': packed.subarray(0, 600_000) });
    expect(results).toMatchObject([{ status: 'refused', code: 'broken_archive' }]);
  });
});
