import type { VolumeTexture } from './texture.ts';
import type { LevelSink } from './volume-session.ts';

/** Bytes put on the card in one animation frame: more would be felt as a stutter. */
const frameBytes = 8 * 2 ** 20;

/** Brings one level to the graphics card piece by piece while the previous one is shown. */
export class LevelUpload implements LevelSink {
  readonly #texture: VolumeTexture | undefined;
  readonly #slicesPerFrame: number;
  readonly #alive: () => boolean;
  readonly #show: () => void;
  readonly #waiting: { first: number; count: number }[] = [];
  #whole = false;
  #discarded = false;
  #scheduled = false;
  #settle: { resolve: () => void; reject: (e: unknown) => void } | undefined;

  /** @param texture undefined where the level is kept in memory only. */
  constructor(options: {
    texture: VolumeTexture | undefined;
    sliceBytes: number;
    alive: () => boolean;
    show: () => void;
  }) {
    this.#texture = options.texture;
    this.#slicesPerFrame = Math.max(1, Math.floor(frameBytes / options.sliceBytes));
    this.#alive = options.alive;
    this.#show = options.show;
  }

  arrived(first: number, count: number): void {
    if (!this.#texture || this.#discarded) return;
    for (let k = first; k < first + count; k += this.#slicesPerFrame) {
      this.#waiting.push({ first: k, count: Math.min(this.#slicesPerFrame, first + count - k) });
    }
    this.#schedule();
  }

  finish(): Promise<void> {
    this.#whole = true;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#schedule();
    });
  }

  discard(): void {
    if (this.#discarded) return;
    this.#discarded = true;
    this.#waiting.length = 0;
    this.#texture?.release();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextFrame(() => {
      this.#scheduled = false;
      this.#step();
    });
  }

  #step(): void {
    if (this.#discarded) return;
    if (!this.#alive()) {
      this.discard();
      this.#settle?.reject(new DOMException('closed', 'AbortError'));
      return;
    }
    try {
      const part = this.#waiting.shift();
      if (part) this.#texture?.upload(part.first, part.count);
      if (this.#waiting.length > 0) this.#schedule();
      else if (this.#whole) {
        this.#show();
        this.#settle?.resolve();
      }
    } catch (error) {
      this.#settle?.reject(error);
    }
  }
}

/** Animation frames stop in a hidden tab; loading goes on there. */
function nextFrame(run: () => void): void {
  let ran = false;
  const once = (): void => {
    if (ran) return;
    ran = true;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    run();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, 250);
}
