import type { Vec3 } from '@yuepian/geometry';

/** First voxel of each tile along one axis: evenly spread, the last one ends with the axis. */
export function tileStarts(length: number, tile: number, step: number): number[] {
  if (length <= tile) return [0];
  // nnU-Net compute_steps_for_sliding_window: as few tiles as overlap by at least 1 − step.
  const count = Math.ceil((length - tile) / (tile * step)) + 1;
  const stride = (length - tile) / (count - 1);
  return Array.from({ length: count }, (_, n) => Math.round(n * stride));
}

/** Weight of a tile's voxels along one axis: a Gaussian of an eighth of the tile (Isensee 2021). */
export function tileWeights(tile: number): Float32Array<ArrayBuffer> {
  const sigma = tile / 8;
  const middle = (tile - 1) / 2;
  return Float32Array.from({ length: tile }, (_, n) =>
    Math.exp(-((n - middle) ** 2) / (2 * sigma * sigma)),
  );
}

/** Finished logits of whole planes. */
export interface LogitPlanes {
  /** First plane along D. */
  readonly first: number;
  readonly planes: number;
  /** [classes][planes][H][W]. */
  readonly logits: Float32Array;
}

/**
 * Weighted sums of overlapping tiles, in order of growing D. Planes that no later tile reaches are
 * given away at once, so that only a tile's depth of all classes is ever held.
 */
export class TileAccumulator {
  readonly #size: Vec3;
  readonly #tile: Vec3;
  readonly #classes: number;
  readonly #weights: readonly Float32Array[];
  readonly #depth: number;
  readonly #sums: Float32Array<ArrayBuffer>;
  readonly #weight: Float32Array<ArrayBuffer>;
  /** Plane of the volume that is the first one held. */
  #first = 0;

  /** @param size [W, H, D] of the crop. @param tile the same of a tile, no axis longer than `size`. */
  constructor(size: Vec3, tile: Vec3, classes: number) {
    this.#size = size;
    this.#tile = tile;
    this.#classes = classes;
    this.#depth = tile[2];
    this.#weights = tile.map((n) => tileWeights(n));
    const plane = size[0] * size[1];
    this.#sums = new Float32Array(classes * this.#depth * plane);
    this.#weight = new Float32Array(this.#depth * plane);
  }

  /** @param logits [classes][tile D][tile H][tile W]. @param at first voxel [w, h, d] of the tile. */
  add(logits: Float32Array, at: Vec3): void {
    const [tw, th, td] = this.#tile;
    const [w, h] = this.#size;
    const [gx, gy, gz] = this.#weights as [Float32Array, Float32Array, Float32Array];
    const held = this.#depth * h * w;
    for (let z = 0; z < td; z++) {
      for (let y = 0; y < th; y++) {
        const gyz = (gz[z] as number) * (gy[y] as number);
        const to = at[0] + w * (at[1] + y + h * (at[2] - this.#first + z));
        for (let x = 0; x < tw; x++) {
          this.#weight[to + x] = (this.#weight[to + x] as number) + gyz * (gx[x] as number);
        }
        for (let c = 0; c < this.#classes; c++) {
          const from = tw * (y + th * (z + td * c));
          const base = c * held + to;
          for (let x = 0; x < tw; x++) {
            this.#sums[base + x] =
              (this.#sums[base + x] as number) +
              (logits[from + x] as number) * gyz * (gx[x] as number);
          }
        }
      }
    }
  }

  /** Planes before `plane` are complete: gives them and makes room. */
  finish(plane: number): LogitPlanes | undefined {
    const planes = Math.min(plane - this.#first, this.#depth);
    if (planes <= 0) return undefined;
    const [w, h] = this.#size;
    const count = planes * w * h;
    const held = this.#depth * w * h;
    const logits = new Float32Array(this.#classes * count);
    for (let c = 0; c < this.#classes; c++) {
      const from = c * held;
      for (let n = 0; n < count; n++) {
        logits[c * count + n] =
          (this.#sums[from + n] as number) / Math.max(this.#weight[n] as number, 1e-12);
      }
      this.#sums.copyWithin(from, from + count, from + held);
      this.#sums.fill(0, from + held - count, from + held);
    }
    this.#weight.copyWithin(0, count, held);
    this.#weight.fill(0, held - count, held);
    const first = this.#first;
    this.#first += planes;
    return { first, planes, logits };
  }
}
