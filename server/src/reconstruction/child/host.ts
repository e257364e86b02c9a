import type { ChildProcess } from 'node:child_process';
import { YuepianError } from '@yuepian/contract';
import { type ChildTask, type FromChild, fromChild, type ToChild } from './protocol.ts';

/** A child that is gone reads no more; its end is told by `close`. */
const ignored = (): void => undefined;

export interface ChildHandlers {
  message: (
    message: Exclude<FromChild, { type: 'done' | 'failed' }>,
  ) => Promise<ToChild | undefined>;
  /** Each line the child writes, and why it failed. */
  log: (line: string) => void;
  started?: ((pid: number) => void) | undefined;
}

/**
 * Runs one task in a process of its own: whatever happens there (memory, a codec that crashes, the
 * system's killer), the server stays up. Aborting kills it at once.
 * @param start gives the process; not called when the signal is aborted already.
 * @throws YuepianError what the child reported; job_crashed when it ended without a word;
 *   the signal's reason when aborted.
 */
export async function runChild(
  task: ChildTask,
  start: () => ChildProcess,
  handlers: ChildHandlers,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const child = start();
  if (child.pid !== undefined) handlers.started?.(child.pid);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      let end: { error?: unknown } | undefined;
      /** Handlers run one after another, as the child sent the messages. */
      let turn = Promise.resolve();
      const fail = (error: unknown): void => {
        end = { error };
        kill();
      };
      child.stdout?.on('data', (chunk: Buffer) => handlers.log(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => handlers.log(chunk.toString()));
      child.on('error', fail);
      child.on('message', (raw) => {
        turn = turn
          .then(async () => {
            const message = fromChild.parse(raw);
            if (message.type === 'done') {
              end = {};
            } else if (message.type === 'failed') {
              if (message.stack) handlers.log(message.stack);
              end = { error: new YuepianError(message.code, message.details) };
            } else {
              const answer = await handlers.message(message);
              if (answer && child.connected) child.send(answer, ignored);
            }
          })
          .catch(fail);
      });
      child.on('close', (code, killedBy) => {
        void turn.then(() => {
          if (signal.aborted) reject(signal.reason);
          else if (end === undefined) {
            handlers.log(`the child process ended early: code ${code}, signal ${killedBy}`);
            reject(new YuepianError('job_crashed'));
          } else if (end.error !== undefined) reject(end.error);
          else resolve();
        });
      });
      child.send({ type: 'start', task } satisfies ToChild, ignored);
    });
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
