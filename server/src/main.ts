import { join } from 'node:path';
import { archiveMigrations, createArchive } from './archive/index.ts';
import { casesMigrations, createCases } from './cases/index.ts';
import { lockDataFolder } from './data-lock.store.ts';
import { createDemo } from './demo.ts';
import { consoleLog, createApp, createEvents, type Log } from './http/index.ts';
import { createIdentity, endsFor, identityMigrations } from './identity/index.ts';
import { createReconstruction, reconstructionMigrations } from './reconstruction/index.ts';
import { readVersion, type Settings, webFolder } from './settings.ts';
import { FileBlobStore, migrate, openDatabase } from './storage/index.ts';
import { addStudyPictures } from './study-pictures.ts';

export interface RunningServer {
  /** Where it listens, e.g. http://127.0.0.1:8080 */
  readonly url: string;
  /** One-time page that sets the administrator's password; null once it is set. */
  readonly setupUrl: string | null;
  /** Ends sockets, streams and jobs, and closes the data. */
  stop(): Promise<void>;
}

/** Requests still running after this time of a stop are cut. */
const patienceMs = 4_000;

/**
 * The composition root: the only place that knows all rooms. Throws DataFolderBusy, and what the
 * operating system says when the address cannot be had.
 */
export async function start(settings: Settings, log: Log = consoleLog): Promise<RunningServer> {
  const { dataFolder } = settings;
  const version = readVersion();
  const lock = await lockDataFolder(dataFolder);
  // What was put up, in order; taken down last first, also when starting fails half-way.
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const database = openDatabase(join(dataFolder, 'yuepian.sqlite'));
    undo.push(() => database.destroy());
    await migrate(database, [
      ...identityMigrations,
      ...archiveMigrations,
      ...casesMigrations,
      ...reconstructionMigrations,
    ]);
    const blobs = await FileBlobStore.open(dataFolder);

    const events = createEvents();
    const { publish } = events;
    const identity = createIdentity(database);
    const { audit, identify } = identity;
    const { tickets, displayNames } = identity;
    const cases = createCases({ database, audit, tickets, displayNames, log });
    const archive = createArchive({ database, blobs, audit, log });
    undo.push(() => archive.close());
    const reconstruction = createReconstruction({
      database,
      dataFolder,
      archive,
      audit,
      publish,
      caseOfStudy: cases.caseOfStudy,
      allowInternet: settings.allowInternet,
      log,
    });

    identity.onSessionEnd((end) => {
      for (const room of [cases, events]) room.end((actor) => endsFor(end, actor));
    });
    archive.events.on('study', (event) => {
      publish({ type: 'study', ...event });
      if (event.change !== 'deleted') return;
      reconstruction
        .studyDeleted(event.studyInstanceUid)
        .catch((error: unknown) => log.error('removing what was derived of a study', error));
    });
    archive.events.on('seriesArriving', () => reconstruction.seriesArriving());
    archive.events.on('seriesSettled', ({ seriesInstanceUid }) =>
      reconstruction.seriesSettled(seriesInstanceUid),
    );

    const app = await createApp({
      identify,
      webFolder,
      version,
      log,
      beforeClose: async () => {
        events.close();
        await cases.close();
      },
    });
    addStudyPictures(app, (uids) => reconstruction.thumbnailUrls(uids));
    const demo = createDemo({
      dataFolder,
      ingest: (bytes) => archive.ingest(bytes, { demo: true }),
      isEmpty: async () => {
        for await (const _ of archive.everySeries()) return false;
        return true;
      },
      log,
    });
    for (const room of [identity, events, archive, reconstruction, cases, demo]) {
      await app.register(room.routes);
    }
    undo.push(() => reconstruction.stop());
    undo.push(async () => {
      const cut = setTimeout(() => app.server.closeAllConnections(), patienceMs);
      await app.close();
      clearTimeout(cut);
    });

    const admin = await identity.ensureAdmin(settings.adminPassword);
    if (admin && 'shortPassword' in admin) {
      log.warn('The password in YUEPIAN_ADMIN_PASSWORD is short; change it after signing in.');
    }
    const url = await app.listen({ host: settings.host, port: settings.port });
    await lock.announce({ pid: process.pid, url });
    await audit({ action: 'server_started', details: { version } });
    undo.splice(2, 0, () => audit({ action: 'server_stopped', details: { version } }));
    await reconstruction.start();
    undo.push(() => demo.stop());
    demo
      .start(settings.demo)
      .catch((error: unknown) => log.error('reading whether demo patients are due', error));
    const sweeping = new AbortController();
    const swept = archive
      .sweep({ signal: sweeping.signal })
      .then((n) => n > 0 && log.info(`${n} files that a crash had left were removed`))
      .catch((error: unknown) => log.error('looking for files that a crash left', error));
    undo.push(async () => {
      sweeping.abort();
      await swept;
    });

    const token = admin && 'setupToken' in admin ? admin.setupToken : null;
    let stopping: Promise<void> | undefined;
    return {
      url,
      setupUrl: token === null ? null : `${url}/setup?token=${token}`,
      stop: () => {
        stopping ??= unwind(undo, log);
        return stopping;
      },
    };
  } catch (error) {
    await unwind(undo, log);
    throw error;
  }
}

/** Takes down what was put up, last first; one failure does not keep the rest from closing. */
async function unwind(undo: (() => unknown)[], log: Log): Promise<void> {
  for (const step of undo.reverse()) {
    try {
      await step();
    } catch (error) {
      log.error('while stopping', error);
    }
  }
}

// Run directly, it serves without building the web app. Not awaited: what is imported here imports
// this file.
if (import.meta.main) void import('./cli/index.ts').then(({ run }) => run(['serve', '--no-build']));
