import type { VolumeLevel } from '@yuepian/contract';
import type { Volume } from '@yuepian/geometry';
import { planeBasis } from './camera.ts';
import { type Card, loadCard } from './card.ts';
import { parallelAxis } from './grid.ts';
import { LevelUpload } from './level-upload.ts';
import { nextFrame } from './next-frame.ts';
import { ownError } from './own-error.ts';
import type { PlaneView } from './plane-view.ts';
import type { Scene } from './scene.ts';
import type { SolidView } from './solid-view.ts';
import type { VolumeTexture } from './texture.ts';
import type { Capabilities, Problem } from './types.ts';
import type { LevelSink, VolumeLoading } from './volume-session.ts';

/** Without a graphics card a larger level stays in memory until it is needed whole. */
const cardBytes = 64 * 2 ** 20;
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
  #session: VolumeLoading | undefined;
  /** Whose voxels are put on the card after all, or could not be. */
  #sharpened: VolumeLoading | undefined;
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
    this.#session = session;
    const id = session.manifest.id;
    if (this.#staysInMemory(level, volume)) {
      return {
        arrived: () => undefined,
        discard: () => undefined,
        finish: async () => {
          if (!isAlive()) throw new DOMException('closed', 'AbortError');
          this.#show(volume, undefined);
        },
      };
    }
    const texture = this.#bringCard().then((card) =>
      card && isAlive() ? this.#textureOf(card, id, volume) : undefined,
    );
    return new LevelUpload({
      texture,
      sliceBytes: sliceBytes(volume),
      alive: isAlive,
      show: (t) => this.#show(volume, t),
    });
  }

  /**
   * Puts voxels on the card that were left in memory: for what one slice of them is not enough, an
   * oblique plane, a slab, 3D seen from near. The session says meanwhile that what is shown is coarser.
   */
  sharpen(): void {
    const session = this.#session;
    if (!session || this.#sharpened === session) return;
    this.#sharpened = session;
    // Asked for while a frame is drawn: a texture made now would change what that frame has bound.
    void Promise.resolve().then(() => this.#sharpen(session));
  }

  #sharpen(session: VolumeLoading): void {
    const { scene, problem } = this.#options;
    const { shown } = scene;
    const volume = shown?.volume;
    const texture =
      volume && this.#card && this.#textureOf(this.#card, session.manifest.id, volume);
    if (!texture || this.#session !== session) return;
    const upload = new LevelUpload({
      texture: Promise.resolve(texture),
      sliceBytes: sliceBytes(volume),
      alive: () => scene.shown === shown,
      show: (t) => this.#show(volume, t),
    });
    upload.arrived(0, volume.size[2]);
    const finished = upload.finish();
    session.coarser(finished);
    finished.catch((error: unknown) => {
      if (scene.shown === shown)
        problem({ code: 'volume_failed', error: ownError(error), details: {} });
    });
  }

  /**
   * A renderer without a card keeps textures in the same memory and fills them at its own cost: 262 MB
   * take two seconds and are sampled by three planes at one slice each.
   */
  #staysInMemory(level: VolumeLevel, volume: Volume): boolean {
    if (!this.#card || !this.#options.capabilities.software || level.level !== 0) return false;
    const gl = this.#card.stage.glWindow.getContext();
    if (!gl.getExtension('OES_texture_float_linear')) return false;
    const axes = Object.values(planeBasis).map((b) => parallelAxis(volume, b.normal));
    return volume.data.byteLength > cardBytes && axes.every((a) => a !== undefined);
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

const sliceBytes = ({ size, data }: Volume): number => size[0] * size[1] * data.BYTES_PER_ELEMENT;
