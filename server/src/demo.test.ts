import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDemo } from './demo.ts';
import { silentLog } from './http/index.ts';

const patients = [
  ['mr-head', '--size', '16', '--slices', '2'],
  ['mr-head', '--size', '16', '--slices', '3'],
];

let dataFolder: string;
let filed: Uint8Array[];
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'yuepian-demo-'));
  await mkdir(join(dataFolder, 'tmp'));
  filed = [];
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

const start = (empty: boolean, onFile: () => void = () => {}) =>
  startDemo({
    dataFolder,
    patients,
    isEmpty: async () => empty,
    ingest: async (bytes) => {
      filed.push(bytes);
      onFile();
    },
    log: silentLog,
  });

test('a library that holds something is left alone', async () => {
  await start(false).finished;
  expect(filed).toHaveLength(0);
});

test('an empty one gets the patients with their truth once, also after a stop in the middle', async () => {
  const stopped = Promise.withResolvers<void>();
  const demo = start(true, () => void demo.stop().then(stopped.resolve));
  await stopped.promise;
  expect(filed).toHaveLength(1);

  filed = [];
  await start(false).finished;
  expect(filed).toHaveLength(2 + 1 + 3 + 1);
  for (const bytes of filed) expect(Buffer.from(bytes).toString('latin1', 128, 132)).toBe('DICM');
  expect(await readdir(join(dataFolder, 'tmp'))).toEqual([]);

  // Somebody deleted them: that was meant.
  filed = [];
  await start(true).finished;
  expect(filed).toHaveLength(0);
}, 240_000);
