import type { Vec3 } from '@yuepian/geometry';
import { squaredDistances } from '../grid/distance.ts';

/** A mask cut at its necks. */
export interface Fragments {
  readonly count: number;
  /** Number of the fragment per voxel, -1 outside of the mask. */
  readonly ofVoxel: Int32Array;
  /** Depth of the deepest voxel in mm: half the thickness of the thickest place. */
  readonly depth: Float64Array;
  /** That voxel. */
  readonly peak: Int32Array;
  /** Depth of every voxel, mm. */
  readonly depths: Float32Array;
}

/**
 * Watershed of the distance transform: bone is flooded from its deepest voxels outward; two basins
 * become one where the neck between them is nearly as deep as the shallower of the two, else the neck
 * is a border.
 * @param ratio depth of a neck over the depth of the shallower basin from which on they are one.
 * @param least mm: shallower basins and shallower differences never make a border.
 */
export function fragmentsOf(
  data: Uint8Array,
  size: Vec3,
  step: Vec3,
  ratio: number,
  least: number,
): Fragments {
  const depth = squaredDistances(data, size, step, 0);
  for (let i = 0; i < depth.length; i++) depth[i] = Math.sqrt(depth[i] as number);
  const order = deepestFirst(depth, data);
  const basin = new Int32Array(data.length).fill(-1);
  const parent: number[] = [];
  const peak: number[] = [];
  const deepest: number[] = [];
  const root = (b: number): number => {
    let r = b;
    while (parent[r] !== r) r = parent[r] as number;
    for (let n = b; parent[n] !== r; ) {
      const next = parent[n] as number;
      parent[n] = r;
      n = next;
    }
    return r;
  };
  const [nx, ny, nz] = size;
  const steps = [1, nx, nx * ny];
  for (const v of order) {
    const d = depth[v] as number;
    const at = [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))];
    let own = -1;
    let ownDepth = -1;
    const met: number[] = [];
    for (let axis = 0; axis < 3; axis++) {
      for (const way of [-1, 1]) {
        const to = (at[axis] as number) + way;
        if (to < 0 || to >= ([nx, ny, nz][axis] as number)) continue;
        const q = v + way * (steps[axis] as number);
        const b = basin[q] as number;
        if (b < 0) continue;
        const r = root(b);
        if (!met.includes(r)) met.push(r);
        if ((depth[q] as number) > ownDepth) {
          ownDepth = depth[q] as number;
          own = r;
        }
      }
    }
    if (own < 0) {
      basin[v] = parent.length;
      parent.push(parent.length);
      peak.push(d);
      deepest.push(v);
      continue;
    }
    basin[v] = own;
    met.sort((a, b) => (peak[b] as number) - (peak[a] as number));
    for (let a = 0; a < met.length; a++) {
      for (let b = a + 1; b < met.length; b++) {
        const [p, q] = [root(met[a] as number), root(met[b] as number)];
        if (p === q) continue;
        const [big, small] = (peak[p] as number) >= (peak[q] as number) ? [p, q] : [q, p];
        const low = peak[small] as number;
        if (d >= ratio * low || low - d < least) parent[small] = big;
      }
    }
  }
  return numbered(
    basin,
    parent.map((_, b) => root(b)),
    peak,
    deepest,
    depth,
  );
}

function numbered(
  basin: Int32Array,
  rootOf: readonly number[],
  peak: readonly number[],
  deepest: readonly number[],
  voxelDepths: Float32Array,
): Fragments {
  const number = new Map<number, number>();
  const depths: number[] = [];
  const voxels: number[] = [];
  for (const r of rootOf) {
    if (number.has(r)) continue;
    number.set(r, depths.length);
    depths.push(peak[r] as number);
    voxels.push(deepest[r] as number);
  }
  const plain = Int32Array.from(rootOf, (r) => number.get(r) ?? -1);
  for (let i = 0; i < basin.length; i++)
    if ((basin[i] as number) >= 0) basin[i] = plain[basin[i] as number] as number;
  return {
    count: depths.length,
    ofVoxel: basin,
    depth: Float64Array.from(depths),
    peak: Int32Array.from(voxels),
    depths: voxelDepths,
  };
}

/** Voxels of the mask by depth, deepest first; a counting sort in steps of 0.05 mm. */
function deepestFirst(depth: Float32Array, data: Uint8Array): Uint32Array {
  const perMm = 20;
  let deepest = 0;
  let total = 0;
  for (let i = 0; i < depth.length; i++) {
    if (data[i] === 0) continue;
    total++;
    deepest = Math.max(deepest, Math.min(depth[i] as number, 500));
  }
  const bins = Math.floor(deepest * perMm) + 1;
  const bin = (i: number): number =>
    bins - 1 - Math.min(bins - 1, Math.floor((depth[i] as number) * perMm));
  const start = new Uint32Array(bins + 1);
  for (let i = 0; i < depth.length; i++)
    if (data[i] !== 0) start[bin(i) + 1] = (start[bin(i) + 1] as number) + 1;
  for (let b = 0; b < bins; b++) start[b + 1] = (start[b + 1] as number) + (start[b] as number);
  const order = new Uint32Array(total);
  for (let i = 0; i < depth.length; i++) {
    if (data[i] === 0) continue;
    const b = bin(i);
    const at = start[b] as number;
    start[b] = at + 1;
    order[at] = i;
  }
  return order;
}

/**
 * The same voxels in other fragments.
 * @param depth in mm, deepest of each fragment, in the order of the numbers in `ofVoxel`.
 * @param peak that voxel of each.
 */
export const renumbered = (
  f: Fragments,
  ofVoxel: Fragments['ofVoxel'],
  depth: readonly number[],
  peak: readonly number[],
): Fragments => ({
  count: depth.length,
  ofVoxel,
  depth: Float64Array.from(depth),
  peak: Int32Array.from(peak),
  depths: f.depths,
});
