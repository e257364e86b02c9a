import {
  affineFromSteps,
  downsampledAffine,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import type { Pace } from '../pace.ts';

/** A volume of block means; the working grid of the classical pipeline. */
export interface CoarseVolume extends Volume<Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>> {
  readonly factor: Vec3;
}

export const coarseSize = (size: Vec3, factor: Vec3): Vec3 => [
  Math.ceil(size[0] / factor[0]),
  Math.ceil(size[1] / factor[1]),
  Math.ceil(size[2] / factor[2]),
];

/**
 * Means over blocks of `factor` voxels (1, 2 or 4 per axis; blocks at the far border may be cut).
 * Integers for HU, floats otherwise.
 */
export async function shrink(
  volume: Volume,
  factor: Vec3,
  kind: 'int16' | 'float32',
  pace: Pace,
): Promise<CoarseVolume> {
  const coarse = emptyCoarse(volume, factor, kind);
  const sums = new Float64Array(coarse.size[0]);
  for (let k = 0; k < coarse.size[2]; k++) {
    shrinkSlice(volume, factor, coarse.size, k, coarse.data, sums);
    pace.step('body', (0.8 * k) / coarse.size[2]);
    await pace.breathe();
  }
  return coarse;
}

/** The same at once, for volumes that are coarse already. */
export function shrinkNow(volume: Volume, factor: Vec3, kind: 'int16' | 'float32'): CoarseVolume {
  const coarse = emptyCoarse(volume, factor, kind);
  const sums = new Float64Array(coarse.size[0]);
  for (let k = 0; k < coarse.size[2]; k++)
    shrinkSlice(volume, factor, coarse.size, k, coarse.data, sums);
  return coarse;
}

/** The part of a coarse volume that begins at `first`. */
export function cropCoarse(v: CoarseVolume, first: Vec3, size: Vec3): CoarseVolume {
  const n = size[0] * size[1] * size[2];
  const data = v.data instanceof Int16Array ? new Int16Array(n) : new Float32Array(n);
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const from = first[0] + v.size[0] * (first[1] + y + v.size[1] * (first[2] + z));
      data.set(v.data.subarray(from, from + size[0]), size[0] * (y + size[1] * z));
    }
  }
  const m = v.affine;
  const affine = affineFromSteps(stepI(m), stepJ(m), stepK(m), toPatient(m, first));
  return { ...v, size, affine, data };
}

function emptyCoarse(volume: Volume, factor: Vec3, kind: 'int16' | 'float32'): CoarseVolume {
  const size = coarseSize(volume.size, factor);
  const n = size[0] * size[1] * size[2];
  return {
    size,
    affine: downsampledAffine(volume.affine, factor),
    frameOfReferenceUid: volume.frameOfReferenceUid,
    data: kind === 'int16' ? new Int16Array(n) : new Float32Array(n),
    factor,
  };
}

function shrinkSlice(
  volume: Volume,
  [fx, fy, fz]: Vec3,
  size: Vec3,
  k: number,
  out: Int16Array | Float32Array,
  sums: Float64Array,
): void {
  const [nx, ny, nz] = volume.size;
  const { data } = volume;
  const z1 = Math.min(nz, (k + 1) * fz);
  for (let j = 0; j < size[1]; j++) {
    const y1 = Math.min(ny, (j + 1) * fy);
    sums.fill(0);
    let rows = 0;
    for (let z = k * fz; z < z1; z++) {
      for (let y = j * fy; y < y1; y++, rows++) addRow(data, nx * (y + ny * z), nx, fx, sums);
    }
    const target = size[0] * (j + size[1] * k);
    const scale = 1 / (rows * fx);
    for (let i = 0; i < size[0]; i++) out[target + i] = (sums[i] as number) * scale;
    const rest = nx % fx;
    if (rest !== 0) out[target + size[0] - 1] = (sums[size[0] - 1] as number) / (rows * rest);
  }
}

function addRow(
  data: Volume['data'],
  start: number,
  nx: number,
  fx: number,
  sums: Float64Array,
): void {
  const whole = Math.floor(nx / fx);
  let p = start;
  if (fx === 2) {
    for (let i = 0; i < whole; i++, p += 2)
      sums[i] = (sums[i] as number) + (data[p] as number) + (data[p + 1] as number);
  } else if (fx === 4) {
    for (let i = 0; i < whole; i++, p += 4)
      sums[i] =
        (sums[i] as number) +
        (data[p] as number) +
        (data[p + 1] as number) +
        (data[p + 2] as number) +
        (data[p + 3] as number);
  } else {
    for (let i = 0; i < whole; i++, p++) sums[i] = (sums[i] as number) + (data[p] as number);
  }
  for (; p < start + nx; p++) sums[whole] = (sums[whole] as number) + (data[p] as number);
}
