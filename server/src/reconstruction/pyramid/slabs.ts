import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import {
  decodePlanes,
  encodePlanes,
  type SlabCoding,
  type VolumeLevel,
  YuepianError,
} from '@yuepian/contract';
import {
  bytesPerVoxel,
  createVoxels,
  type Vec3,
  type VoxelArray,
  type VoxelType,
  voxelsFromBytes,
  voxelTypeOf,
} from '@yuepian/geometry';
import { boxAverage } from './downsample.ts';
import { type LevelPlan, planLevels } from './levels.ts';

/** Voxel bytes per slab: one upload per animation frame in the browser (8 MB). */
const slabTarget = 8 * 1024 * 1024;
/**
 * After the filter almost all that is left is noise, in which no matches are to be found: the fast
 * levels, which leave the search out, are as small as level 3 and half as large again as none.
 * Against gzip with run lengths: a quarter smaller, decoded four times as fast in a browser. The
 * checksum is what gzip has of itself: a damaged slab must not become a picture.
 */
const zstdOptions = {
  params: { [constants.ZSTD_c_compressionLevel]: -1, [constants.ZSTD_c_checksumFlag]: 1 },
};
/** Run-length matching finds the flat parts; 1.6 times as fast as level 1, 1 % smaller. */
const gzipOptions = { level: 1, strategy: constants.Z_RLE };
/** Slabs in the hands of zlib's threads at once; one more than the cores, so that none waits. */
const inFlight = 4;

const toZstd = promisify(zstdCompress);
const toGzip = promisify(gzip);
const unzstd = promisify(zstdDecompress);
const ungzip = promisify(gunzip);

export const slabFile = (level: number, slab: number): string => `L${level}-${slab}.bin`;

/** Slices per slab of about 8 MB. */
export function slabSlices(size: Vec3, type: VoxelType): number {
  const slice = size[0] * size[1] * bytesPerVoxel[type];
  return Math.max(1, Math.min(size[2], Math.floor(slabTarget / slice)));
}

/**
 * The coarsest level is gzip, which every browser undoes by itself: the first slice does not wait for
 * a decoder of Zstandard to be fetched and compiled.
 */
export function codingOf(type: VoxelType, isCoarsest: boolean): SlabCoding {
  const packing = isCoarsest ? 'gzip' : 'zstd';
  return type === 'int16' || type === 'uint16' ? `delta-planes+${packing}` : packing;
}

export interface PyramidOptions {
  /** 0…1, as slabs reach the disk. */
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes all levels of a volume as coded slabs into `folder`, coarse levels first.
 * @returns the levels as the manifest lists them, finest first.
 */
export async function writePyramid(
  folder: string,
  volume: { size: Vec3; affine: LevelPlan['affine']; data: VoxelArray },
  options: PyramidOptions = {},
): Promise<VolumeLevel[]> {
  await mkdir(folder, { recursive: true });
  const plans = planLevels(volume.size, volume.affine);
  const total = plans.reduce((sum, p) => sum + p.size[0] * p.size[1] * p.size[2], 0);
  let written = 0;
  const pool = new Bounded(inFlight);
  const levels: VolumeLevel[] = [];
  for (const plan of [...plans].reverse()) {
    const data = plan.level === 0 ? volume.data : boxAverage(volume.data, volume.size, plan.factor);
    const type = voxelTypeOf(data);
    const slices = slabSlices(plan.size, type);
    const coding = codingOf(type, levels.length === 0);
    const [nx, ny, nz] = plan.size;
    const slabBytes: number[] = [];
    for (let slab = 0; slab * slices < nz; slab++) {
      options.signal?.throwIfAborted();
      const part = data.subarray(
        slab * slices * nx * ny,
        Math.min(nz, (slab + 1) * slices) * nx * ny,
      );
      await pool.run(async () => {
        const plain = filter(part, nx);
        const coded = coding.endsWith('zstd')
          ? await toZstd(plain, zstdOptions)
          : await toGzip(plain, gzipOptions);
        slabBytes[slab] = coded.byteLength;
        await writeFile(join(folder, slabFile(plan.level, slab)), coded);
        written += part.length;
        options.onProgress?.(written / total);
      });
    }
    levels.unshift({
      level: plan.level,
      factor: [...plan.factor],
      size: [...plan.size],
      affine: [...plan.affine],
      slabSlices: slices,
      slabBytes,
      coding,
    });
  }
  await pool.settled();
  return levels;
}

/**
 * Reads one level back, bit-identical for level 0.
 * @throws YuepianError not_found when a slab is missing, cannot_decode when one is damaged.
 */
export async function readLevel(
  folder: string,
  level: VolumeLevel,
  type: VoxelType,
  options: PyramidOptions = {},
): Promise<VoxelArray> {
  const [nx, ny, nz] = level.size;
  const out = createVoxels(type, nx * ny * nz);
  const pool = new Bounded(inFlight);
  for (let slab = 0; slab < level.slabBytes.length; slab++) {
    options.signal?.throwIfAborted();
    const start = slab * level.slabSlices * nx * ny;
    const length = Math.min(out.length - start, level.slabSlices * nx * ny);
    await pool.run(async () => {
      const bytes = await readSlab(join(folder, slabFile(level.level, slab)), level.coding);
      if (bytes.byteLength !== length * bytesPerVoxel[type]) {
        throw new YuepianError('cannot_decode', { reason: `slab ${slab} has another length` });
      }
      unfilter(bytes, type, nx, out.subarray(start, start + length));
      options.onProgress?.((slab + 1) / level.slabBytes.length);
    });
  }
  await pool.settled();
  return out;
}

async function readSlab(path: string, coding: SlabCoding): Promise<Uint8Array> {
  const coded = await readFile(path).catch((cause: unknown) => {
    throw new YuepianError('not_found', { what: 'slab' }, { cause });
  });
  const decompress = coding.endsWith('zstd') ? unzstd : ungzip;
  return decompress(coded).catch((cause: unknown) => {
    throw new YuepianError('cannot_decode', { reason: coding }, { cause });
  });
}

function filter(part: VoxelArray, rowLength: number): Uint8Array {
  return part instanceof Int16Array || part instanceof Uint16Array
    ? encodePlanes(part, rowLength)
    : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

function unfilter(bytes: Uint8Array, type: VoxelType, rowLength: number, into: VoxelArray): void {
  if (into instanceof Int16Array) decodePlanes(bytes, 'int16', rowLength, into);
  else if (into instanceof Uint16Array) decodePlanes(bytes, 'uint16', rowLength, into);
  else into.set(voxelsFromBytes(type, bytes));
}

/** Runs at most `limit` tasks at once; `run` waits for a free place, `settled` for all of them. */
export class Bounded {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws the first error of an earlier task. */
  async run(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
    const running = task()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.error;
  }
}
