import { join } from 'node:path';
import { casesMigrations, createCases } from './cases/index.ts';
import { lockDataFolder } from './data-lock.store.ts';
import { consoleLog, createApp, createEvents, type Log } from './http/index.ts';
import { createIdentity, endsFor, identityMigrations } from './identity/index.ts';
import { readVersion, type Settings, webFolder } from './settings.ts';
import { FileBlobStore, migrate, openDatabase } from './storage/index.ts';

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
  const version = readVersion();
  const lock = await lockDataFolder(settings.dataFolder);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const database = openDatabase(join(settings.dataFolder, 'yuepian.sqlite'));
    undo.push(() => database.destroy());
    await migrate(database, [...identityMigrations, ...casesMigrations]);
    const blobs = await FileBlobStore.open(settings.dataFolder);
    void blobs;

    const events = createEvents();
    const identity = createIdentity(database);
    const { audit } = identity;
    const cases = createCases({ database, audit, log });
    identity.onSessionEnd((end) => {
      for (const room of [cases, events]) room.end((actor) => endsFor(end, actor));
    });

    const { identify } = identity;
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
    for (const room of [identity, events, cases]) await app.register(room.routes);
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

    const setupUrl =
      admin && 'setupToken' in admin ? `${url}/setup?token=${admin.setupToken}` : null;
    let stopping: Promise<void> | undefined;
    return {
      url,
      setupUrl,
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
