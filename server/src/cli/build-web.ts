import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { repositoryFolder } from '../settings.ts';
import { CommandError } from './usage.ts';

/** Everything the web app is made of, relative to the repository. */
const sources = ['web', 'packages', 'package-lock.json'];
const neverSources = new Set(['node_modules', 'dist', 'coverage']);
const packed = new Set(['.js', '.mjs', '.css', '.html', '.svg', '.json', '.wasm', '.txt']);
const packedFromBytes = 1024;

/**
 * Builds the web app into `folder` when it is missing or older than its sources. It is built beside
 * and then put in place, so a build that is cut off leaves no half app behind.
 */
export async function buildWebIfNeeded(folder: string, signal: AbortSignal): Promise<void> {
  const config = join(repositoryFolder, 'web/vite.config.ts');
  if (!existsSync(config)) return;
  const built = await modified(join(folder, 'index.html'));
  const changed = Math.max(
    ...(await Promise.all(sources.map((s) => newest(join(repositoryFolder, s))))),
  );
  if (built > changed) return;

  console.log('Building the web app …');
  const fresh = join(repositoryFolder, `node_modules/.cache/yuepian-web-${process.pid}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(dirname(fresh), { recursive: true });
  await vite(fresh, signal);
  if (signal.aborted) return;
  await compress(fresh);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

async function vite(outDir: string, signal: AbortSignal): Promise<void> {
  const command = join(repositoryFolder, 'node_modules/vite/bin/vite.js');
  const args = [
    command,
    'build',
    'web',
    '--outDir',
    outDir,
    '--emptyOutDir',
    '--logLevel',
    'error',
  ];
  const child = spawn(process.execPath, args, { cwd: repositoryFolder, stdio: 'inherit' });
  signal.addEventListener('abort', () => child.kill(), { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (code !== 0 && !signal.aborted) {
    throw new CommandError('The web app could not be built; what is wrong stands above.');
  }
}

/** Writes a .gz beside each file worth it; the server sends that to browsers that take gzip. */
async function compress(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !packed.has(extname(entry.name))) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    if (bytes.byteLength < packedFromBytes) continue;
    const small = await promisify(gzip)(bytes, { level: 9 });
    if (small.byteLength < bytes.byteLength * 0.95) await writeFile(`${file}.gz`, small);
  }
}

/** Time of the newest file below a path, 0 when there is none. */
async function newest(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  const names = (await readdir(path)).filter(
    (name) => !neverSources.has(name) && !/\.test\.tsx?$/.test(name),
  );
  return Math.max(0, ...(await Promise.all(names.map((name) => newest(join(path, name))))));
}

const modified = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
