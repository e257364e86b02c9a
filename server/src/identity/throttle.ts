import { YuepianError } from '@yuepian/contract';

export interface ThrottleOptions {
  /** Attempts before the first wait. */
  readonly free: number;
  /** The wait doubles with each attempt beyond `free`, from one second up to this. */
  readonly longestSeconds: number;
  readonly now?: () => number;
}

/** Attempts are forgotten after this quiet time. */
const memoryMs = 60 * 60_000;
const sweepAbove = 10_000;

/**
 * Slows down guessing: after `free` failures of a key each further one doubles the wait. An attempt
 * counts as failed from its begin until `succeed`, so a burst in parallel gains nothing.
 */
export class Throttle {
  readonly #attempts = new Map<string, { failures: number; last: number; blockedUntil: number }>();
  readonly #free: number;
  readonly #longestMs: number;
  readonly #now: () => number;

  constructor(options: ThrottleOptions) {
    this.#free = options.free;
    this.#longestMs = options.longestSeconds * 1000;
    this.#now = options.now ?? Date.now;
  }

  /** Throws too_many_attempts with the seconds to wait when the key has to wait. */
  check(key: string): void {
    const wait = (this.#attempts.get(key)?.blockedUntil ?? 0) - this.#now();
    if (wait > 0) throw new YuepianError('too_many_attempts', { seconds: Math.ceil(wait / 1000) });
  }

  begin(key: string): void {
    const now = this.#now();
    const before = this.#attempts.get(key);
    const failures = before && now - before.last < memoryMs ? before.failures + 1 : 1;
    const over = failures - this.#free;
    const wait = over > 0 ? Math.min(1000 * 2 ** (over - 1), this.#longestMs) : 0;
    this.#attempts.set(key, { failures, last: now, blockedUntil: now + wait });
    if (this.#attempts.size > sweepAbove) this.#sweep(now);
  }

  succeed(key: string): void {
    this.#attempts.delete(key);
  }

  #sweep(now: number): void {
    for (const [key, { last }] of this.#attempts) {
      if (now - last >= memoryMs) this.#attempts.delete(key);
    }
  }
}
