import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a running server leaves beside its data, for the command line to find it. */
export interface ServerNote {
  readonly pid: number;
  readonly url: string;
}

/** The data folder is in use by another server process. */
export class DataFolderBusy extends Error {
  readonly note: ServerNote | undefined;

  constructor(folder: string, note: ServerNote | undefined) {
    super(`${folder} is in use`);
    this.note = note;
  }
}

export interface DataLock {
  announce(note: ServerNote): Promise<void>;
  release(): Promise<void>;
}

const noteFile = (folder: string) => join(folder, 'server.json');

/**
 * Makes sure that only one server works on a data folder. The lock is the exclusive lock of a tiny
 * SQLite file: the operating system drops it when the process ends, however it ends, so nothing
 * stale is ever left behind. Throws DataFolderBusy.
 */
export async function lockDataFolder(folder: string): Promise<DataLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const lock = new DatabaseSync(join(folder, 'lock.sqlite'), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new DataFolderBusy(folder, await readServerNote(folder));
  }
  return {
    announce: (note) => writeFile(noteFile(folder), JSON.stringify(note)),
    release: async () => {
      await rm(noteFile(folder), { force: true });
      lock.close();
    },
  };
}

/** Where the server of this data folder listens, as far as known. */
export async function readServerNote(folder: string): Promise<ServerNote | undefined> {
  try {
    return JSON.parse(await readFile(noteFile(folder), 'utf8')) as ServerNote;
  } catch {
    return undefined;
  }
}
