import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A disk that can be filled to the last byte; what lies on it is gone at the end. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Takes every byte that is left. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
}

/** A file system of its own in memory; undefined where this user may not mount one. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'yuepian-small-disk-'));
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'yuepian-test', folder];
  if (process.platform !== 'linux' || spawnSync('mount', options).status !== 0) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  const filler = path.join(folder, 'filler');
  return {
    folder,
    async fill() {
      const file = await open(filler, 'a');
      try {
        for (let size = 2 ** 20; size >= 1; ) {
          const written = await file.write(new Uint8Array(size)).then(
            () => true,
            (error: NodeJS.ErrnoException) => {
              if (error.code !== 'ENOSPC') throw error;
              return false;
            },
          );
          if (!written) size = Math.floor(size / 2);
        }
      } finally {
        await file.close();
      }
    },
    makeRoom: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      spawnSync('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
