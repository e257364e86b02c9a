import { parentPort } from 'node:worker_threads';
import { YuepianError } from '@yuepian/contract';
import { decodeFrame } from './decode.ts';
import type { DecodeAnswer, DecodeTask } from './pool.ts';

/** Decodes for the pool; a garbled stream can at worst end this thread. */
parentPort?.on('message', async (task: DecodeTask) => {
  const answer = await decodeFrame(
    task.image,
    task.transferSyntaxUid,
    task.bytes,
    task.options,
  ).then(
    (frame): DecodeAnswer => ({ frame }),
    (error: unknown): DecodeAnswer =>
      error instanceof YuepianError
        ? { code: error.code, details: error.details }
        : { code: 'cannot_decode', details: { reason: String(error).slice(0, 200) } },
  );
  const buffer = 'frame' in answer ? answer.frame.samples.buffer : undefined;
  parentPort?.postMessage(answer, buffer instanceof ArrayBuffer ? [buffer] : []);
});
