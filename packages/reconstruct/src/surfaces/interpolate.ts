import { affineFromSteps, stepI, stepJ, stepK, toPatient, type Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { type LabelGrid, wholeGrid } from './slices.ts';

/** Layers to make per slice so that voxels get nearly cubic; 1 where they are within a factor of 2. */
export function layersBetween(spacing: Vec3): number {
  const inPlane = (spacing[0] + spacing[1]) / 2;
  return Math.max(1, Math.min(6, Math.round(spacing[2] / inPlane / 1.25)));
}

/**
 * Shape-based interpolation (Raya & Udupa, IEEE Trans. Medical Imaging 9(1), 1990): between two
 * slices a segment's edge moves as the mean of its signed in-plane distances does. Labels are
 * replaced by segment numbers. Each slice becomes `layers` layers centred on where it was, so the
 * extent along k and hence the volume stay as they are. Only pixels whose neighbour slices differ
 * have anything to decide, so distances are made around those alone.
 */
export async function interpolated(
  grid: LabelGrid,
  segmentOf: Uint8Array,
  layers: number,
  pace: Pace,
): Promise<LabelGrid> {
  const [nx, ny, nz] = grid.size;
  const area = nx * ny;
  const data = new Uint8Array(area * nz * layers);
  const shape = new Shape(nx, ny, layers * 4);
  const read = (k: number): Slice => {
    const slice = new Slice(shape, grid, segmentOf, k);
    for (let n = 0; n < layers; n++)
      slice.copyTo(data.subarray((k * layers + n) * area, (k * layers + n + 1) * area));
    return slice;
  };
  let low = read(0);
  let high = nz > 1 ? read(1) : undefined;
  let pair = high && differences(shape, low, high);
  for (let k = 0; high && pair; k++) {
    // A slice must know where both its neighbours differ before its distances are made.
    const above = k + 2 < nz ? read(k + 2) : undefined;
    const next = above && differences(shape, high, above);
    blend(shape, low, high, pair, data, k, layers);
    low.release();
    [low, high, pair] = [high, above, next];
    await pace.breathe();
  }
  const m = grid.affine;
  const thin = stepK(m).map((v) => v / layers) as unknown as Vec3;
  const first = toPatient(m, [0, 0, 0.5 / layers - 0.5]);
  return wholeGrid({
    size: [nx, ny, nz * layers],
    affine: affineFromSteps(stepI(m), stepJ(m), thin, first),
    data,
  });
}

/** Pixels per side of the tiles in which distances are made. */
const tile = 16;

/** What the slices of a grid have in common: planes with one pixel of padding, cut into tiles. */
class Shape {
  readonly nx: number;
  readonly ny: number;
  readonly stride: number;
  readonly across: number;
  readonly down: number;
  /** Distances above this, in pixels, are not told apart. */
  readonly clip: number;
  readonly #free: Float32Array[] = [];

  constructor(nx: number, ny: number, clip: number) {
    this.nx = nx;
    this.ny = ny;
    this.stride = nx + 2;
    this.across = Math.ceil(nx / tile);
    this.down = Math.ceil(ny / tile);
    this.clip = clip;
  }

  /** A plane full of `clip`. */
  plane(): Float32Array {
    const plane = this.#free.pop() ?? new Float32Array(this.stride * (this.ny + 2));
    return plane.fill(this.clip);
  }

  release(plane: Float32Array): void {
    this.#free.push(plane);
  }
}

/** One slice: its segments and, made when first asked for, the distance to each segment's edge. */
class Slice {
  /** Padded by repeating the border: an edge may not arise where the grid ends. */
  readonly labels: Uint8Array;
  readonly #shape: Shape;
  /** Per segment, tiles in which its distance will be asked for. */
  readonly #wanted = new Map<number, Uint8Array>();
  readonly #distances = new Map<number, Float32Array>();

  constructor(shape: Shape, grid: LabelGrid, segmentOf: Uint8Array, k: number) {
    const { nx, ny, stride } = shape;
    this.#shape = shape;
    this.labels = new Uint8Array(stride * (ny + 2));
    const { data } = grid;
    for (let y = 0; y < ny; y++) {
      const from = grid.start + grid.row * y + grid.plane * k;
      const to = stride * (y + 1) + 1;
      for (let x = 0; x < nx; x++)
        this.labels[to + x] = segmentOf[data[from + x] as number] as number;
      this.labels[to - 1] = this.labels[to] as number;
      this.labels[to + nx] = this.labels[to + nx - 1] as number;
    }
    this.labels.copyWithin(0, stride, stride * 2);
    this.labels.copyWithin(stride * (ny + 1), stride * ny, stride * (ny + 1));
  }

  /** Without the padding. */
  copyTo(out: Uint8Array): void {
    const { nx, ny, stride } = this.#shape;
    for (let y = 0; y < ny; y++) {
      const from = stride * (y + 1) + 1;
      out.set(this.labels.subarray(from, from + nx), y * nx);
    }
  }

  want(segment: number, tileAt: number): void {
    let tiles = this.#wanted.get(segment);
    if (tiles === undefined) {
      tiles = new Uint8Array(this.#shape.across * this.#shape.down);
      this.#wanted.set(segment, tiles);
    }
    tiles[tileAt] = 1;
  }

  /** Unsigned chamfer distance to the nearest pixel across the segment's edge, where wanted. */
  distance(segment: number): Float32Array {
    let d = this.#distances.get(segment);
    if (d === undefined) {
      d = this.#shape.plane();
      const tiles = this.#wanted.get(segment);
      if (tiles) chamfer(this.#shape, this.labels, segment, grown(this.#shape, tiles), d);
      this.#distances.set(segment, d);
    }
    return d;
  }

  release(): void {
    for (const plane of this.#distances.values()) this.#shape.release(plane);
    this.#distances.clear();
  }

  /**
   * Signed distance, positive inside, averaged with weights ¼ ½ ¼ along both axes: the steps of the
   * pixels would leave grooves from slice to slice.
   * @param p index in the padded plane.
   */
  smoothDistance(segment: number, d: Float32Array, p: number): number {
    const { nx, ny, stride } = this.#shape;
    const x = p % stride;
    const y = (p - x) / stride;
    const left = x > 1 ? -1 : 0;
    const right = x < nx ? 1 : 0;
    const up = y > 1 ? -stride : 0;
    const down = y < ny ? stride : 0;
    const at = (q: number): number => {
      const v = d[q] as number;
      return this.labels[q] === segment ? v - 0.5 : 0.5 - v;
    };
    const row = (q: number): number => at(q + left) + 2 * at(q) + at(q + right);
    return (row(p + up) + 2 * row(p) + row(p + down)) / 16;
  }
}

/** Padded indices of the pixels that differ between two slices; both slices are told. */
function differences(shape: Shape, a: Slice, b: Slice): Int32Array {
  const { nx, ny, stride } = shape;
  const found: number[] = [];
  for (let y = 1; y <= ny; y++) {
    for (let p = stride * y + 1; p <= stride * y + nx; p++) {
      const la = a.labels[p] as number;
      const lb = b.labels[p] as number;
      if (la === lb) continue;
      found.push(p);
      const at =
        shape.across * Math.floor((y - 1) / tile) + Math.floor((p - stride * y - 1) / tile);
      a.want(la, at);
      a.want(lb, at);
      b.want(la, at);
      b.want(lb, at);
    }
  }
  return Int32Array.from(found);
}

/** The layers between the centres of slices k and k + 1, at the pixels that differ. */
function blend(
  shape: Shape,
  low: Slice,
  high: Slice,
  pixels: Int32Array,
  out: Uint8Array,
  k: number,
  layers: number,
): void {
  const { nx, ny, stride } = shape;
  const area = nx * ny;
  // Distance from the centre of slice k to that of the layer, in slices; 0 and 1 are the slices'.
  const places: { readonly start: number; readonly t: number }[] = [];
  for (let n = 0; n < 2 * layers; n++) {
    const t = (n + 0.5) / layers - 0.5;
    if (t > 1e-9 && t < 1 - 1e-9) places.push({ start: (k * layers + n) * area, t });
  }
  let [la, lb] = [-1, -1];
  let lowA: Float32Array = empty;
  let lowB: Float32Array = empty;
  let highA: Float32Array = empty;
  let highB: Float32Array = empty;
  for (const p of pixels) {
    const a = low.labels[p] as number;
    const b = high.labels[p] as number;
    if (a !== la || b !== lb) {
      [la, lb] = [a, b];
      lowA = low.distance(a);
      lowB = low.distance(b);
      highA = high.distance(a);
      highB = high.distance(b);
    }
    // Any third segment is outside in both slices and cannot win.
    const atLow = low.smoothDistance(a, lowA, p) - low.smoothDistance(b, lowB, p);
    const atHigh = high.smoothDistance(a, highA, p) - high.smoothDistance(b, highB, p);
    const x = p % stride;
    const pixel = nx * ((p - x) / stride - 1) + x - 1;
    for (const { start, t } of places) {
      const lead = (1 - t) * atLow + t * atHigh;
      // On a tie the nearer slice wins.
      out[start + pixel] = lead > 0 || (lead === 0 && t <= 0.5) ? a : b;
    }
  }
}

const empty = new Float32Array(0);

/** The tiles and all within `clip` pixels of them. */
function grown({ across, down, clip }: Shape, tiles: Uint8Array): Uint8Array {
  const reach = Math.ceil((clip + 1) / tile);
  const out = new Uint8Array(tiles.length);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      if (tiles[across * y + x] === 0) continue;
      const from = Math.max(0, x - reach);
      const to = Math.min(across, x + reach + 1);
      for (let b = Math.max(0, y - reach); b <= Math.min(down - 1, y + reach); b++)
        out.fill(1, across * b + from, across * b + to);
    }
  }
  return out;
}

/**
 * Chamfer distance (weights 1, √2) in pixels to the nearest pixel on the other side of the segment's
 * edge, in some tiles; `d` holds `clip` everywhere before.
 */
function chamfer(
  shape: Shape,
  labels: Uint8Array,
  segment: number,
  tiles: Uint8Array,
  d: Float32Array,
): void {
  const { nx, ny, stride, across } = shape;
  for (let y = 1; y <= ny; y++) {
    const row = across * Math.floor((y - 1) / tile);
    for (let x = 0; x < across; x++) {
      if (tiles[row + x] === 0) continue;
      const end = stride * y + 1 + Math.min(nx, (x + 1) * tile);
      for (let p = stride * y + 1 + x * tile; p < end; p++)
        relax(labels, segment, d, p, stride, -1);
    }
  }
  for (let y = ny; y >= 1; y--) {
    const row = across * Math.floor((y - 1) / tile);
    for (let x = across - 1; x >= 0; x--) {
      if (tiles[row + x] === 0) continue;
      const start = stride * y + 1 + x * tile;
      for (let p = Math.min(stride * y + nx, start + tile - 1); p >= start; p--)
        relax(labels, segment, d, p, stride, 1);
    }
  }
}

/** Nearer through one of the four neighbours that come before (-1) or after (1) the pixel. */
function relax(
  labels: Uint8Array,
  segment: number,
  d: Float32Array,
  p: number,
  stride: number,
  way: 1 | -1,
): void {
  const own = labels[p] === segment;
  const beside = p + way;
  const over = p + way * stride;
  const a = ((labels[beside] === segment) === own ? (d[beside] as number) : 0) + 1;
  const b = ((labels[over] === segment) === own ? (d[over] as number) : 0) + 1;
  const c = ((labels[over - 1] === segment) === own ? (d[over - 1] as number) : 0) + Math.SQRT2;
  const e = ((labels[over + 1] === segment) === own ? (d[over + 1] as number) : 0) + Math.SQRT2;
  let v = d[p] as number;
  if (a < v) v = a;
  if (b < v) v = b;
  if (c < v) v = c;
  if (e < v) v = e;
  d[p] = v;
}
