import { YuepianError } from '@yuepian/contract';
import type { z } from 'zod';
import type { ChildFailure } from './protocol.ts';

/** The life of a process with one task: waits for it, does it, answers, ends. */
export function answerOnce<T extends z.ZodType>(
  task: T,
  work: (task: z.infer<T>) => Promise<object>,
): void {
  const end = (message: object, code: number): void => {
    process.send?.(message, undefined, {}, () => process.exit(code));
  };
  process.on('disconnect', () => process.exit(1));
  process.once('message', (raw) => {
    work(task.parse(raw)).then(
      (result) => end(result, 0),
      (error: unknown) => {
        console.error(error);
        const known = error instanceof YuepianError ? error : new YuepianError('job_crashed');
        const failure: ChildFailure = {
          failed: true,
          code: known.code,
          details: { ...known.details },
        };
        end(failure, 1);
      },
    );
  });
}
