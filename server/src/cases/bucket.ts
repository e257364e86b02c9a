/**
 * Token bucket: `rate` a second on average, `burst` at once. Time is a parameter, so that it can be
 * tested without waiting.
 */
export class Bucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes tokens, into debt if need be; gives the ms until the debt is paid: 0 when there is none. */
  take(tokens: number, now: number): number {
    this.#refill(now);
    this.#tokens -= tokens;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate) * 1000;
  }

  /** Takes tokens only when they are there. */
  tryTake(tokens: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  #refill(now: number): void {
    const since = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + (since / 1000) * this.#rate);
    this.#at = now;
  }
}
