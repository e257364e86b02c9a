import { describe, expect, it } from 'vitest';
import { slice, uids } from './archive/testing.ts';
import { startServer, type TestServer } from './testing.ts';
import { smallDisk } from './testing-disk.ts';

interface Answer {
  readonly error?: { readonly code: string };
  readonly results?: readonly { status: string; code?: string }[];
}

async function send(server: TestServer, files: readonly Uint8Array[]): Promise<Answer> {
  const form = new FormData();
  for (const [n, bytes] of files.entries())
    form.append('file', new Blob([new Uint8Array(bytes)]), `${n}.dcm`);
  const response = await server.fetch('/api/import', { method: 'POST', body: form });
  return (await response.json()) as Answer;
}

async function stored(server: TestServer): Promise<number> {
  const answer = await server.fetch(`/dicom-web/studies/${uids().study}/instances`);
  return answer.status === 204 ? 0 : ((await answer.json()) as unknown[]).length;
}

describe('a full disk', () => {
  it('stores nothing it says is stored, stays up, and goes on when room is made', async ({
    skip,
  }) => {
    await using disk = await smallDisk(48);
    if (!disk) return skip('a file system of its own cannot be mounted here');
    await using server = await startServer({ dataFolder: disk.folder });
    const first = await send(server, [slice({ size: 64 })]);
    expect(first.results?.map((r) => r.status)).toEqual(['stored']);

    await disk.fill();
    const more = Array.from({ length: 12 }, (_, n) =>
      slice({ sop: `more ${n}`, seed: n, size: 64 }),
    );
    const refused = await send(server, more);
    // Each file is refused with the word for it; or the whole answer is, when not even its audit fits.
    const codes = refused.results?.map((r) => r.code) ?? [refused.error?.code];
    expect(new Set(codes), JSON.stringify(refused)).toEqual(new Set(['storage_full']));
    expect((await server.fetch('/healthz')).ok).toBe(true);
    expect(await stored(server)).toBe(1);

    await disk.makeRoom();
    const again = await send(server, more);
    expect(again.results?.map((r) => r.status)).toEqual(more.map(() => 'stored'));
    // What is acknowledged survives the worst end.
    await server.kill('SIGKILL');
    await server.restart();
    expect(await stored(server)).toBe(13);
  });
});
