import { YuepianError } from '@yuepian/contract';
import { spacing } from '@yuepian/geometry';
import { checkBox, type ImageBox, type MaskBox } from './box.ts';

/** Seeds per voxel of the box: 0 none, 1 inside, 2 outside. */
export const seedValue = { none: 0, inside: 1, outside: 2 } as const;

export interface GrowCutOptions {
  /**
   * Difference of neighbouring values (HU) that counts as an edge. By default twice the noise
   * of the box, estimated from differences of neighbours.
   */
  readonly edge?: number;
  /**
   * How much the values of the seeds decide beside the edges, 0…1: a voxel whose value is rare among
   * the inside seeds is dear for the inside front. 0 is pure GrowCut. Default 0.
   */
  readonly appearance?: number;
}

/**
 * GrowCut in a box as a geodesic (Vezhnevets & Konouchine 2005; equal to shortest paths, Zhu et al.,
 * MICCAI 2014): fronts run from the inside and the outside seeds, every voxel belongs to the front
 * that reaches it first; crossing an edge costs time. Dijkstra with a bucket queue and 16-bit costs,
 * so the time is linear in the number of voxels.
 * @param seeds one byte per voxel, see {@link seedValue}; both kinds must occur.
 * @throws YuepianError `invalid_request` when one kind of seed is missing or the sizes differ.
 */
export function growCut(image: ImageBox, seeds: Uint8Array, options: GrowCutOptions = {}): MaskBox {
  checkBox(image);
  checkBox({ ...image, data: seeds });
  const has = [false, false, false];
  for (let i = 0; i < seeds.length; i++) has[seeds[i] as number] = true;
  if (has[1] !== true || has[2] !== true)
    throw new YuepianError('invalid_request', { reason: 'seeds inside and outside are needed' });
  const costs = costTables(image, seeds, options);
  const front = new Fronts(image, seeds, costs);
  return { size: image.size, affine: image.affine, data: front.run() };
}

/** Levels that values are quantised to, and what a step costs. */
interface Costs {
  /** One level per voxel. */
  readonly levels: Uint8Array;
  /** Cost of a difference of levels, 0…255. */
  readonly edge: Uint16Array;
  /** Cost of entering a level, inside front first, then the outside front. */
  readonly enter: Uint16Array;
  /** Cost of the way itself per axis. */
  readonly way: readonly [number, number, number];
}

/**
 * Between the best settings of a search on seven organs of one CT at 3 mm with labels of another
 * model, so not proven elsewhere: a border is twice the noise, values count little beside borders.
 */
const maximumEdge = 120;
const maximumEnter = 10;

function costTables(image: ImageBox, seeds: Uint8Array, options: GrowCutOptions): Costs {
  const { low, high } = seedRange(image, seeds);
  const width = Math.max(1e-6, (high - low) / 254);
  const levels = new Uint8Array(image.data.length);
  for (let i = 0; i < levels.length; i++)
    levels[i] = Math.max(0, Math.min(255, Math.round(((image.data[i] as number) - low) / width)));
  const edgeLevels = Math.max(1, (options.edge ?? 2 * noiseOf(image, low, high)) / width);
  // Saturates: beyond an edge, more contrast is no stronger border.
  const edge = Uint16Array.from({ length: 256 }, (_, d) =>
    Math.round(maximumEdge * Math.min(1, (d / edgeLevels) ** 2)),
  );
  const step = spacing(image.affine);
  const shortest = Math.min(...step);
  const way = step.map((s) => Math.max(1, Math.min(16, Math.round(s / shortest))));
  return {
    levels,
    edge,
    enter: appearanceCosts(levels, seeds, options.appearance ?? 0),
    way: way as unknown as [number, number, number],
  };
}

/** Range of values around those of the seeds; beyond it differences do not matter. */
function seedRange(image: ImageBox, seeds: Uint8Array): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [mean, n] = [0, 0];
  for (let i = 0; i < seeds.length; i++) {
    if (seeds[i] !== 1) continue;
    const v = image.data[i] as number;
    low = Math.min(low, v);
    high = Math.max(high, v);
    mean += v;
    n++;
  }
  mean /= n;
  const noise = noiseOf(image, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const reach = Math.max(4 * (high - low), 12 * noise, 1e-3);
  return { low: mean - reach / 2, high: mean + reach / 2 };
}

/**
 * Standard deviation of the noise from the median difference of neighbours along x (edges are the
 * minority), among values in the range.
 */
export function noiseOf(image: ImageBox, low: number, high: number): number {
  const { data } = image;
  const stride = Math.max(1, Math.floor(data.length / 20_000));
  const differences: number[] = [];
  for (let i = 1; i < data.length; i += stride) {
    const [a, b] = [data[i - 1] as number, data[i] as number];
    if (a >= low && a <= high && b >= low && b <= high) differences.push(Math.abs(a - b));
  }
  differences.sort((a, b) => a - b);
  // Median |a - b| of two normal values is 0.954 σ.
  return (differences[differences.length >> 1] ?? 0) / 0.954;
}

/** How rare a level is among a front's seeds against the other's, scaled to 0…10. */
function appearanceCosts(levels: Uint8Array, seeds: Uint8Array, weight: number): Uint16Array {
  const enter = new Uint16Array(512);
  if (!(weight > 0)) return enter;
  const inside = smoothHistogram(levels, seeds, 1);
  const outside = smoothHistogram(levels, seeds, 2);
  for (let l = 0; l < 256; l++) {
    const [a, b] = [inside[l] as number, outside[l] as number];
    const share = a / (a + b);
    enter[l] = Math.round(weight * maximumEnter * (1 - share) ** 2);
    enter[256 + l] = Math.round(weight * maximumEnter * share ** 2);
  }
  return enter;
}

function smoothHistogram(levels: Uint8Array, seeds: Uint8Array, kind: number): Float64Array {
  const counts = new Float64Array(256);
  let n = 0;
  for (let i = 0; i < seeds.length; i++) {
    if (seeds[i] !== kind) continue;
    const l = levels[i] as number;
    counts[l] = (counts[l] as number) + 1;
    n++;
  }
  // Parzen window of a few levels, and a floor so that an unseen value is rare, not impossible.
  const out = new Float64Array(256);
  const sigma = 6;
  for (let l = 0; l < 256; l++) {
    const c = counts[l] as number;
    if (c === 0) continue;
    for (let d = -18; d <= 18; d++) {
      const to = l + d;
      if (to < 0 || to > 255) continue;
      out[to] = (out[to] as number) + c * Math.exp(-(d * d) / (2 * sigma * sigma));
    }
  }
  return out.map((v) => v / (n * sigma * Math.sqrt(2 * Math.PI)) + 0.02 / 256);
}

/** The fronts on a grid padded by one voxel on each side, so that no step leaves it. */
class Fronts {
  readonly #image: ImageBox;
  readonly #nx: number;
  readonly #nxy: number;
  readonly #cost: Uint16Array;
  /** 0 not reached, 1 inside, 2 outside; +4 once settled; 255 padding. */
  readonly #owner: Uint8Array;
  readonly #levels: Uint8Array;
  readonly #costs: Costs;
  readonly #heads: Int32Array;
  /** Entries of the queue: voxel and next entry of the same bucket. */
  #voxel: Int32Array;
  #next: Int32Array;
  #free = -1;
  #used = 0;
  #waiting = 0;

  constructor(image: ImageBox, seeds: Uint8Array, costs: Costs) {
    const [nx, ny, nz] = image.size;
    this.#image = image;
    this.#nx = nx + 2;
    this.#nxy = (nx + 2) * (ny + 2);
    const n = this.#nxy * (nz + 2);
    this.#cost = new Uint16Array(n).fill(65535);
    this.#owner = new Uint8Array(n).fill(255);
    this.#levels = new Uint8Array(n);
    this.#costs = costs;
    // More buckets than the dearest step: a circular queue suffices (Dial, CACM 12(11), 1969).
    this.#heads = new Int32Array(256).fill(-1);
    this.#voxel = new Int32Array(1 << 16);
    this.#next = new Int32Array(1 << 16);
    this.#forEachRow((padded, plain) => {
      for (let x = 0; x < nx; x++) {
        const seed = seeds[plain + x] as number;
        this.#levels[padded + x] = costs.levels[plain + x] as number;
        this.#owner[padded + x] = seed;
        if (seed === 0) continue;
        this.#cost[padded + x] = 0;
        this.#push(padded + x, 0);
      }
    });
  }

  #forEachRow(visit: (padded: number, plain: number) => void): void {
    const [nx, ny, nz] = this.#image.size;
    for (let z = 0, plain = 0; z < nz; z++)
      for (let y = 0; y < ny; y++, plain += nx)
        visit(1 + this.#nx * (y + 1) + this.#nxy * (z + 1), plain);
  }

  #push(voxel: number, cost: number): void {
    let entry = this.#free;
    if (entry >= 0) this.#free = this.#next[entry] as number;
    else {
      entry = this.#used++;
      if (entry === this.#voxel.length) {
        const [voxels, next] = [new Int32Array(entry * 2), new Int32Array(entry * 2)];
        voxels.set(this.#voxel);
        next.set(this.#next);
        [this.#voxel, this.#next] = [voxels, next];
      }
    }
    this.#voxel[entry] = voxel;
    this.#next[entry] = this.#heads[cost & 255] as number;
    this.#heads[cost & 255] = entry;
    this.#waiting++;
  }

  run(): Uint8Array<ArrayBuffer> {
    const owner = this.#owner;
    const [wayX, wayY, wayZ] = this.#costs.way;
    const [nx, nxy] = [this.#nx, this.#nxy];
    for (let now = 0; this.#waiting > 0; now++) {
      const slot = now & 255;
      for (
        let entry = this.#heads[slot] as number;
        entry >= 0;
        entry = this.#heads[slot] as number
      ) {
        this.#heads[slot] = this.#next[entry] as number;
        this.#next[entry] = this.#free;
        this.#free = entry;
        this.#waiting--;
        const v = this.#voxel[entry] as number;
        const own = owner[v] as number;
        // Settled already: an older, dearer entry of the same voxel.
        if (own >= 4) continue;
        owner[v] = own + 4;
        const spent = this.#cost[v] as number;
        this.#reach(v, v - 1, own, spent + wayX);
        this.#reach(v, v + 1, own, spent + wayX);
        this.#reach(v, v - nx, own, spent + wayY);
        this.#reach(v, v + nx, own, spent + wayY);
        this.#reach(v, v - nxy, own, spent + wayZ);
        this.#reach(v, v + nxy, own, spent + wayZ);
      }
    }
    const out = new Uint8Array(this.#image.data.length);
    const width = this.#image.size[0];
    this.#forEachRow((padded, plain) => {
      for (let x = 0; x < width; x++) out[plain + x] = owner[padded + x] === 5 ? 1 : 0;
    });
    return out;
  }

  #reach(from: number, to: number, own: number, spent: number): void {
    if ((this.#owner[to] as number) >= 4) return;
    const level = this.#levels[to] as number;
    const d = level - (this.#levels[from] as number);
    const total =
      spent +
      (this.#costs.edge[d < 0 ? -d : d] as number) +
      (this.#costs.enter[(own - 1) * 256 + level] as number);
    // 65535 is "not reached": a way that long is cut there, in order, one below.
    const cost = Math.min(total, 65534);
    if (cost >= (this.#cost[to] as number)) return;
    this.#cost[to] = cost;
    this.#owner[to] = own;
    this.#push(to, cost);
  }
}
