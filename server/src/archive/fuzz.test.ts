import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { YuepianError } from '@yuepian/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipItems } from './import/zip.ts';
import { headerParameters, readMultipart } from './multipart.ts';
import { related, slice, stowBody, zip } from './testing.ts';

/*
 * YUEPIAN_FUZZ_SECONDS tries as long instead of the usual rounds, from YUEPIAN_FUZZ_SEED on.
 */
const seconds = Number(process.env.YUEPIAN_FUZZ_SECONDS ?? 0);
const firstSeed = Number(process.env.YUEPIAN_FUZZ_SEED ?? 0);
const patience = Math.max(60_000, seconds * 2_000);

/** xorshift32: the same numbers in every run. */
function random(seed: number): () => number {
  let a = (seed * 2654435761 + 1) | 0 || 1;
  return () => {
    a ^= a << 13;
    a ^= a >>> 17;
    a ^= a << 5;
    return (a >>> 0) / 2 ** 32;
  };
}

/** Other bytes, bytes left out, pieces twice, and an early end. */
function mutate(bytes: Uint8Array, next: () => number): Buffer {
  let out = Buffer.from(bytes);
  for (let n = 1 + Math.floor(next() * 5); n > 0; n--) {
    const at = Math.floor(next() * out.length);
    const end = Math.min(out.length, at + 1 + Math.floor(next() * 20));
    const kind = next();
    if (kind < 0.5)
      out[at] = [0, 0xff, 13, 10, 45, Math.floor(next() * 256)][Math.floor(next() * 6)] ?? 0;
    else if (kind < 0.7) out = Buffer.concat([out.subarray(0, at), out.subarray(end)]);
    else if (kind < 0.9) out = Buffer.concat([out.subarray(0, end), out.subarray(at)]);
    else out = out.subarray(0, at);
  }
  return out;
}

async function tryAll(
  seed: number,
  rounds: number,
  attempt: (next: () => number) => Promise<void>,
): Promise<number> {
  let refused = 0;
  const end = performance.now() + 1000 * seconds;
  for (let round = 0; seconds > 0 ? performance.now() < end : round < rounds; round++) {
    const own = firstSeed + seed * 10_000_000 + round;
    try {
      await attempt(random(own));
    } catch (error) {
      if (!(error instanceof YuepianError)) throw new Error(`seed ${own}`, { cause: error });
      refused++;
    }
  }
  return refused;
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yuepian-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('damaged messages and archives', () => {
  it('of many parts end with an error of ours, and never give more than came', {
    timeout: patience,
  }, async () => {
    const message = stowBody([slice({ size: 4 }), slice({ size: 4, seed: 2 })]);
    async function* pieces(bytes: Buffer, next: () => number): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(next() ** 3 * 700);
        yield bytes.subarray(at, at + size);
        at += size;
      }
    }
    const refused = await tryAll(1, 1500, async (next) => {
      const bytes = mutate(message, next);
      let read = 0;
      for await (const { body } of readMultipart(pieces(bytes, next), 'BB')) {
        // Some readers give up half way.
        if (next() < 0.1) continue;
        read += await drain(body);
      }
      expect(read).toBeLessThanOrEqual(bytes.length);
    });
    expect(refused).toBeGreaterThan(100);
  });

  it('a header of parameters is read in no time whatever it holds', {
    timeout: patience,
  }, async () => {
    await tryAll(2, 1500, async (next) => {
      const text = mutate(Buffer.from(`${related}; a="b\\"c"; d=e`), next).toString('latin1');
      headerParameters(
        text + ';'.repeat(Math.floor(next() * 2000)) + ' '.repeat(Math.floor(next() * 2000)),
      );
    });
  });

  it('that are zips end with an error of ours', { timeout: patience }, async () => {
    const archive = zip([
      ['a/1.dcm', slice({ size: 4 })],
      ['病人/2.dcm', slice({ size: 4, seed: 2 })],
      ['../up.dcm', Buffer.from('x')],
    ]);
    const refused = await tryAll(3, 400, async (next) => {
      const bytes = mutate(archive, next);
      const file = path.join(folder, 'some.zip');
      await writeFile(file, bytes);
      for await (const item of zipItems(file, bytes.length)) {
        if (!('open' in item)) continue;
        await drain(await item.open());
      }
    });
    expect(refused).toBeGreaterThan(100);
  });
});
