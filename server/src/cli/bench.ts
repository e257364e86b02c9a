import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFolder } from '../settings.ts';
import { CommandError } from './usage.ts';

/** `bench [NAME…]`: runs bench/run.ts in a process of its own, which prints one JSON line a figure. */
export async function bench(args: string[]): Promise<number> {
  const file = join(repositoryFolder, 'bench/run.ts');
  if (!existsSync(file)) throw new CommandError('There is no bench/run.ts in this copy.');
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    cwd: repositoryFolder,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
