import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { DemoState } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
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
  readonly state: DemoState;
  /**
   * Fills a library that starts empty, and goes on with what a stop cut short. `isWanted` is the
   * setting of whoever runs the place; what a person asked for is finished without it too.
   * Settles when nothing is left to do, also after a failure, which is logged.
   */
  start(isWanted: boolean): Promise<void>;
  /** A person asks for the patients: they come, also when they were deleted before. */
  ask(): void;
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** Ends the work; it starts over at the next start. */
  stop(): Promise<void>;
}

/** Why the patients are made: the library was empty, or a person asked. */
type Reason = 'wanted' | 'asked';

/**
 * Puts the two synthetic patients into the library, without holding up anything: a child process
 * makes the files, then they go through the ordinary ingest. A mark in the data folder remembers
 * whether that is still to do, so a deleted demo patient does not come back by itself.
 */
export function createDemo(deps: DemoDeps): Demo {
  const stopping = new AbortController();
  const { signal } = stopping;
  const mark = join(deps.dataFolder, 'demo.json');
  let state: DemoState['state'] = 'idle';
  let work = Promise.resolve();

  const run = (reason: Reason): Promise<void> => {
    if (state === 'running' || signal.aborted) return work;
    state = 'running';
    work = fill(deps, mark, reason, signal).then(
      () => {
        state = 'idle';
      },
      (error: unknown) => {
        state = 'failed';
        if (!signal.aborted) deps.log.error('The demo patients could not be made', error);
      },
    );
    return work;
  };
  const toDo = async (isWanted: boolean): Promise<Reason | undefined> => {
    const noted = existsSync(mark) ? await readFile(mark, 'utf8') : undefined;
    if (noted?.includes('"asked"')) return 'asked';
    if (!isWanted) return undefined;
    const isLeft = noted === undefined ? await deps.isEmpty() : noted.includes('"wanted"');
    return isLeft ? 'wanted' : undefined;
  };
  const ask = () => void run('asked');
  return {
    get state() {
      return { state };
    },
    start: async (isWanted) => {
      const reason = await toDo(isWanted);
      if (reason) await run(reason);
    },
    ask,
    routes: async (app) => {
      app.get('/api/demo', { config: { permission: 'read' } }, async () => ({ state }));
      app.post('/api/demo', { config: { permission: 'import' } }, async (_request, reply) => {
        ask();
        return reply.code(202).send({ state });
      });
    },
    stop: async () => {
      stopping.abort();
      await work;
    },
  };
}

async function fill(
  deps: DemoDeps,
  mark: string,
  reason: Reason,
  signal: AbortSignal,
): Promise<void> {
  const { dataFolder, ingest, log, patients = demoPatients } = deps;
  await writeFile(mark, JSON.stringify({ demo: reason }));

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
