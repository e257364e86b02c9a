import { createVoxels, type Vec3, type VoxelArray, voxelTypeOf } from '@yuepian/geometry';
import { downsampledSize } from './levels.ts';

/**
 * Mean of blocks of `factor` voxels, always taken from the full volume so that rounding happens
 * once. Integers round half up. Blocks at the far border average the voxels there are.
 * @param data full resolution, `size` voxels.
 */
export function boxAverage(data: VoxelArray, size: Vec3, factor: Vec3): VoxelArray {
  const [nx, ny, nz] = size;
  const [fx, fy, fz] = factor;
  const [mx, my, mz] = downsampledSize(size, factor);
  const type = voxelTypeOf(data);
  const out = createVoxels(type, mx * my * mz);
  const round = type !== 'float32';
  const sums = new Float64Array(mx);
  const wholeColumns = Math.floor(nx / fx);
  for (let k = 0; k < mz; k++) {
    const kEnd = Math.min(nz, (k + 1) * fz);
    for (let j = 0; j < my; j++) {
      const jEnd = Math.min(ny, (j + 1) * fy);
      sums.fill(0);
      for (let kk = k * fz; kk < kEnd; kk++) {
        for (let jj = j * fy; jj < jEnd; jj++) addRow(data, nx * (jj + ny * kk), nx, fx, sums);
      }
      const rows = (kEnd - k * fz) * (jEnd - j * fy);
      const target = mx * (j + my * k);
      for (let i = 0; i < mx; i++) {
        const columns = i < wholeColumns ? fx : nx - i * fx;
        const mean = (sums[i] as number) / (rows * columns);
        out[target + i] = round ? Math.floor(mean + 0.5) : mean;
      }
    }
  }
  return out;
}

function addRow(data: VoxelArray, start: number, nx: number, fx: number, sums: Float64Array): void {
  if (fx === 2) {
    const pairs = nx >> 1;
    let p = start;
    for (let i = 0; i < pairs; i++, p += 2) {
      sums[i] = (sums[i] as number) + (data[p] as number) + (data[p + 1] as number);
    }
    if (nx & 1) sums[pairs] = (sums[pairs] as number) + (data[p] as number);
    return;
  }
  let p = start;
  for (let i = 0, left = nx; left > 0; i++, left -= fx) {
    let sum = 0;
    for (let n = Math.min(left, fx); n > 0; n--) sum += data[p++] as number;
    sums[i] = (sums[i] as number) + sum;
  }
}

/**
 * A label map on a coarser grid. Within a block the label of the highest rank that fills at least
 * one voxel in `share` wins, so that thin bone is not outvoted by the skin around it; below that,
 * the most frequent label.
 * @param rank rank of each label (index = label), background 0; higher wins.
 */
export function downsampleLabels(
  data: Uint8Array,
  size: Vec3,
  factor: Vec3,
  rank: Uint8Array,
  share = 4,
): Uint8Array {
  const [nx, ny, nz] = size;
  const [fx, fy, fz] = factor;
  if (fx * fy * fz === 1) return data;
  const [mx, my, mz] = downsampledSize(size, factor);
  const out = new Uint8Array(mx * my * mz);
  const counts = new Uint32Array(256);
  const seen: number[] = [];
  for (let k = 0, target = 0; k < mz; k++) {
    const kEnd = Math.min(nz, (k + 1) * fz);
    for (let j = 0; j < my; j++) {
      const jEnd = Math.min(ny, (j + 1) * fy);
      for (let i = 0; i < mx; i++, target++) {
        const iEnd = Math.min(nx, (i + 1) * fx);
        let total = 0;
        for (let kk = k * fz; kk < kEnd; kk++) {
          for (let jj = j * fy; jj < jEnd; jj++) {
            const row = nx * (jj + ny * kk);
            for (let ii = i * fx; ii < iEnd; ii++) {
              const label = data[row + ii] as number;
              if ((counts[label] as number) === 0) seen.push(label);
              counts[label] = (counts[label] as number) + 1;
              total++;
            }
          }
        }
        out[target] =
          seen.length === 1 ? (seen[0] as number) : pick(seen, counts, rank, total, share);
        for (const label of seen) counts[label] = 0;
        seen.length = 0;
      }
    }
  }
  return out;
}

function pick(
  seen: readonly number[],
  counts: Uint32Array,
  rank: Uint8Array,
  total: number,
  share: number,
): number {
  let best = -1;
  for (const label of seen) {
    if ((counts[label] as number) * share < total) continue;
    if (best < 0 || compare(label, best, counts, rank) > 0) best = label;
  }
  if (best >= 0) return best;
  for (const label of seen) {
    if (best < 0 || (counts[label] as number) > (counts[best] as number)) best = label;
  }
  return best;
}

const compare = (a: number, b: number, counts: Uint32Array, rank: Uint8Array): number =>
  (rank[a] as number) - (rank[b] as number) || (counts[a] as number) - (counts[b] as number);
