import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { Log } from './http/index.ts';
import { repositoryFolder } from './settings.ts';

/** Arguments of the `phantom` command; sizes that are made in well under a minute each. */
const demoPatients: readonly (readonly string[])[] = [
  ['ct-abdomen', '--size', '512', '--slices', '200'],
  ['mr-head', '--size', '256', '--slices', '176'],
];

/** Behind everything a person waits for. */
const backgroundPriority = 15;

export interface DemoDeps {
  readonly dataFolder: string;
  /** Files one DICOM object of a synthetic patient. */
  readonly ingest: (bytes: Uint8Array) => Promise<unknown>;
  /** Whether the library holds no study at all. */
  readonly isEmpty: () => Promise<boolean>;
  readonly log: Log;
  readonly patients?: readonly (readonly string[])[];
}

export interface Demo {
  /** Settles when nothing is left to do, also after a failure, which is logged. */
  readonly finished: Promise<void>;
  /** Ends the work; it starts over at the next start. */
  stop(): Promise<void>;
}

/**
 * Puts the two synthetic patients into a library that starts empty, without holding up the start:
 * a child process makes the files, then they go through the ordinary ingest. A mark in the data
 * folder remembers whether that is still to do, so a deleted demo patient does not come back.
 */
export function startDemo(deps: DemoDeps): Demo {
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = fill(deps, signal).catch((error: unknown) => {
    if (!signal.aborted) deps.log.error('The demo patients could not be made', error);
  });
  return {
    finished: work,
    stop: async () => {
      stopping.abort();
      await work;
    },
  };
}

async function fill(deps: DemoDeps, signal: AbortSignal): Promise<void> {
  const { dataFolder, ingest, isEmpty, log, patients = demoPatients } = deps;
  const mark = join(dataFolder, 'demo.json');
  const state = existsSync(mark) ? await readFile(mark, 'utf8') : undefined;
  if (state === undefined ? !(await isEmpty()) : !state.includes('"wanted"')) return;
  await writeFile(mark, '{"demo":"wanted"}');

  const tmp = join(dataFolder, 'tmp');
  await mkdir(tmp, { recursive: true });
  const folder = await mkdtemp(join(tmp, 'demo-'));
  try {
    for (const [i, args] of patients.entries()) {
      const out = join(folder, String(i));
      await make([...args, '--out', out], signal);
      await ingestFolder(out, ingest, signal);
      if (signal.aborted) return;
      await rm(out, { recursive: true, force: true });
    }
    await writeFile(mark, '{"demo":"done"}');
    log.info('示例病例已就绪 · the two synthetic patients are in the library');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function make(args: readonly string[], signal: AbortSignal): Promise<void> {
  const command = join(repositoryFolder, 'server/src/cli/main.ts');
  const child = spawn(process.execPath, [...process.execArgv, command, 'phantom', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.pid !== undefined) lowerPriority(child.pid);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  signal.removeEventListener('abort', kill);
  if (code !== 0 && !signal.aborted) throw new Error(complaint.trim() || `ended with ${code}`);
}

/** Not every system lets a process do this; it is only a courtesy. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, backgroundPriority);
  } catch {}
}

async function ingestFolder(
  folder: string,
  ingest: DemoDeps['ingest'],
  signal: AbortSignal,
): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    },
  );
  for (const entry of entries) {
    if (signal.aborted) return;
    if (entry.isFile() && entry.name.endsWith('.dcm')) {
      await ingest(await readFile(join(entry.parentPath, entry.name)));
    }
  }
}
