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
  const vote = new Vote(rank, share);
  const rows: number[] = [];
  for (let k = 0, target = 0; k < mz; k++) {
    const kEnd = Math.min(nz, (k + 1) * fz);
    for (let j = 0; j < my; j++) {
      const jEnd = Math.min(ny, (j + 1) * fy);
      rows.length = 0;
      for (let kk = k * fz; kk < kEnd; kk++) {
        for (let jj = j * fy; jj < jEnd; jj++) rows.push(nx * (jj + ny * kk));
      }
      for (let i = 0; i < mx; i++, target++) {
        const start = i * fx;
        const end = Math.min(nx, start + fx);
        out[target] = isUniform(data, rows, start, end)
          ? (data[(rows[0] as number) + start] as number)
          : vote.winner(data, rows, start, end);
      }
    }
  }
  return out;
}

/** Most blocks hold one label; telling so is ten times as fast as counting. */
function isUniform(data: Uint8Array, rows: readonly number[], start: number, end: number): boolean {
  const label = data[(rows[0] as number) + start] as number;
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r] as number;
    for (let p = row + start; p < row + end; p++) if (data[p] !== label) return false;
  }
  return true;
}

class Vote {
  readonly #rank: Uint8Array;
  readonly #share: number;
  readonly #counts = new Uint32Array(256);
  readonly #seen: number[] = [];

  constructor(rank: Uint8Array, share: number) {
    this.#rank = rank;
    this.#share = share;
  }

  winner(data: Uint8Array, rows: readonly number[], start: number, end: number): number {
    const [counts, seen] = [this.#counts, this.#seen];
    for (const row of rows) {
      for (let p = row + start; p < row + end; p++) {
        const label = data[p] as number;
        if ((counts[label] as number) === 0) seen.push(label);
        counts[label] = (counts[label] as number) + 1;
      }
    }
    const total = rows.length * (end - start);
    const label = pick(seen, counts, this.#rank, total, this.#share);
    for (const one of seen) counts[one] = 0;
    seen.length = 0;
    return label;
  }
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
