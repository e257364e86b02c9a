/** Runs pieces of work one after the other where they share a key, side by side where not. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Takes several keys in one fixed order, so that two callers never wait for each other. */
  async with<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = [...new Set(keys)].sort();
    if (first === undefined) return await work();
    return await this.#one(first, () => this.with(rest, work));
  }

  async #one<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    await before;
    try {
      return await work();
    } finally {
      resolve();
      if (this.#tails.get(key) === promise) this.#tails.delete(key);
    }
  }
}
