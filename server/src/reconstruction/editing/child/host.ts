import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { YuepianError } from '@yuepian/contract';
import type { z } from 'zod';
import { type ChildFailure, childFailure } from './protocol.ts';

/**
 * One task in a process of its own: `main` is its program, which answers once.
 * @throws YuepianError what the process said; job_crashed when it ended without a result; the signal's reason when aborted.
 */
export async function runOnce<T extends z.ZodType>(
  main: URL,
  task: object,
  answer: T,
  { signal, log }: { readonly signal: AbortSignal; readonly log: (line: string) => void },
): Promise<z.infer<T>> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(main), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await new Promise<z.infer<T>>((resolve, reject) => {
      let result: { value: z.infer<T> } | undefined;
      let failure: ChildFailure | undefined;
      child.stdout?.on('data', (chunk: Buffer) => log(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => log(chunk.toString()));
      child.on('error', reject);
      child.on('message', (raw) => {
        const failed = childFailure.safeParse(raw);
        const parsed = answer.safeParse(raw);
        if (failed.success) failure = failed.data;
        else if (parsed.success) result = { value: parsed.data };
      });
      child.on('close', () => {
        if (signal.aborted) reject(signal.reason);
        else if (result) resolve(result.value);
        else if (failure) reject(new YuepianError(failure.code, failure.details));
        else reject(new YuepianError('job_crashed'));
      });
      child.send(task, () => undefined);
    });
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
