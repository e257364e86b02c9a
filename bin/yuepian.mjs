#!/usr/bin/env node
// Plain JavaScript for whatever Node (20 or newer) the machine has: it makes sure that the
// dependencies are there, among them the runtime this program is written for, and hands over to it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, root, runtime } from './install.mjs';

ensureInstalled();

const child = spawn(
  runtime(),
  [
    '--disable-warning=ExperimentalWarning',
    join(root, 'server/src/cli/main.ts'),
    ...process.argv.slice(2),
  ],
  {
    stdio: 'inherit',
    // Compiled code and stripped types of the server and of the processes it starts: a second each.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...process.env },
  },
);
// The child decides how to end; this process only passes on and waits.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
// npm passes a signal on to the shell it started us with, and not every shell passes it on to us:
// then we only see that the shell is gone.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 250).unref();
}
child.on('error', (error) => {
  console.error(`The runtime could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  // 128 + number is what a shell reports for a signal.
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
  process.exit(code ?? 128 + (numbers[signal] ?? 1));
});
