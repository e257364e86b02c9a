import { type VolumeLevel, type VolumeManifest, YuepianError } from '@yuepian/contract';
import {
  type Affine,
  createVoxels,
  invert,
  nearestVoxel,
  type PatientPoint,
  toPatient,
  type Volume,
  type VoxelArray,
  voxelsFromBytes,
} from '@yuepian/geometry';
import type { DecodePool, Turn } from './decode-pool.ts';
import { Emitter } from './emitter.ts';
import type { VolumeProgress, VolumeSession } from './types.ts';

type Slab = Awaited<ReturnType<DecodePool['slab']>>;

/** What a session does with a level while it arrives; the engine puts it on the graphics card. */
export interface LevelSink {
  /** Slices [first, first + count) of the level's data are in place. */
  arrived(first: number, count: number): void;
  /** All are in place. Resolves when the level is on the screen. */
  finish(): Promise<void>;
  discard(): void;
}
export interface LevelHost {
  begin(level: VolumeLevel, volume: Volume): LevelSink;
}

/**
 * Loads one volume: the coarsest level first, then finer ones, each shown as soon as it is whole. One
 * array a level, filled in place; the workers' buffers are the only other copies and live for a slab.
 */
export class VolumeLoading implements VolumeSession {
  readonly manifest: VolumeManifest;
  readonly done: Promise<void>;
  readonly #pool: DecodePool;
  readonly #host: LevelHost;
  readonly #controller = new AbortController();
  readonly #changed = new Emitter<VolumeProgress>();
  readonly #onClose: () => void;
  readonly #plan: readonly VolumeLevel[];
  /** Level this stops at (0 = full). */
  readonly finest: number;
  #ahead: readonly Promise<Slab>[] | undefined;
  #full: Volume | undefined;
  #inverse: Affine | undefined;
  #shown: number | undefined;
  #bytes = 0;
  #complete = false;
  /** What some view draws is coarser than what is in memory. */
  #coarser = false;
  #closed = false;

  /** @param finest level to stop at (0 = full). */
  constructor(options: {
    manifest: VolumeManifest;
    pool: DecodePool;
    host: LevelHost;
    finest: number;
    /** The coarsest level's slabs, where they were asked for before. */
    ahead: readonly Promise<Slab>[] | undefined;
    signal: AbortSignal | undefined;
    onClose: () => void;
  }) {
    this.manifest = options.manifest;
    this.#pool = options.pool;
    this.#host = options.host;
    this.#onClose = options.onClose;
    this.#ahead = options.ahead;
    this.#plan = planOf(options.manifest, options.finest);
    this.finest = this.#plan.at(-1)?.level ?? 0;
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
    if (options.signal?.aborted) this.#controller.abort();
    this.done = this.#load();
    // Whoever shows the volume hears of failures through `onProblem` as well.
    this.done.catch(() => undefined);
  }

  get progress(): VolumeProgress {
    const total = this.#plan.reduce((n, l) => n + l.slabBytes.reduce((a, b) => a + b, 0), 0);
    return {
      shown: this.#shown,
      fraction: this.#complete ? 1 : total === 0 ? 0 : Math.min(1, this.#bytes / total),
      preview: this.#shown !== 0 || this.#coarser,
      complete: this.#complete,
    };
  }

  onProgress(listener: (p: VolumeProgress) => void): () => void {
    return this.#changed.on(listener);
  }

  valueAt(p: PatientPoint): { readonly value: number; readonly unit: string } | undefined {
    if (!this.#full || !this.#inverse) return undefined;
    const value = nearestVoxel(this.#full, toPatient(this.#inverse, p));
    return value === undefined ? undefined : { value, unit: this.manifest.unit };
  }

  fullVolume(): Volume | undefined {
    return this.#full;
  }

  /** Some view draws coarser voxels than are in memory, until `done`; for good where that fails. */
  coarser(done: Promise<void>): void {
    const say = (coarser: boolean): void => {
      this.#coarser = coarser;
      this.#changed.emit(this.progress);
    };
    say(true);
    done.then(
      () => say(false),
      () => undefined,
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controller.abort();
    this.#changed.clear();
    this.#full = undefined;
    this.#onClose();
  }

  async #load(): Promise<void> {
    // Asked for at once: models and labels that the caller asks for next queue up behind it.
    const release = this.#pool.hold();
    try {
      await this.#loadLevels(release);
    } finally {
      release();
    }
  }

  /** @param firstShown called when the first level is on the screen. */
  async #loadLevels(firstShown: () => void): Promise<void> {
    let asked = this.#ahead ?? this.#ask(this.#plan[0], 'first');
    this.#ahead = undefined;
    // Nothing is told before the caller holds the session.
    await Promise.resolve();
    for (const [i, level] of this.#plan.entries()) {
      const next = (): void => {
        asked = this.#ask(this.#plan[i + 1]);
      };
      await this.#loadLevel(level, asked, i === 0 ? () => undefined : next);
      if (i > 0) continue;
      // The first slices share the cores with nobody; from here on fetching runs ahead of showing.
      next();
      firstShown();
    }
    this.#complete = true;
    this.#changed.emit(this.progress);
  }

  #ask(level: VolumeLevel | undefined, turn: Turn = 'voxels'): readonly Promise<Slab>[] {
    return level ? ask(this.#pool, this.manifest, level, turn, this.#controller.signal) : [];
  }

  /** @param arrived called when all slabs are in place, before the level is on the screen. */
  async #loadLevel(
    level: VolumeLevel,
    slabs: readonly Promise<Slab>[],
    arrived: () => void,
  ): Promise<void> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    const { voxelType, frameOfReferenceUid } = this.manifest;
    const [nx, ny, nz] = level.size;
    const data = allocate(voxelType, nx * ny * nz);
    const volume: Volume = { size: level.size, affine: level.affine, frameOfReferenceUid, data };
    const sink = this.#host.begin(level, volume);
    try {
      await Promise.all(
        slabs.map(async (asked, slab) => {
          const { buffer, byteLength } = await asked;
          const first = slab * level.slabSlices;
          const bytes = new Uint8Array(buffer, 0, byteLength);
          data.set(voxelsFromBytes(voxelType, bytes), nx * ny * first);
          this.#pool.giveBack(buffer);
          this.#bytes += level.slabBytes[slab] ?? 0;
          sink.arrived(first, Math.min(level.slabSlices, nz - first));
          this.#changed.emit(this.progress);
        }),
      );
      if (level.level === 0) {
        this.#full = volume;
        this.#inverse = invert(volume.affine);
      }
      arrived();
      await sink.finish();
    } catch (error) {
      sink.discard();
      this.#controller.abort(error);
      throw error;
    }
    signal.throwIfAborted();
    this.#shown = level.level;
    this.#changed.emit(this.progress);
  }
}

/** A volume that is not shown yet: its coarsest level, asked for ahead. */
export class LoadingAhead {
  readonly manifest: VolumeManifest;
  readonly #controller = new AbortController();
  readonly #slabs: readonly Promise<Slab>[];

  constructor(manifest: VolumeManifest, pool: DecodePool, finest: number) {
    this.manifest = manifest;
    const level = planOf(manifest, finest)[0];
    this.#slabs = level ? ask(pool, manifest, level, 'first', this.#controller.signal) : [];
  }

  /** The slabs, if they are this volume's; else they are let go of. */
  take(m: VolumeManifest): readonly Promise<Slab>[] | undefined {
    if (m.id === this.manifest.id && m.revision === this.manifest.revision) return this.#slabs;
    this.drop();
    return undefined;
  }

  drop(): void {
    this.#controller.abort();
  }
}

/** The levels to load, coarsest first, down to `finest`. */
function planOf(m: VolumeManifest, finest: number): readonly VolumeLevel[] {
  const coarsest = Math.max(...m.levels.map((l) => l.level));
  return m.levels
    .filter((l) => l.level >= Math.min(finest, coarsest))
    .toSorted((a, b) => b.level - a.level);
}

/** Sets the workers to a level's slabs; they answer while the page makes room for them. */
function ask(
  pool: DecodePool,
  manifest: VolumeManifest,
  level: VolumeLevel,
  turn: Turn,
  signal: AbortSignal,
): readonly Promise<Slab>[] {
  const [nx, ny, nz] = level.size;
  return level.slabBytes.map((_, slab) => {
    const first = slab * level.slabSlices;
    const asked = pool.slab(
      {
        kind: 'slab',
        url: slabUrl(manifest, level, slab),
        coding: level.coding,
        voxelType: manifest.voxelType,
        rowLength: nx,
        voxels: nx * ny * Math.min(level.slabSlices, nz - first),
        full: level.level === 0,
      },
      turn,
      signal,
    );
    // Whoever awaits it later hears of the failure; until then it is nobody's.
    asked.catch(() => undefined);
    return asked;
  });
}

/** With the revision the answer may be kept for ever, and never mixes with a series that has grown. */
export const slabUrl = (m: VolumeManifest, level: VolumeLevel, slab: number): string => {
  const path = `/api/volumes/${m.id}/levels/${level.level}/slabs/${slab}`;
  const revision = m.revision === undefined ? '' : `?r=${encodeURIComponent(m.revision)}`;
  return new URL(path + revision, location.href).href;
};

function allocate(type: VolumeManifest['voxelType'], voxels: number): VoxelArray {
  try {
    return createVoxels(type, voxels);
  } catch (error) {
    const needed = `${Math.round((voxels * 2) / 2 ** 20)} MB`;
    throw new YuepianError('out_of_memory', { needed, available: '?' }, { cause: error });
  }
}
