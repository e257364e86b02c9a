/**
 * Makes a fresh clone ready: installs the dependencies when they are missing or older than the lock
 * file, and names the runtime that comes with them. Plain JavaScript for Node ≥ 20, because it runs
 * before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.yuepian-installed');

/** Node 24 from the npm package `node`: the same runtime on every machine. */
export function runtime() {
  return join(
    root,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
}

const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** Installs when needed. Ends the process with a sentence when that fails. */
export function ensureInstalled() {
  const wanted = lockHash();
  const isCurrent =
    existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(runtime());
  if (isCurrent) return;
  console.error('Installing what Yuepian needs (a minute, only this once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0 || !existsSync(runtime())) {
    console.error(
      'The installation failed; the lines above say why. Is the npm registry reachable?',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
