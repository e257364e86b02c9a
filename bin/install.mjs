/**
 * Makes a fresh clone ready: installs the dependencies when they are missing or differ from the lock
 * file, and names the runtime that comes with them. Plain JavaScript for Node ≥ 20, because it runs
 * before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node 24 from the npm package `node`: the same runtime on every machine. */
export function runtime() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(root, 'node_modules', 'node', 'bin', name);
}

/**
 * Installs when needed; with YUEPIAN_NO_INSTALL it only says so. Ends the process with a sentence
 * when the dependencies cannot be had.
 */
export function ensureInstalled() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20) {
    fail(`Yuepian needs Node 20 or newer to start; this is ${process.versions.node}.`);
  }
  const reason = whatIsMissing();
  if (reason === undefined) return;
  if (process.env.YUEPIAN_NO_INSTALL) fail(`${reason} Run "npm install --no-save".`);
  console.error(`${reason} Installing; the first time takes a minute or two …`);
  const windows = process.platform === 'win32';
  // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, and npm
  // leaves those out where the registry has no copy of them. This installs what the lock file says.
  const result = spawnSync(
    windows ? 'npm.cmd' : 'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    // What npm prints is for whoever waits; our own output stays clean for pipes.
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: windows,
      // The CPU library is in the package; its install script would fetch CUDA from the internet.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    },
  );
  if (result.error) {
    fail(`npm could not be started (${result.error.message}). Install npm and try again.`);
  }
  const still = whatIsMissing();
  if (result.status !== 0 || still !== undefined) {
    fail('The installation failed; the lines above say why. Is the npm registry reachable?');
  }
}

/** npm keeps its own record of what it installed; comparing it costs milliseconds. */
function whatIsMissing() {
  const there = readLock(join(root, 'node_modules/.package-lock.json'));
  if (!there) return 'The dependencies are not installed yet.';
  const wanted = readLock(join(root, 'package-lock.json'));
  if (!wanted) return fail('package-lock.json is missing or damaged; clone the repository again.');
  for (const [path, entry] of Object.entries(wanted)) {
    // Optional ones are left out by npm where they do not fit the machine.
    if (entry.optional || entry.devOptional || entry.peer || entry.link) continue;
    if (!path.includes('node_modules/')) continue;
    if (there[path]?.version !== entry.version) return 'The dependencies have changed.';
  }
  return existsSync(runtime()) ? undefined : 'The Node runtime is missing from the dependencies.';
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
