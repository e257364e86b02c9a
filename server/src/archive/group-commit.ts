interface Waiting<Item, Result> {
  readonly item: Item;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

const gatherMs = 5;

/**
 * Collects items while a write is under way and hands them to the next one together: one
 * transaction and one fsync for all who came meanwhile. `push` resolves when the item is durable.
 */
export class GroupCommit<Item, Result> {
  readonly #write: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #most: number;
  #waiting: Waiting<Item, Result>[] = [];
  #writing = false;

  constructor(write: (items: readonly Item[]) => Promise<readonly Result[]>, most = 64) {
    this.#write = write;
    this.#most = most;
  }

  push(item: Item): Promise<Result> {
    return new Promise((done, failed) => {
      this.#waiting.push({ item, done, failed });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    // Those who are about to arrive belong to the same group: an fsync costs about as much.
    await new Promise((resolve) => setTimeout(resolve, gatherMs));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#most);
      try {
        await this.#settle(group);
      } catch (error) {
        if (group.length === 1) group[0]?.failed(error);
        // One bad item must not take the others with it: try each alone.
        else for (const one of group) await this.#settle([one]).catch(one.failed);
      }
    }
    this.#writing = false;
  }

  async #settle(group: readonly Waiting<Item, Result>[]): Promise<void> {
    const results = await this.#write(group.map((w) => w.item));
    group.forEach((w, i) => {
      w.done(results[i] as Result);
    });
  }
}
