import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDemo } from './demo.ts';
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

const demoOf = (empty: boolean, onFile: () => void = () => {}) =>
  createDemo({
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
  await demoOf(false).start(true);
  expect(filed).toHaveLength(0);
});

test('an empty one gets the patients with their truth once, also after a stop in the middle', async () => {
  const stopped = Promise.withResolvers<void>();
  const demo = demoOf(true, () => void demo.stop().then(stopped.resolve));
  void demo.start(true);
  await stopped.promise;
  expect(filed).toHaveLength(1);

  filed = [];
  await demoOf(false).start(true);
  expect(filed).toHaveLength(2 + 1 + 3 + 1);
  for (const bytes of filed) expect(Buffer.from(bytes).toString('latin1', 128, 132)).toBe('DICM');
  expect(await readdir(join(dataFolder, 'tmp'))).toEqual([]);

  // Somebody deleted them: that was meant.
  filed = [];
  await demoOf(true).start(true);
  expect(filed).toHaveLength(0);
}, 600_000);

test('a person may ask for them where nobody wanted them, and a stop does not forget the wish', async () => {
  await demoOf(true).start(false);
  expect(filed).toHaveLength(0);

  const stopped = Promise.withResolvers<void>();
  const demo = demoOf(true, () => void demo.stop().then(stopped.resolve));
  demo.ask();
  expect(demo.state).toEqual({ state: 'running' });
  await stopped.promise;

  filed = [];
  const next = demoOf(false);
  await next.start(false);
  expect(filed).toHaveLength(2 + 1 + 3 + 1);
  expect(next.state).toEqual({ state: 'idle' });
}, 600_000);
