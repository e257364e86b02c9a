import type { Vec3 } from '@yuepian/geometry';
import { affineOfPart, type BoxGrid, voxelMm3 } from './interactive/box.ts';
import type { ProbabilityBox } from './uncertainty.ts';

/** Further behind the best, in logits, a class adds nothing that a byte could hold. */
const nothing = 8;

/**
 * A network's own probabilities on its own grid, gathered slab by slab: the winning class of every
 * voxel, how sure it is of it, and how many voxels each class has above 25 % and above 75 %. One
 * byte a voxel and class would not fit; what is kept is enough for the band along a border.
 */
export class Sureness {
  readonly #grid: BoxGrid;
  readonly #classes: number;
  readonly #labels: Uint8Array;
  /** Probability of the winner, 0…255. */
  readonly #best: Uint8Array;
  readonly #won: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** Of every class, once all slabs are here. */
  #bounds: readonly Bounds[] | undefined;

  readonly #areProbabilities: boolean;

  /**
   * @param grid of the network, `i + w·(j + h·k)`.
   * @param areProbabilities what comes has gone through a softmax or sigmoid in the network: a softmax of
   *   that would call everything unsure.
   */
  constructor({ size, affine }: BoxGrid, classes: number, areProbabilities = false) {
    this.#areProbabilities = areProbabilities;
    // Only these two: the grid that comes may hold more.
    this.#grid = { size, affine };
    this.#classes = classes;
    const voxels = size[0] * size[1] * size[2];
    this.#labels = new Uint8Array(voxels);
    this.#best = new Uint8Array(voxels);
    this.#won = new Float64Array(classes);
    this.#low = new Float64Array(classes);
    this.#high = new Float64Array(classes);
  }

  /** @param logits [classes][planes][H][W]; or probabilities, see the constructor. */
  add(first: number, planes: number, logits: Float32Array): void {
    const plane = this.#grid.size[0] * this.#grid.size[1];
    const count = planes * plane;
    for (let i = 0, to = first * plane; i < count; i++, to++) {
      let [best, top] = [0, logits[i] as number];
      for (let c = 1, at = i + count; c < this.#classes; c++, at += count) {
        const v = logits[at] as number;
        if (v > top) [best, top] = [c, v];
      }
      this.#labels[to] = best;
      this.#won[best] = (this.#won[best] as number) + 1;
      if (this.#areProbabilities) {
        this.#best[to] = Math.round(255 * Math.min(1, Math.max(0, top)));
        for (let c = 0, at = i; c < this.#classes; c++, at += count)
          this.#count(c, logits[at] as number);
        continue;
      }
      let sum = 0;
      for (let c = 0, at = i; c < this.#classes; c++, at += count) {
        const behind = (logits[at] as number) - top;
        if (behind > -nothing) sum += Math.exp(behind);
      }
      this.#best[to] = Math.round(255 / sum);
      for (let c = 0, at = i; c < this.#classes; c++, at += count) {
        const behind = (logits[at] as number) - top;
        if (behind < -2) continue;
        this.#count(c, Math.exp(behind) / sum);
      }
    }
  }

  #count(c: number, p: number): void {
    if (p > 0.25) this.#high[c] = (this.#high[c] as number) + 1;
    if (p > 0.75) this.#low[c] = (this.#low[c] as number) + 1;
  }

  /** mL of the voxels a class has with p > 0.75, wins, and has with p > 0.25. */
  rangeOf(label: number): {
    readonly lowMl: number;
    readonly wonMl: number;
    readonly highMl: number;
  } {
    const ml = voxelMm3(this.#grid) / 1000;
    const of = (counts: Float64Array): number => (counts[label] ?? 0) * ml;
    return { lowMl: of(this.#low), wonMl: of(this.#won), highMl: of(this.#high) };
  }

  /**
   * Probabilities of a class around where it wins, one byte each: that of the winner inside; outside what
   * the winner leaves, which is all its own where two classes meet and too much where more do.
   * Undefined where it wins nowhere.
   */
  boxOf(label: number, margin = 3): ProbabilityBox | undefined {
    const [nx, ny] = this.#grid.size;
    this.#bounds ??= boundsOf(this.#labels, this.#grid.size, this.#classes);
    const { low, high } = this.#bounds[label] ?? { low: [], high: [] };
    if ((high[0] ?? -1) < 0) return undefined;
    const first = low.map((v) => Math.max(0, v - margin)) as unknown as Vec3;
    const end = high.map((v, a) => Math.min((this.#grid.size[a] as number) - 1, v + margin));
    const size = end.map((e, a) => e - (first[a] as number) + 1) as unknown as Vec3;
    const data = new Uint8Array(size[0] * size[1] * size[2]);
    for (let k = 0, to = 0; k < size[2]; k++)
      for (let j = 0; j < size[1]; j++) {
        let from = first[0] + nx * (j + first[1] + ny * (k + first[2]));
        for (let i = 0; i < size[0]; i++, from++, to++) {
          const best = this.#best[from] as number;
          data[to] = this.#labels[from] === label ? best : 255 - best;
        }
      }
    return { size, affine: affineOfPart(this.#grid.affine, first), data };
  }
}

interface Bounds {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** First and last voxel of every label along each axis, in one pass; high −1 where there is none. */
function boundsOf(labels: Uint8Array, [nx, ny, nz]: Vec3, classes: number): Bounds[] {
  const bounds = Array.from({ length: classes }, () => ({
    low: [nx, ny, nz],
    high: [-1, -1, -1],
  }));
  for (let k = 0, n = 0; k < nz; k++)
    for (let j = 0; j < ny; j++)
      for (let i = 0; i < nx; i++, n++) {
        const own = bounds[labels[n] as number];
        if (own === undefined) continue;
        const { low, high } = own;
        if (i < (low[0] as number)) low[0] = i;
        if (i > (high[0] as number)) high[0] = i;
        if (j < (low[1] as number)) low[1] = j;
        if (j > (high[1] as number)) high[1] = j;
        if (k < (low[2] as number)) low[2] = k;
        high[2] = k;
      }
  return bounds;
}
