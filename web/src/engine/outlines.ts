import type { VolumeLevel, YuepianError } from '@yuepian/contract';
import type { DecodePool } from './decode-pool.ts';
import { LabelTexture } from './label-texture.ts';
import { ownersOf } from './labels.ts';
import { ownError } from './own-error.ts';
import type { Scene } from './scene.ts';
import type { GlWindow } from './stage.ts';
import type { LabelMapInput } from './types.ts';

/** The label map of the shown structures: names what lies under a point, and outlines it in planes. */
export class Outlines {
  readonly #scene: Scene;
  readonly #pool: DecodePool;
  readonly #window: () => GlWindow | undefined;
  readonly #max3dTextureSize: number;
  readonly #changed: () => void;
  readonly #failed: (url: string, error: YuepianError) => void;
  #loading: AbortController | undefined;
  #url: string | undefined;

  constructor(options: {
    scene: Scene;
    pool: DecodePool;
    window: () => GlWindow | undefined;
    max3dTextureSize: number;
    changed: () => void;
    failed: (url: string, error: YuepianError) => void;
  }) {
    this.#scene = options.scene;
    this.#pool = options.pool;
    this.#window = options.window;
    this.#max3dTextureSize = options.max3dTextureSize;
    this.#changed = options.changed;
    this.#failed = options.failed;
  }

  /** @param levels of the shown volume, which say what grid the map is on. */
  set(labelMap: LabelMapInput | undefined, levels: readonly VolumeLevel[]): void {
    if (labelMap?.url === this.#url) return;
    this.clear();
    const level = levels.find((l) => l.level === labelMap?.level);
    if (labelMap && level) void this.#load(labelMap.url, level);
  }

  /** Colours, visibility or the wish for outlines changed. */
  refresh(): void {
    const { labels, outlines, models, modelsVisible } = this.#scene;
    const window = this.#window();
    // Only on the card when wanted: it is as many voxels as its level of the volume.
    if (window && labels && outlines && !this.#scene.labelTexture) {
      if (labels.size.some((n) => n > this.#max3dTextureSize)) return;
      this.#scene.labelTexture = new LabelTexture(window.getContext(), labels);
    }
    const owners = modelsVisible ? ownersOf(models.labelled()) : new Map<number, string>();
    this.#scene.labelTexture?.setLooks(models.lookTable(owners));
  }

  clear(): void {
    this.#loading?.abort();
    this.#url = undefined;
    this.#scene.labels = undefined;
    this.#scene.labelTexture?.release();
    this.#scene.labelTexture = undefined;
  }

  async #load(url: string, { size, affine }: VolumeLevel): Promise<void> {
    this.#url = url;
    const controller = new AbortController();
    this.#loading = controller;
    try {
      const { buffer, byteLength } = await this.#pool.slab(
        {
          kind: 'slab',
          url: new URL(url, location.href).href,
          coding: 'gzip',
          voxelType: 'uint8',
          rowLength: size[0],
          voxels: size[0] * size[1] * size[2],
        },
        'early',
        controller.signal,
      );
      if (controller.signal.aborted) return;
      this.#scene.labels = { size, affine, data: new Uint8Array(buffer, 0, byteLength) };
      this.refresh();
      this.#changed();
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#url = undefined;
      this.#failed(url, ownError(error));
    }
  }
}
