import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { errorCodes, YuepianError } from '@yuepian/contract';
import { z } from 'zod';
import type { Checked } from './check.ts';
import { refused } from './refusal.ts';

const main = fileURLToPath(new URL('./check-main.ts', import.meta.url));

const answer = z.union([
  z.object({ ok: z.literal(true), probabilities: z.enum(['softmax', 'sigmoid']).optional() }),
  z.object({
    ok: z.literal(false),
    code: z.enum(errorCodes),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
]);

/**
 * Checks a model folder in a process of its own; see check.ts, also for what it returns.
 * @throws YuepianError model_refused, engine_unreachable; model_refused (`engine`) when the process
 *   dies of the model.
 */
export async function checkInProcess(folder: string, signal?: AbortSignal): Promise<Checked> {
  signal?.throwIfAborted();
  const child = fork(main, [folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  try {
    return await new Promise<Checked>((resolve, reject) => {
      let told: z.infer<typeof answer> | undefined;
      child.on('message', (raw) => {
        const read = answer.safeParse(raw);
        if (read.success) told = read.data;
      });
      child.on('error', reject);
      child.on('close', (code, killedBy) => {
        if (signal?.aborted) reject(signal.reason);
        else if (told?.ok) {
          const { probabilities } = told;
          resolve(probabilities ? { probabilities } : {});
        } else if (told) reject(new YuepianError(told.code, told.details));
        else reject(refused('engine', `the check ended with ${killedBy ?? code}. ${words}`.trim()));
      });
    });
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}
