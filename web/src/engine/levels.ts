import type { VolumeLevel } from '@yuepian/contract';
import type { Volume } from '@yuepian/geometry';
import { type Card, loadCard } from './card.ts';
import { LevelUpload } from './level-upload.ts';
import { nextFrame } from './next-frame.ts';
import type { PlaneView } from './plane-view.ts';
import type { Scene } from './scene.ts';
import type { SolidView } from './solid-view.ts';
import type { VolumeTexture } from './texture.ts';
import type { Capabilities, Problem } from './types.ts';
import type { LevelSink, VolumeLoading } from './volume-session.ts';

/** How long the card waits for the first planes. */
const slowLineMs = 1500;

interface Options {
  readonly capabilities: Capabilities;
  readonly scene: Scene;
  readonly planes: ReadonlySet<PlaneView>;
  readonly solids: ReadonlySet<SolidView>;
  /** The card draws from now on. */
  ready(): void;
  problem(problem: Problem): void;
}

/**
 * Brings each level of a volume to the screen. The first one of all is drawn by the processor: two
 * megabytes of Cornerstone and vtk.js and the set-up of the card come after the first slices, and
 * take over from them without a jump.
 */
export class Levels {
  readonly #options: Options;
  #card: Card | undefined;
  #coming: Promise<Card | undefined> | undefined;
  /** The volume that was said to be too large for the card. */
  #announced: string | undefined;

  constructor(options: Options) {
    this.#options = options;
    if (!options.capabilities.volume) this.#noGraphics();
  }

  get card(): Card | undefined {
    return this.#card;
  }

  /** A volume will come: on a slow line the card gets ready meanwhile. */
  expect(): void {
    if (!this.#card) setTimeout(() => void this.#bringCard(), slowLineMs);
  }

  begin(
    session: VolumeLoading,
    level: VolumeLevel,
    volume: Volume,
    isAlive: () => boolean,
  ): LevelSink {
    if (!this.#card && !this.#options.scene.shown?.volume) {
      const isLast = level.level === session.finest;
      return {
        arrived: () => undefined,
        discard: () => undefined,
        finish: () => this.#showFirst(volume, isAlive, isLast),
      };
    }
    const id = session.manifest.id;
    const texture = this.#bringCard().then((card) =>
      card && isAlive() ? this.#textureOf(card, id, volume) : undefined,
    );
    return new LevelUpload({
      texture,
      sliceBytes: volume.size[0] * volume.size[1] * volume.data.BYTES_PER_ELEMENT,
      alive: isAlive,
      show: (t) => this.#show(volume, t),
    });
  }

  async #showFirst(volume: Volume, isAlive: () => boolean, isLast: boolean): Promise<void> {
    if (!isAlive()) throw new DOMException('closed', 'AbortError');
    this.#show(volume, undefined);
    // Painted in the next frame, on the screen in the one after it.
    await new Promise<void>((resolve) => nextFrame(() => nextFrame(resolve)));
    const card = this.#bringCard();
    if (isLast) await card;
  }

  /** Swaps the level in every view; cameras, window and preset stay as they are. */
  #show(volume: Volume, texture: VolumeTexture | undefined): void {
    const { scene, solids, planes } = this.#options;
    const { shown } = scene;
    if (!shown) return;
    const old = shown.texture;
    shown.volume = volume;
    if (texture) {
      shown.texture = texture;
      for (const v of solids) v.texture();
    }
    for (const v of planes) v.invalidate();
    if (texture) old?.release();
  }

  #bringCard(): Promise<Card | undefined> {
    if (!this.#options.capabilities.volume) return Promise.resolve(undefined);
    this.#coming ??= loadCard().then(
      (card) => {
        this.#take(card);
        return card;
      },
      (error: unknown) => {
        // As if there were none; the next volume tries again.
        console.error(error);
        this.#coming = undefined;
        this.#noGraphics();
        return undefined;
      },
    );
    return this.#coming;
  }

  #take(card: Card): void {
    const { scene, planes, solids, ready, problem } = this.#options;
    this.#card = card;
    card.stage.onContextLost(() => problem({ code: 'context_lost', details: {} }));
    for (const v of [...planes, ...solids]) v.drawBy(card);
    const volume = scene.shown?.volume;
    if (volume) {
      const texture = this.#textureOf(card, 'first', volume);
      texture?.upload(0, volume.size[2]);
      this.#show(volume, texture);
    }
    ready();
  }

  #textureOf(card: Card, id: string, volume: Volume): VolumeTexture | undefined {
    const limit = this.#options.capabilities.max3dTextureSize;
    if (volume.size.every((n) => n <= limit)) {
      const { VolumeTexture } = card.graphics;
      const { glWindow, norm16 } = card.stage;
      return new VolumeTexture(`${id}/${volume.size.join('×')}`, volume, glWindow, norm16);
    }
    if (this.#announced !== id) {
      this.#announced = id;
      const details = { limit, size: Math.max(...volume.size) };
      this.#options.problem({ code: 'volume_too_large_for_graphics', details });
    }
    return undefined;
  }

  #noGraphics(): void {
    const { renderer } = this.#options.capabilities;
    this.#options.problem({ code: 'no_webgl2', details: { renderer } });
  }
}
