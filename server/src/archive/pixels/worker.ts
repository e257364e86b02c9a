import { parentPort } from 'node:worker_threads';
import { YuepianError } from '@yuepian/contract';
import { decodeFrame } from './decode.ts';
import type { DecodeAnswer, DecodeTask } from './pool.ts';
import { undoCoding } from './undo.ts';

/** Decodes for the pool; a garbled stream can at worst end this thread. */
async function work(task: DecodeTask): Promise<DecodeAnswer> {
  const { image, transferSyntaxUid, bytes, options } = task;
  try {
    return task.want === 'frame'
      ? { frame: await decodeFrame(image, transferSyntaxUid, bytes, options) }
      : { native: await undoCoding(image, transferSyntaxUid, bytes, options) };
  } catch (error) {
    return error instanceof YuepianError
      ? { code: error.code, details: error.details }
      : { code: 'cannot_decode', details: { reason: String(error).slice(0, 200) } };
  }
}

parentPort?.on('message', async (task: DecodeTask) => {
  const answer = await work(task);
  const buffer = 'frame' in answer ? answer.frame.samples.buffer : undefined;
  parentPort?.postMessage(answer, buffer instanceof ArrayBuffer ? [buffer] : []);
});
