import type { Affine, Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
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
}

/** Arrays that grow while the pass runs. */
class Builder {
  positions = new Float32Array(3 << 16);
  links = new Int32Array(6 << 16);
  junctions = new Uint8Array(1 << 16);
  isJunction = new Uint8Array(1 << 16);
  vertexCount = 0;
  quads = new Uint32Array(4 << 16);
  inside = new Uint8Array(1 << 16);
  outside = new Uint8Array(1 << 16);
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
interface Slice {
  readonly labels: Uint8Array;
  readonly words: Int32Array;
  readonly coverage: Uint8Array;
}

export async function surfaceNet(source: SliceSource, pace: Pace): Promise<Net> {
  const [, ny, nz] = source.size;
  const { stride } = source;
  const length = stride * (ny + 2);
  const slice = (): Slice => {
    const labels = new Uint8Array(length);
    const coverage = new Uint8Array(length).fill(255);
    return { labels, words: new Int32Array(labels.buffer), coverage };
  };
  const b = new Builder();
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
    positions: b.positions.slice(0, b.vertexCount * 3),
    links: b.links.subarray(0, b.vertexCount * 6),
    junctions: b.junctions.subarray(0, b.vertexCount),
    isJunction: b.isJunction.subarray(0, b.vertexCount),
    quadCount: b.quadCount,
    quads: b.quads.subarray(0, b.quadCount * 4),
    inside: b.inside.subarray(0, b.quadCount),
    outside: b.outside.subarray(0, b.quadCount),
  };
}

/** All cells between two slices. Skips four cells at a time where all 2×2×5 corners are equal. */
function layer(
  b: Builder,
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

const crossings = new Float64Array(4);

function cell(
  b: Builder,
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
  if (a0 !== a1)
    quad(
      b,
      v,
      current[p - stride] as number,
      previous[p - stride] as number,
      previous[p] as number,
      a0,
      a1,
    );
  if (a0 !== a2)
    quad(b, v, previous[p] as number, previous[p - 1] as number, current[p - 1] as number, a0, a2);
  if (a0 !== b0)
    quad(
      b,
      v,
      current[p - 1] as number,
      current[p - stride - 1] as number,
      current[p - stride] as number,
      a0,
      b0,
    );
}

function link(b: Builder, v: number, other: number, axis: number, junction: boolean): void {
  b.links[v * 6 + axis] = other;
  b.links[other * 6 + axis + 1] = v;
  if (junction) {
    b.junctions[v] = (b.junctions[v] as number) | (1 << axis);
    b.junctions[other] = (b.junctions[other] as number) | (2 << axis);
  }
}

function quad(
  b: Builder,
  v0: number,
  v1: number,
  v2: number,
  v3: number,
  inside: number,
  outside: number,
): void {
  const q = b.quadCount++;
  b.quads[q * 4] = v0;
  b.quads[q * 4 + 1] = v1;
  b.quads[q * 4 + 2] = v2;
  b.quads[q * 4 + 3] = v3;
  b.inside[q] = inside;
  b.outside[q] = outside;
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

/** Crossings half-way between voxel centres: sums of x, y, z and their number. */
function plainCrossings(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  let x = 0;
  let y = 0;
  let z = 0;
  let n = 0;
  if (a0 !== a1) {
    x += 0.5;
    n++;
  }
  if (a2 !== a3) {
    x += 0.5;
    y += 1;
    n++;
  }
  if (b0 !== b1) {
    x += 0.5;
    z += 1;
    n++;
  }
  if (b2 !== b3) {
    x += 0.5;
    y += 1;
    z += 1;
    n++;
  }
  if (a0 !== a2) {
    y += 0.5;
    n++;
  }
  if (a1 !== a3) {
    x += 1;
    y += 0.5;
    n++;
  }
  if (b0 !== b2) {
    y += 0.5;
    z += 1;
    n++;
  }
  if (b1 !== b3) {
    x += 1;
    y += 0.5;
    z += 1;
    n++;
  }
  if (a0 !== b0) {
    z += 0.5;
    n++;
  }
  if (a1 !== b1) {
    x += 1;
    z += 0.5;
    n++;
  }
  if (a2 !== b2) {
    y += 1;
    z += 0.5;
    n++;
  }
  if (a3 !== b3) {
    x += 1;
    y += 1;
    z += 0.5;
    n++;
  }
  crossings[0] = x;
  crossings[1] = y;
  crossings[2] = z;
  crossings[3] = n;
}

/** Corner offsets of the twelve edges: [from, to, axis] with corner = x + 2y + 4z. */
const edges = [
  0, 1, 0, 2, 3, 0, 4, 5, 0, 6, 7, 0, 0, 2, 1, 1, 3, 1, 4, 6, 1, 5, 7, 1, 0, 4, 2, 1, 5, 2, 2, 6, 2,
  3, 7, 2,
] as const;
const cornerLabel = new Uint8Array(8);
const cornerCoverage = new Uint8Array(8);

/**
 * Crossings where the coverage passes one half. With c of a voxel filled by its own segment, and
 * 1-d of its neighbour (of which d is the neighbour's own), linear interpolation gives
 * (c - ½) / (c + d - 1).
 */
function coveredCrossings(low: Slice, high: Slice, p: number, stride: number): void {
  for (let n = 0; n < 8; n++) {
    const s = n < 4 ? low : high;
    const at = p + (n & 1) + ((n >> 1) & 1) * stride;
    cornerLabel[n] = s.labels[at] as number;
    cornerCoverage[n] = s.coverage[at] as number;
  }
  let x = 0;
  let y = 0;
  let z = 0;
  let count = 0;
  for (let e = 0; e < 36; e += 3) {
    const from = edges[e] as number;
    const to = edges[e + 1] as number;
    if (cornerLabel[from] === cornerLabel[to]) continue;
    const c = (cornerCoverage[from] as number) / 255 - 0.5;
    const d = (cornerCoverage[to] as number) / 255 - 0.5;
    const sum = c + d;
    const t = sum > 0.01 ? Math.min(1, Math.max(0, c / sum)) : 0.5;
    const axis = edges[e + 2] as number;
    x += (from & 1) + (axis === 0 ? t : 0);
    y += ((from >> 1) & 1) + (axis === 1 ? t : 0);
    z += (from >> 2) + (axis === 2 ? t : 0);
    count++;
  }
  crossings[0] = x;
  crossings[1] = y;
  crossings[2] = z;
  crossings[3] = count;
}
