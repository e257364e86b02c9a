import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { studyInstanceUid } from '@yuepian/contract';
import { expect, test } from 'vitest';
import { silentLog } from '../http/index.ts';
import { createIdentity, identityMigrations } from '../identity/index.ts';
import { migrate, openDatabase } from '../storage/index.ts';
import { startServer } from '../testing.ts';
import { smallDisk } from '../testing-disk.ts';
import { casesMigrations, createCases } from './index.ts';
import { openCase } from './testing.ts';

test('a full disk: a clear sign, nothing acknowledged that is not stored, and it recovers', async (context) => {
  await using disk = await smallDisk(12);
  if (!disk) return context.skip('mounting a small disk needs root');
  const folder = join(disk.folder, 'data');
  mkdirSync(folder);
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const cases = createCases({ database, ...createIdentity(database), log: silentLog });
  const caseId = await cases.caseOfStudy(studyInstanceUid.parse('1.2.3'));
  await cases.close();
  await database.destroy();

  await using server = await startServer({ dataFolder: folder });
  const options = { url: server.url, caseId, cookie: await server.signIn() };
  const acknowledged: string[] = [];
  const filler = join(disk.folder, 'filler');
  {
    await using one = openCase(options);
    await one.synced();
    one.document.getMap('marks').set('before', 1);
    await one.saved();
    acknowledged.push('before');

    const { bavail, bsize } = statfsSync(disk.folder);
    writeFileSync(filler, new Uint8Array(bavail * bsize));
    let code = 0;
    for (let n = 0; code === 0 && n < 2_000; n++) {
      const key = `full-${n}`;
      one.document.getMap('marks').set(key, 'x'.repeat(4_000));
      const end = one.closed().then((close) => close.code);
      code = await Promise.race([one.saved().then(() => 0), end]);
      if (code === 0) acknowledged.push(key);
    }
    expect(code).toBe(4507);
    const unsent = [...one.document.getMap('marks').keys()].filter(
      (key) => !acknowledged.includes(key),
    );
    expect(unsent).toHaveLength(1);

    // Space again: the client is still trying by itself, and its change arrives.
    rmSync(filler);
    await one.saved();
    acknowledged.push(...unsent);
  }
  await server.kill('SIGKILL');
  await server.restart();
  await using reader = openCase({ ...options, url: server.url, cookie: await server.signIn() });
  await reader.synced();
  const marks = reader.document.getMap('marks');
  expect(acknowledged.filter((key) => !marks.has(key))).toEqual([]);
});
