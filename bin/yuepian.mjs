#!/usr/bin/env node
// Plain JavaScript for whatever Node (20 or newer) the machine has: it makes sure that the
// dependencies are there, among them the runtime this program is written for, and hands over to it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runtime = join(
  root,
  'node_modules/node/bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) {
  fail(`Yuepian needs Node 20 or newer to start; this is ${process.versions.node}.`);
}
install();
run();

function fail(text) {
  console.error(text);
  process.exit(1);
}

/** Installs what package-lock.json names, when what is there differs from it. */
function install() {
  const reason = whatIsMissing();
  if (reason === undefined) return;
  console.error(`${reason} Installing the dependencies; the first time takes a minute or two …`);
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js')
    ? [process.execPath, [npm, 'ci']]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci']];
  const result = spawnSync(command, [...args, '--no-audit', '--no-fund'], {
    cwd: root,
    // What npm prints is for whoever waits; our own output stays clean for pipes.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.error) {
    fail(`npm could not be started (${result.error.message}). Install npm and try again.`);
  }
  if (result.status !== 0) {
    fail('The dependencies could not be installed; npm says above why. Nothing was started.');
  }
  const still = whatIsMissing();
  if (still !== undefined) {
    fail(`npm ended well, but the installation is not complete. ${still}`);
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
    if (path === '' || entry.optional || entry.devOptional || entry.peer || entry.link) continue;
    if (!path.includes('node_modules/')) continue;
    if (there[path]?.version !== entry.version) return 'The dependencies have changed.';
  }
  return existsSync(runtime) ? undefined : 'The Node runtime is missing from the dependencies.';
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function run() {
  const child = spawn(
    runtime,
    [
      '--disable-warning=ExperimentalWarning',
      join(root, 'server/src/cli/main.ts'),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  );
  // The child decides how to end; this process only passes on and waits.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => fail(`The runtime could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    // 128 + number is what a shell reports for a signal.
    const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
    process.exit(code ?? 128 + (numbers[signal] ?? 1));
  });
}
