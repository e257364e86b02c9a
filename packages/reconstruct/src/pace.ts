import { YuepianError } from '@yuepian/contract';

/**
 * How long a computation may hold the thread before others get their turn: messages, and files that
 * are being written meanwhile, which need a turn for each of their steps. A turn costs about 1 ms.
 */
const holdMilliseconds = 25;

/**
 * Lets a long computation be cancelled and report progress. An AbortSignal only fires when the
 * thread returns to its event loop, so the loop is given a turn every 25 ms.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  readonly #onStep: ((step: string, fraction: number) => void) | undefined;
  #last = performance.now();

  constructor(signal?: AbortSignal, onStep?: (step: string, fraction: number) => void) {
    this.#signal = signal;
    this.#onStep = onStep;
    this.check();
  }

  /** Tells progress; `fraction` of this step, 0…1. */
  step(name: string, fraction: number): void {
    this.#onStep?.(name, Math.min(1, Math.max(0, fraction)));
  }

  /** @throws YuepianError `job_cancelled` once the signal is aborted. */
  check(): void {
    if (this.#signal?.aborted) throw new YuepianError('job_cancelled');
  }

  /** Gives the event loop a turn when it is due. @throws YuepianError `job_cancelled`. */
  async breathe(): Promise<void> {
    this.check();
    if (performance.now() - this.#last < holdMilliseconds) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#last = performance.now();
    this.check();
  }
}
