import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { caseId, type Job, type ServerEvent, type User, userId } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { type Archive, archiveMigrations, createArchive } from '../archive/index.ts';
import { createApp, silentLog } from '../http/index.ts';
import { type AuditEvent, identityMigrations } from '../identity/index.ts';
import { FileBlobStore, migrate, openDatabase } from '../storage/index.ts';
import {
  createReconstruction,
  type ReconstructionDeps,
  type ReconstructionRoom,
  reconstructionMigrations,
} from './index.ts';
import { type TestBody, testBody } from './testing.ts';

/** The room on a real archive, database and child process. */
export interface TestRoom extends AsyncDisposable {
  readonly archive: Archive;
  readonly room: ReconstructionRoom;
  readonly dataFolder: string;
  readonly events: readonly ServerEvent[];
  readonly audited: readonly AuditEvent[];
  readonly log: readonly string[];
  /** Process ids of the children that were started. */
  readonly children: readonly number[];
  readonly app: FastifyInstance;
  /** Who sends the requests of `app.inject`. */
  as(role: User['role']): void;
  /** The first event from now on that fits. */
  next(fits: (event: ServerEvent) => boolean): Promise<ServerEvent>;
  /** The first job from now on that fits. */
  nextJob(fits: (job: Job) => boolean): Promise<Job>;
  /** Files a test body; resolves when the archive has it. @returns its UIDs. */
  send(options?: Partial<TestBody>): Promise<{ study: string; series: string }>;
  /** Stops the room and closes the database; the data stay. */
  close(): Promise<void>;
}

export async function openRoom(
  options: Partial<ReconstructionDeps> & { keep?: boolean } = {},
): Promise<TestRoom> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(path.join(tmpdir(), 'room-')));
  const database = openDatabase(path.join(dataFolder, 'yuepian.sqlite'));
  await migrate(database, [
    ...identityMigrations,
    ...archiveMigrations,
    ...reconstructionMigrations,
  ]);
  const blobs = await FileBlobStore.open(dataFolder);
  const events: ServerEvent[] = [];
  const audited: AuditEvent[] = [];
  const log: string[] = [];
  const children: number[] = [];
  const waiting = new Set<(event: ServerEvent) => void>();
  const publish = (event: ServerEvent): void => {
    events.push(event);
    for (const tell of waiting) tell(event);
  };
  const audit = async (event: AuditEvent): Promise<void> => {
    audited.push(event);
  };
  const archive = createArchive({ database, blobs, audit, log: silentLog });
  const room = createReconstruction({
    database,
    archive,
    audit,
    publish,
    caseOfStudy: async () => caseId.parse('case-1'),
    log: {
      info: (text) => log.push(text),
      warn: (text) => log.push(text),
      error: (text, cause) => log.push(`${text} ${String(cause)}`),
    },
    childStarted: (pid) => children.push(pid),
    ...options,
    dataFolder,
  });
  archive.events.on('seriesArriving', () => room.seriesArriving());
  archive.events.on('seriesSettled', (e) => room.seriesSettled(e.seriesInstanceUid));
  let role: User['role'] = 'doctor';
  const user = (): User => ({
    id: userId.parse('u1'),
    name: 'wang',
    displayName: '王医生',
    role,
    colour: '#4fa3d1',
  });
  const app = await createApp({
    identify: async () => ({ user: user(), via: 'basic', address: '127.0.0.1' }),
    webFolder: dataFolder,
    version: '0',
    log: silentLog,
  });
  await app.register(room.routes);

  const next: TestRoom['next'] = (fits) =>
    new Promise((resolve) => {
      const tell = (event: ServerEvent): void => {
        if (!fits(event)) return;
        waiting.delete(tell);
        resolve(event);
      };
      waiting.add(tell);
    });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await app.close();
    await room.stop();
    await archive.close();
    await blobs.close();
    await database.destroy();
  };
  return {
    archive,
    room,
    dataFolder,
    events,
    audited,
    log,
    children,
    app,
    as: (next) => {
      role = next;
    },
    next,
    nextJob: async (fits) => {
      const event = await next((e) => e.type === 'job' && fits(e.job));
      if (event.type !== 'job') throw new Error('no job');
      return event.job;
    },
    send: async (body = {}) => {
      let uids = { study: '', series: '' };
      for (const { bytes } of testBody(body)) {
        const filed = await archive.ingest(bytes);
        uids = { study: filed.studyInstanceUid, series: filed.seriesInstanceUid };
      }
      return uids;
    },
    close: () => {
      closed ??= close();
      return closed;
    },
    async [Symbol.asyncDispose]() {
      closed ??= close();
      await closed;
      if (!options.keep) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
