import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseId } from '@yuepian/contract';
import { caseId, studyInstanceUid } from '@yuepian/contract';
import { casesMigrations, createCases } from '../server/src/cases/index.ts';
import { silentLog } from '../server/src/http/index.ts';
import { createIdentity, identityMigrations } from '../server/src/identity/index.ts';
import { migrate, openDatabase } from '../server/src/storage/index.ts';
import { startServer, type TestServer } from '../server/src/testing.ts';

/** A real server in its own process with one empty case and three doctors. */
export async function serverWithCase(dataFolder?: string): Promise<
  {
    server: TestServer;
    caseId: CaseId;
    cookie: string;
    cookies: readonly string[];
  } & AsyncDisposable
> {
  const folder = dataFolder ?? (await mkdtemp(join(tmpdir(), 'yuepian-live-')));
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const identity = createIdentity(database);
  const password = 'correct horse';
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    await identity.addUser({ name, displayName: name, role: 'doctor', password });
  }
  const cases = createCases({ database, ...identity, log: silentLog });
  const id = caseId.parse(await cases.caseOfStudy(studyInstanceUid.parse('1.2.3')));
  await cases.close();
  await database.destroy();
  const server = await startServer({ dataFolder: folder });
  const cookies = await Promise.all(names.map((name) => server.signIn(name, password)));
  return {
    server,
    caseId: id,
    cookie: cookies[0] ?? '',
    cookies,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (!dataFolder) await rm(folder, { recursive: true, force: true });
    },
  };
}
