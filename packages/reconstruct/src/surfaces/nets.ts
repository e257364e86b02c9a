import type { Affine, Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { coveredCrossings, crossings, plainCrossings } from './crossings.ts';
import type { SliceSource } from './slices.ts';

/**
 * Multi-label surface nets (Gibson, MICCAI 1998; Frisken, J. Computer Graphics Techniques 11(1),
 * 2022) in one pass: a vertex in every 2×2×2 cell whose corners differ, a quad for every pair of
 * neighbouring voxels that differ. Two segments that touch use the same vertices and quads, so
 * there is neither gap nor overlap, and the padding closes everything at the border of the grid.
 */
export interface Net {
  readonly affine: Affine;
  readonly vertexCount: number;
  /** x y z per vertex in voxel indices of the source's grid. */
  readonly positions: Float32Array<ArrayBuffer>;
  /** Up to six neighbours per vertex on the net, -1 where there is none. */
  readonly links: Int32Array;
  /** One bit per link: set where three or more segments meet along it. */
  readonly junctions: Uint8Array;
  /** One where three or more segments (background counts) meet in the cell. */
  readonly isJunction: Uint8Array;
  readonly quadCount: number;
  /** Four vertices per quad; the normal points from `inside` to `outside` in voxel index space. */
  readonly quads: Uint32Array;
  /** Segment on either side per quad. */
  readonly inside: Uint8Array;
  readonly outside: Uint8Array;
  /** Number of the voxel on either side per quad; only good for comparing. */
  readonly insideVoxel: Uint32Array;
  readonly outsideVoxel: Uint32Array;
}

/** Arrays that grow while the pass runs; a net that is made again uses those of the last one. */
export class NetBuilder {
  positions = new Float32Array(3 << 16);
  links = new Int32Array(6 << 16);
  junctions = new Uint8Array(1 << 16);
  isJunction = new Uint8Array(1 << 16);
  vertexCount = 0;
  quads = new Uint32Array(4 << 16);
  inside = new Uint8Array(1 << 16);
  outside = new Uint8Array(1 << 16);
  insideVoxel = new Uint32Array(1 << 16);
  outsideVoxel = new Uint32Array(1 << 16);
  quadCount = 0;

  /** Makes room for one row of cells. */
  reserve(cells: number): void {
    while (this.junctions.length < this.vertexCount + cells) {
      this.positions = doubled(this.positions, Float32Array);
      this.links = doubled(this.links, Int32Array);
      this.junctions = doubled(this.junctions, Uint8Array);
      this.isJunction = doubled(this.isJunction, Uint8Array);
    }
    while (this.inside.length < this.quadCount + cells * 3) {
      this.quads = doubled(this.quads, Uint32Array);
      this.inside = doubled(this.inside, Uint8Array);
      this.outside = doubled(this.outside, Uint8Array);
      this.insideVoxel = doubled(this.insideVoxel, Uint32Array);
      this.outsideVoxel = doubled(this.outsideVoxel, Uint32Array);
    }
  }
}

function doubled<T extends Float32Array | Int32Array | Uint8Array | Uint32Array>(
  a: T,
  Type: new (n: number) => T,
): T {
  const b = new Type(a.length * 2);
  b.set(a);
  return b;
}

/** A padded slice: its segments, the same as 32-bit words, and how full its voxels are. */
export interface Slice {
  readonly labels: Uint8Array;
  readonly words: Int32Array;
  readonly coverage: Uint8Array;
}

/** @param b its arrays become the net's: the next net made with it overwrites this one. */
export async function surfaceNet(
  source: SliceSource,
  pace: Pace,
  b: NetBuilder = new NetBuilder(),
): Promise<Net> {
  const [, ny, nz] = source.size;
  const { stride } = source;
  const length = stride * (ny + 2);
  const slice = (): Slice => {
    const labels = new Uint8Array(length);
    const coverage = new Uint8Array(length).fill(255);
    return { labels, words: new Int32Array(labels.buffer), coverage };
  };
  b.vertexCount = 0;
  b.quadCount = 0;
  let [low, high] = [slice(), slice()];
  // Vertex numbers of this and the previous layer of cells. Stale numbers are never read: a quad
  // only asks for cells that differ, and those wrote their number in this pass.
  let [current, previous] = [new Int32Array(length), new Int32Array(length)];
  for (let k = 0; k <= nz; k++) {
    if (k < nz) source.read(k, high.labels, high.coverage);
    else {
      high.labels.fill(0);
      high.coverage.fill(255);
    }
    layer(b, source.size, stride, k, low, high, current, previous, source.hasCoverage);
    [low, high] = [high, low];
    [current, previous] = [previous, current];
    pace.step('surface', (0.5 * k) / (nz + 1));
    await pace.breathe();
  }
  return {
    affine: source.affine,
    vertexCount: b.vertexCount,
    positions: b.positions.subarray(0, b.vertexCount * 3),
    links: b.links.subarray(0, b.vertexCount * 6),
    junctions: b.junctions.subarray(0, b.vertexCount),
    isJunction: b.isJunction.subarray(0, b.vertexCount),
    quadCount: b.quadCount,
    quads: b.quads.subarray(0, b.quadCount * 4),
    inside: b.inside.subarray(0, b.quadCount),
    outside: b.outside.subarray(0, b.quadCount),
    insideVoxel: b.insideVoxel.subarray(0, b.quadCount),
    outsideVoxel: b.outsideVoxel.subarray(0, b.quadCount),
  };
}

/** All cells between two slices. Skips four cells at a time where all 2×2×5 corners are equal. */
function layer(
  b: NetBuilder,
  size: Vec3,
  stride: number,
  k: number,
  low: Slice,
  high: Slice,
  current: Int32Array,
  previous: Int32Array,
  hasCoverage: boolean,
): void {
  const cells = size[0] + 1;
  const rowWords = stride >> 2;
  const [l, h, lw, hw] = [low.labels, high.labels, low.words, high.words];
  for (let j = 0; j <= size[1]; j++) {
    b.reserve(cells);
    const row = j * stride;
    const firstWord = j * rowWords;
    for (let i = 0; i < cells; ) {
      const word = firstWord + (i >> 2);
      const value = lw[word] as number;
      if (
        value === lw[word + rowWords] &&
        value === hw[word] &&
        value === hw[word + rowWords] &&
        value === ((value << 8) | (value >>> 24))
      ) {
        // Equal throughout; the fourth cell also needs the next column.
        const next = row + i + 4;
        const label = value & 255;
        if (
          i + 3 >= cells ||
          (l[next] === label &&
            l[next + stride] === label &&
            h[next] === label &&
            h[next + stride] === label)
        ) {
          i += 4;
          continue;
        }
        i += 3;
      }
      const end = Math.min(cells, (i & ~3) + 4);
      for (; i < end; i++)
        cell(b, stride, i, j, k, row + i, low, high, current, previous, hasCoverage);
    }
  }
}

function cell(
  b: NetBuilder,
  stride: number,
  i: number,
  j: number,
  k: number,
  p: number,
  low: Slice,
  high: Slice,
  current: Int32Array,
  previous: Int32Array,
  hasCoverage: boolean,
): void {
  const l = low.labels;
  const h = high.labels;
  const a0 = l[p] as number;
  const a1 = l[p + 1] as number;
  const a2 = l[p + stride] as number;
  const a3 = l[p + stride + 1] as number;
  const b0 = h[p] as number;
  const b1 = h[p + 1] as number;
  const b2 = h[p + stride] as number;
  const b3 = h[p + stride + 1] as number;
  if (a0 === a1 && a0 === a2 && a0 === a3 && a0 === b0 && a0 === b1 && a0 === b2 && a0 === b3)
    return;
  const v = b.vertexCount++;
  current[p] = v;

  // Position: the mean of the crossings on the cell's edges, in voxel indices (padding is -1).
  if (hasCoverage) coveredCrossings(low, high, p, stride);
  else plainCrossings(a0, a1, a2, a3, b0, b1, b2, b3);
  const n = crossings[3] as number;
  b.positions[v * 3] = i - 1 + (crossings[0] as number) / n;
  b.positions[v * 3 + 1] = j - 1 + (crossings[1] as number) / n;
  b.positions[v * 3 + 2] = k - 1 + (crossings[2] as number) / n;

  const links = v * 6;
  b.links[links] = b.links[links + 1] = b.links[links + 2] = -1;
  b.links[links + 3] = b.links[links + 4] = b.links[links + 5] = -1;
  b.junctions[v] = 0;
  b.isJunction[v] =
    distinct(a0, a1, a2, a3) > 2 || distinct8(a0, a1, a2, a3, b0, b1, b2, b3) ? 1 : 0;
  // A cell shares a face with its neighbour; the net runs through it when the corners differ.
  if (!(a0 === a2 && a0 === b0 && a0 === b2))
    link(b, v, current[p - 1] as number, 0, distinct(a0, a2, b0, b2) > 2);
  if (!(a0 === a1 && a0 === b0 && a0 === b1))
    link(b, v, current[p - stride] as number, 2, distinct(a0, a1, b0, b1) > 2);
  if (!(a0 === a1 && a0 === a2 && a0 === a3))
    link(b, v, previous[p] as number, 4, distinct(a0, a1, a2, a3) > 2);

  // Quads across the three edges that leave corner (0,0,0).
  const voxel = k * current.length + p;
  if (a0 !== a1) {
    sides(b, a0, a1, voxel, voxel + 1);
    quad(b, v, current[p - stride], previous[p - stride], previous[p]);
  }
  if (a0 !== a2) {
    sides(b, a0, a2, voxel, voxel + stride);
    quad(b, v, previous[p], previous[p - 1], current[p - 1]);
  }
  if (a0 !== b0) {
    sides(b, a0, b0, voxel, voxel + current.length);
    quad(b, v, current[p - 1], current[p - stride - 1], current[p - stride]);
  }
}

function link(b: NetBuilder, v: number, other: number, axis: number, junction: boolean): void {
  b.links[v * 6 + axis] = other;
  b.links[other * 6 + axis + 1] = v;
  if (junction) {
    b.junctions[v] = (b.junctions[v] as number) | (1 << axis);
    b.junctions[other] = (b.junctions[other] as number) | (2 << axis);
  }
}

function sides(
  b: NetBuilder,
  inside: number,
  outside: number,
  insideVoxel: number,
  outsideVoxel: number,
): void {
  b.inside[b.quadCount] = inside;
  b.outside[b.quadCount] = outside;
  b.insideVoxel[b.quadCount] = insideVoxel;
  b.outsideVoxel[b.quadCount] = outsideVoxel;
}

/** The cells around an edge that differs have vertices; a missing one would be a fault of the pass. */
function quad(
  b: NetBuilder,
  v0: number,
  v1: number | undefined,
  v2: number | undefined,
  v3: number | undefined,
): void {
  const q = b.quadCount++ * 4;
  b.quads[q] = v0;
  b.quads[q + 1] = v1 as number;
  b.quads[q + 2] = v2 as number;
  b.quads[q + 3] = v3 as number;
}

/** 1, 2, or 3 for three and more. */
function distinct(a: number, b: number, c: number, d: number): number {
  let other = -1;
  if (b !== a) other = b;
  if (c !== a) {
    if (other < 0) other = c;
    else if (c !== other) return 3;
  }
  if (d !== a) {
    if (other < 0) other = d;
    else if (d !== other) return 3;
  }
  return other < 0 ? 1 : 2;
}

function distinct8(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): boolean {
  let other = -1;
  if (a1 !== a0) other = a1;
  else if (a2 !== a0) other = a2;
  else if (a3 !== a0) other = a3;
  else if (b0 !== a0) other = b0;
  else if (b1 !== a0) other = b1;
  else if (b2 !== a0) other = b2;
  else other = b3;
  return (
    (a1 !== a0 && a1 !== other) ||
    (a2 !== a0 && a2 !== other) ||
    (a3 !== a0 && a3 !== other) ||
    (b0 !== a0 && b0 !== other) ||
    (b1 !== a0 && b1 !== other) ||
    (b2 !== a0 && b2 !== other) ||
    (b3 !== a0 && b3 !== other)
  );
}
