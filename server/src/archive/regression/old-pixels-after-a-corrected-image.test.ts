import { expect, it } from 'vitest';
import { samplesOf, slice, startArchive, uids } from '../testing.ts';

it('a corrected image under the same UIDs is what is shown, and an unchanged one is not sent twice', async () => {
  await using test = await startArchive();
  const { study, series, sop } = uids();
  const ask = (path: string, tag?: string) =>
    fetch(`${test.url}${path}`, {
      headers: {
        accept: '*/*',
        ...(tag === undefined ? {} : { 'if-none-match': tag }),
      },
    });
  const paths = [
    `/api/instances/${sop}/frames/1`,
    `/dicom-web/studies/${study}/series/${series}/instances/${sop}/frames/1`,
  ];
  await test.archive.ingest(slice({ seed: 1 }));
  const tags: string[] = [];
  for (const path of paths) {
    const first = await ask(path);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"\w+"$/);
    await first.arrayBuffer();
    const again = await ask(path, tag);
    expect([again.status, await again.text()]).toEqual([304, '']);
    tags.push(tag);
  }
  await test.archive.deleteStudy(study, null);
  for (const [n, path] of paths.entries()) expect((await ask(path, tags[n])).status).toBe(404);
  await test.archive.ingest(slice({ seed: 2 }));
  for (const [n, path] of paths.entries()) {
    const corrected = await ask(path, tags[n]);
    expect(corrected.status).toBe(200);
    expect(corrected.headers.get('etag')).not.toBe(tags[n]);
    if (n > 0) continue;
    const values = new Int16Array(await corrected.arrayBuffer());
    expect([...values]).toEqual([...samplesOf({ seed: 2 })].map((v) => v - 1024));
  }
});

it('frames of one instance, and representations of one frame, have tags of their own', async () => {
  await using test = await startArchive();
  const { study, series, sop } = uids();
  await test.archive.ingest(slice());
  const tagOf = async (accept: string) => {
    const path = `/dicom-web/studies/${study}/series/${series}/instances/${sop}/frames/1`;
    const response = await fetch(`${test.url}${path}`, { headers: { accept } });
    await response.arrayBuffer();
    expect(response.headers.get('vary')).toBe('accept');
    return response.headers.get('etag');
  };
  const one = await tagOf('application/octet-stream');
  expect(await tagOf('multipart/related; type="application/octet-stream"')).not.toBe(one);
  expect(await tagOf('application/octet-stream')).toBe(one);
});
