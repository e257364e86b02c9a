import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readDataset } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { startServer } from '../testing.ts';
import { related, slice, stowBody, uids } from './testing.ts';

describe('kill -9 in the middle of an ingest', () => {
  it('loses nothing that was acknowledged and keeps nothing half', async () => {
    await using server = await startServer({ demo: false });
    const acknowledged = new Set<string>();
    const many = 400;
    let next = 0;
    const enough = Promise.withResolvers<void>();
    const send = async (): Promise<void> => {
      while (next < many) {
        const mine = Array.from({ length: 5 }, () => next++).map((n) => ({
          study: 'crash',
          sop: `crash ${n}`,
          seed: n,
          size: 128,
        }));
        const response = await server.fetch('/dicom-web/studies', {
          method: 'POST',
          headers: { 'content-type': related },
          body: new Uint8Array(stowBody(mine.map(slice))),
        });
        if (response.status !== 200) throw new Error(`${response.status}`);
        await response.arrayBuffer();
        for (const one of mine) acknowledged.add(uids(one).sop);
        if (acknowledged.size >= 60) enough.resolve();
      }
    };
    const senders = [1, 2, 3, 4].map(() => send().catch(() => undefined));
    await enough.promise;
    await server.kill('SIGKILL');
    await Promise.all(senders);
    expect(acknowledged.size).toBeLessThan(many);

    await server.restart();
    const { study, series } = uids({ study: 'crash' });
    const address = `/dicom-web/studies/${study}/series/${series}/instances`;
    const listed = new Set<string>();
    for (const item of (await (await server.fetch(address)).json()) as Record<
      string,
      { Value?: string[] }
    >[]) {
      listed.add(item['00080018']?.Value?.[0] ?? '');
    }
    for (const sop of acknowledged) expect(listed).toContain(sop);
    // What was not acknowledged may be there, but then it is whole.
    for (const n of Array.from({ length: many }, (_, i) => i)) {
      const o = { study: 'crash', sop: `crash ${n}`, seed: n, size: 128 };
      const { sop } = uids(o);
      if (!listed.has(sop)) continue;
      const response = await server.fetch(`${address}/${sop}`, {
        headers: { accept: 'application/dicom' },
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(Buffer.compare(bytes, slice(o))).toBe(0);
      expect(readDataset(new Uint8Array(bytes)).string('SOPInstanceUID')).toBe(sop);
    }
    // A reconstruction may be working there again already; of the ingest nothing is left.
    const tmp = await readdir(path.join(server.dataFolder, 'tmp'));
    expect(tmp.filter((name) => !name.startsWith('job-'))).toEqual([]);
  });
});
