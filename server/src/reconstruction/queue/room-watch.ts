/** More than this must have come free since the disk was full: less may be a log that was cut. */
const worthTryingBytes = 16 * 2 ** 20;
/** Tried again after this many looks in any case: a quota is not seen in the free bytes. */
const looksAtMost = 60;

export interface RoomWatchOptions {
  /** Bytes that may still be written where the data lie. */
  readonly freeBytes: () => Promise<number>;
  /** Time between two looks. */
  readonly everyMs: number;
  /** There is room (again). It may find that there is not, and say `full` once more. */
  readonly again: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * Waits on a full disk. Work that failed for want of room is not tried over and over: a volume
 * decoded in vain every few seconds would take the machine from whoever makes the room.
 */
export class RoomWatch {
  readonly #options: RoomWatchOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #freeWhenFull: Promise<number> | undefined;
  #looks = 0;

  constructor(options: RoomWatchOptions) {
    this.#options = options;
  }

  get waiting(): boolean {
    return this.#freeWhenFull !== undefined;
  }

  /** The disk is full; to be said after what was half-written is gone. */
  full(): void {
    if (this.waiting) return;
    this.#freeWhenFull = this.#options.freeBytes().catch(() => 0);
    this.#looks = 0;
    this.#later();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#freeWhenFull = undefined;
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#look().catch(this.#options.failed);
    }, this.#options.everyMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const before = await this.#freeWhenFull;
    if (before === undefined) return;
    const free = await this.#options.freeBytes().catch(() => 0);
    if (!this.waiting) return;
    this.#looks++;
    if (free < before + worthTryingBytes && this.#looks < looksAtMost) {
      this.#later();
      return;
    }
    this.stop();
    await this.#options.again();
  }
}
