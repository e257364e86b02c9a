import { nextFrame } from './next-frame.ts';
import type { VolumeTexture } from './texture.ts';
import type { LevelSink } from './volume-session.ts';

/** Bytes put on the card in one animation frame: more would be felt as a stutter. */
const frameBytes = 8 * 2 ** 20;

/** Brings one level to the graphics card piece by piece while the previous one is shown. */
export class LevelUpload implements LevelSink {
  #texture: VolumeTexture | undefined;
  readonly #slicesPerFrame: number;
  readonly #alive: () => boolean;
  readonly #show: (texture: VolumeTexture | undefined) => void;
  readonly #waiting: { first: number; count: number }[] = [];
  #ready = false;
  #whole = false;
  #failure: { error: unknown } | undefined;
  #discarded = false;
  #scheduled = false;
  #settle: { resolve: () => void; reject: (e: unknown) => void } | undefined;

  /** @param texture comes when the card is ready; undefined where the level is kept in memory only. */
  constructor(options: {
    texture: Promise<VolumeTexture | undefined>;
    sliceBytes: number;
    alive: () => boolean;
    show: (texture: VolumeTexture | undefined) => void;
  }) {
    options.texture.then(
      (texture) => this.#begin(texture),
      (error: unknown) => this.#fail(error),
    );
    this.#slicesPerFrame = Math.max(1, Math.floor(frameBytes / options.sliceBytes));
    this.#alive = options.alive;
    this.#show = options.show;
  }

  arrived(first: number, count: number): void {
    if (this.#discarded || (this.#ready && !this.#texture)) return;
    for (let k = first; k < first + count; k += this.#slicesPerFrame) {
      this.#waiting.push({ first: k, count: Math.min(this.#slicesPerFrame, first + count - k) });
    }
    this.#schedule();
  }

  finish(): Promise<void> {
    this.#whole = true;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#failure) reject(this.#failure.error);
      else this.#schedule();
    });
  }

  discard(): void {
    if (this.#discarded) return;
    this.#discarded = true;
    this.#waiting.length = 0;
    this.#texture?.release();
  }

  #begin(texture: VolumeTexture | undefined): void {
    if (this.#discarded) {
      texture?.release();
      return;
    }
    this.#texture = texture;
    this.#ready = true;
    if (!texture) this.#waiting.length = 0;
    this.#schedule();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#settle?.reject(error);
  }

  #schedule(): void {
    if (this.#scheduled || !this.#ready) return;
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
        this.#show(this.#texture);
        this.#settle?.resolve();
      }
    } catch (error) {
      this.#settle?.reject(error);
    }
  }
}
