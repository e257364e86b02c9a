import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, YuepianError } from '@yuepian/contract';
import type { ImagePixel } from '@yuepian/dicom';
import type { DecodeOptions } from './decode.ts';
import type { DecodedFrame } from './image.ts';
import type { NativeFrame } from './undo.ts';

export interface DecodeTask {
  readonly want: 'frame' | 'native';
  readonly image: ImagePixel;
  readonly transferSyntaxUid: string;
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
}
export type DecodeAnswer =
  | { readonly frame: DecodedFrame }
  | { readonly native: NativeFrame }
  | { readonly code: ErrorCode; readonly details: ErrorDetails };

/** What is to be decoded; see `decodeFrame`. */
export type FrameTask = Omit<DecodeTask, 'want'>;

interface Waiting {
  readonly task: DecodeTask;
  readonly settle: (answer: DecodeAnswer) => void;
}
interface Hand {
  readonly worker: Worker;
  job: { waiting: Waiting; timer: NodeJS.Timeout } | undefined;
}

/**
 * Decodes frames beside the server's thread, so that a slow or endless codestream neither blocks
 * requests nor ends the process. Threads start on demand and never hold the process open.
 */
export class DecodePool {
  readonly #threads: number;
  readonly #timeoutMs: number;
  readonly #hands = new Set<Hand>();
  readonly #queue: Waiting[] = [];

  constructor(o: { threads?: number; timeoutMs?: number } = {}) {
    this.#threads = o.threads ?? 2;
    this.#timeoutMs = o.timeoutMs ?? 20_000;
  }

  /** @throws what `decodeFrame` throws, and cannot_decode when it takes too long. */
  async decode(task: FrameTask): Promise<DecodedFrame> {
    const answer = await this.#run({ ...task, want: 'frame' });
    if ('frame' in answer) return answer.frame;
    throw errorOf(answer);
  }

  /** @throws what `undoCoding` throws, and cannot_decode when it takes too long. */
  async undo(task: FrameTask): Promise<NativeFrame> {
    const answer = await this.#run({ ...task, want: 'native' });
    if ('native' in answer) return answer.native;
    throw errorOf(answer);
  }

  #run(task: DecodeTask): Promise<DecodeAnswer> {
    return new Promise((settle) => {
      this.#queue.push({ task, settle });
      this.#next();
    });
  }

  async close(): Promise<void> {
    for (const waiting of this.#queue.splice(0)) waiting.settle(failed('the server is stopping'));
    await Promise.all(
      [...this.#hands].map((hand) => this.#dismiss(hand, 'the server is stopping')),
    );
  }

  #next(): void {
    const waiting = this.#queue[0];
    if (waiting === undefined) return;
    let hand = [...this.#hands].find((h) => h.job === undefined);
    if (hand === undefined && this.#hands.size < this.#threads) hand = this.#hire();
    if (hand === undefined) return;
    this.#queue.shift();
    const { worker } = hand;
    const timer = setTimeout(() => {
      void this.#dismiss(hand, `no result after ${this.#timeoutMs / 1000} s`);
    }, this.#timeoutMs);
    hand.job = { waiting, timer };
    worker.ref();
    worker.postMessage(waiting.task);
  }

  #hire(): Hand {
    const hand: Hand = {
      worker: new Worker(new URL('./worker.ts', import.meta.url), {
        resourceLimits: { maxOldGenerationSizeMb: 256 },
      }),
      job: undefined,
    };
    hand.worker.unref();
    hand.worker.on('message', (answer: DecodeAnswer) => {
      const { job } = hand;
      if (job === undefined) return;
      clearTimeout(job.timer);
      hand.job = undefined;
      hand.worker.unref();
      job.waiting.settle(answer);
      this.#next();
    });
    hand.worker.on('error', (error) => void this.#dismiss(hand, error.message));
    hand.worker.on('exit', () => void this.#dismiss(hand, 'the decoder ended'));
    this.#hands.add(hand);
    return hand;
  }

  async #dismiss(hand: Hand, reason: string): Promise<void> {
    if (!this.#hands.delete(hand)) return;
    const { job } = hand;
    hand.job = undefined;
    if (job !== undefined) {
      clearTimeout(job.timer);
      job.waiting.settle(failed(reason));
    }
    await hand.worker.terminate();
    this.#next();
  }
}

const failed = (reason: string): DecodeAnswer => ({ code: 'cannot_decode', details: { reason } });

const errorOf = (answer: DecodeAnswer): YuepianError =>
  'code' in answer
    ? new YuepianError(answer.code, answer.details)
    : new YuepianError('cannot_decode', { reason: 'an unexpected answer' });
