import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { YuepianError } from '@yuepian/contract';
import { type ModelResult, type ModelTask, modelResult } from './protocol.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * Makes one model in a process of its own.
 * @throws YuepianError job_crashed when it ended without a result; the signal's reason when aborted.
 */
export async function runModelChild(
  task: ModelTask,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<ModelResult> {
  signal.throwIfAborted();
  const child = fork(main, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await new Promise<ModelResult>((resolve, reject) => {
      let result: ModelResult | undefined;
      child.stdout?.on('data', (chunk: Buffer) => log(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => log(chunk.toString()));
      child.on('error', reject);
      child.on('message', (raw) => {
        const parsed = modelResult.safeParse(raw);
        if (parsed.success) result = parsed.data;
      });
      child.on('close', () => {
        if (signal.aborted) reject(signal.reason);
        else if (result) resolve(result);
        else reject(new YuepianError('job_crashed'));
      });
      child.send(task, () => undefined);
    });
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
