import type { Vec3 } from '@yuepian/geometry';
import { type BitMask, emptyMask, not, setRun } from './bits.ts';

/**
 * Connected components of a bit mask by union-find on runs (rows are cut into runs of set voxels;
 * touching runs of neighbouring rows are united). Face neighbours connect.
 */
export interface Components {
  readonly size: Vec3;
  readonly count: number;
  /** Voxels per component. */
  readonly voxels: Float64Array;
  /** Bounding box per component: x0 x1 y0 y1 z0 z1, inclusive. */
  readonly boxes: Int32Array;
  /** Sums of x, y, z per component; divided by voxels, the centroid in voxel indices. */
  readonly sums: Float64Array;
  readonly runs: Runs;
  /** Component of each run. */
  readonly ofRun: Int32Array;
}

export interface Runs {
  readonly count: number;
  readonly start: Int32Array;
  /** Inclusive. */
  readonly end: Int32Array;
  /** First run of each row; rows are y + ny * z. */
  readonly rowStart: Int32Array;
}

/** `volume`: through all axes; `xy`, `xz`: each plane by itself. */
export type Connection = 'volume' | 'xy' | 'xz';

export function components(mask: BitMask, connection: Connection = 'volume'): Components {
  const runs = findRuns(mask);
  const parent = uniteRuns(runs, mask.size, connection);
  const ofRun = new Int32Array(runs.count);
  let count = 0;
  for (let r = 0; r < runs.count; r++) {
    // A root is always the lowest run of its set, so it has its number before any member asks.
    const p = parent[r] as number;
    ofRun[r] = p === r ? count++ : (ofRun[root(parent, r)] as number);
  }
  return { size: mask.size, count, runs, ofRun, ...measure(runs, ofRun, count, mask.size) };
}

/** The voxels of the components for which `keep` is true. */
export function select(c: Components, keep: (component: number) => boolean): BitMask {
  const chosen = new Uint8Array(c.count);
  for (let n = 0; n < c.count; n++) if (keep(n)) chosen[n] = 1;
  const mask = emptyMask(c.size);
  const rows = c.size[1] * c.size[2];
  for (let row = 0; row < rows; row++) {
    const end = c.runs.rowStart[row + 1] as number;
    for (let r = c.runs.rowStart[row] as number; r < end; r++) {
      if (chosen[c.ofRun[r] as number] === 1)
        setRun(mask, row, c.runs.start[r] as number, c.runs.end[r] as number);
    }
  }
  return mask;
}

/** Number of the largest component, -1 when there is none. */
export function largest(c: Components): number {
  let best = -1;
  for (let n = 0; n < c.count; n++)
    if (best < 0 || (c.voxels[n] as number) > (c.voxels[best] as number)) best = n;
  return best;
}

/** Calls back once per run with its component and the index of its first voxel. */
export function forEachRun(
  c: Components,
  visit: (component: number, first: number, length: number) => void,
): void {
  const [nx, ny, nz] = c.size;
  for (let row = 0; row < ny * nz; row++) {
    const end = c.runs.rowStart[row + 1] as number;
    for (let r = c.runs.rowStart[row] as number; r < end; r++) {
      const start = c.runs.start[r] as number;
      visit(c.ofRun[r] as number, row * nx + start, (c.runs.end[r] as number) - start + 1);
    }
  }
}

/** Mean value of `data` over each component. */
export function meanValues(c: Components, data: Int16Array | Float32Array): Float64Array {
  const mean = new Float64Array(c.count);
  forEachRun(c, (component, first, length) => {
    let sum = 0;
    for (let p = first; p < first + length; p++) sum += data[p] as number;
    mean[component] = (mean[component] as number) + sum;
  });
  for (let n = 0; n < c.count; n++) mean[n] = (mean[n] as number) / (c.voxels[n] as number);
  return mean;
}

/** Standard deviation of `data` within each component. */
export function deviations(c: Components, data: Int16Array | Float32Array): Float64Array {
  const mean = meanValues(c, data);
  const squares = new Float64Array(c.count);
  forEachRun(c, (component, first, length) => {
    const m = mean[component] as number;
    let sum = 0;
    for (let p = first; p < first + length; p++) sum += ((data[p] as number) - m) ** 2;
    squares[component] = (squares[component] as number) + sum;
  });
  return squares.map((sum, n) => Math.sqrt(sum / (c.voxels[n] as number)));
}

/** Voxels of `mask` in each component. */
export function countIn(c: Components, mask: BitMask): Float64Array {
  const counts = new Float64Array(c.count);
  const rows = c.size[1] * c.size[2];
  for (let row = 0; row < rows; row++) {
    const end = c.runs.rowStart[row + 1] as number;
    for (let r = c.runs.rowStart[row] as number; r < end; r++) {
      let n = 0;
      for (let x = c.runs.start[r] as number; x <= (c.runs.end[r] as number); x++)
        n += ((mask.words[row * mask.stride + (x >> 5)] as number) >>> (x & 31)) & 1;
      const component = c.ofRun[r] as number;
      counts[component] = (counts[component] as number) + n;
    }
  }
  return counts;
}

/** True when the component reaches the edge of its plane (`xy`, `xz`), i.e. is no hole. */
export function reachesEdge(c: Components, n: number, connection: Connection): boolean {
  const [nx, ny, nz] = c.size;
  const b = c.boxes;
  if (b[n * 6] === 0 || b[n * 6 + 1] === nx - 1) return true;
  if (connection !== 'xz' && (b[n * 6 + 2] === 0 || b[n * 6 + 3] === ny - 1)) return true;
  return connection !== 'xy' && (b[n * 6 + 4] === 0 || b[n * 6 + 5] === nz - 1);
}

/** Background enclosed by the mask, plane by plane or in the volume. */
export function holes(
  mask: BitMask,
  connection: Connection,
  accept: (c: Components, n: number) => boolean = () => true,
): BitMask {
  const c = components(not(mask), connection);
  return select(c, (n) => !reachesEdge(c, n, connection) && accept(c, n));
}

function findRuns(mask: BitMask): Runs {
  const [nx, ny, nz] = mask.size;
  const { stride, words } = mask;
  let capacity = 1 << 16;
  let start = new Int32Array(capacity);
  let end = new Int32Array(capacity);
  const rowStart = new Int32Array(ny * nz + 1);
  let count = 0;
  for (let row = 0; row < ny * nz; row++) {
    rowStart[row] = count;
    if (count + (nx >> 1) + 1 > capacity) {
      capacity = capacity * 2 + nx;
      start = enlarged(start, capacity);
      end = enlarged(end, capacity);
    }
    // `carry` joins a run that reaches the end of one word with the start of the next.
    let carry = false;
    for (let w = 0; w < stride; w++) {
      let bits = words[row * stride + w] as number;
      const x = w * 32;
      while (bits !== 0) {
        const first = 31 - Math.clz32(bits & -bits);
        const rest = ~(bits >>> first);
        const length = rest === 0 ? 32 : 31 - Math.clz32(rest & -rest);
        const stop = Math.min(31, first + length - 1);
        if (carry && first === 0) end[count - 1] = x + stop;
        else {
          start[count] = x + first;
          end[count++] = x + stop;
        }
        carry = stop === 31;
        bits = stop === 31 ? 0 : bits & (-1 << (stop + 1));
        if (bits !== 0) carry = false;
      }
      if ((words[row * stride + w] as number) >= 0) carry = false;
    }
  }
  rowStart[ny * nz] = count;
  return { count, start, end, rowStart };
}

function enlarged(a: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const b = new Int32Array(length);
  b.set(a);
  return b;
}

function uniteRuns(runs: Runs, size: Vec3, connection: Connection): Int32Array {
  const [, ny, nz] = size;
  const parent = new Int32Array(runs.count);
  for (let r = 0; r < runs.count; r++) parent[r] = r;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = y + ny * z;
      if (y > 0 && connection !== 'xz') uniteRows(runs, parent, row, row - 1);
      if (z > 0 && connection !== 'xy') uniteRows(runs, parent, row, row - ny);
    }
  }
  return parent;
}

function uniteRows(runs: Runs, parent: Int32Array, rowA: number, rowB: number): void {
  const { start, end, rowStart } = runs;
  let a = rowStart[rowA] as number;
  let b = rowStart[rowB] as number;
  const endA = rowStart[rowA + 1] as number;
  const endB = rowStart[rowB + 1] as number;
  while (a < endA && b < endB) {
    if ((start[a] as number) <= (end[b] as number) && (start[b] as number) <= (end[a] as number))
      unite(parent, a, b);
    if ((end[a] as number) < (end[b] as number)) a++;
    else b++;
  }
}

function root(parent: Int32Array, r: number): number {
  let n = r;
  while ((parent[n] as number) !== n) {
    // Path halving keeps the trees flat (Tarjan & van Leeuwen, J. ACM 31(2), 1984).
    parent[n] = parent[parent[n] as number] as number;
    n = parent[n] as number;
  }
  return n;
}

function unite(parent: Int32Array, a: number, b: number): void {
  const ra = root(parent, a);
  const rb = root(parent, b);
  if (ra < rb) parent[rb] = ra;
  else parent[ra] = rb;
}

function measure(
  runs: Runs,
  ofRun: Int32Array,
  count: number,
  size: Vec3,
): Pick<Components, 'voxels' | 'boxes' | 'sums'> {
  const [nx, ny, nz] = size;
  const voxels = new Float64Array(count);
  const sums = new Float64Array(count * 3);
  const boxes = new Int32Array(count * 6);
  for (let n = 0; n < count; n++) boxes.set([nx, -1, ny, -1, nz, -1], n * 6);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = y + ny * z;
      const last = runs.rowStart[row + 1] as number;
      for (let r = runs.rowStart[row] as number; r < last; r++) {
        const n = ofRun[r] as number;
        const x0 = runs.start[r] as number;
        const x1 = runs.end[r] as number;
        const length = x1 - x0 + 1;
        voxels[n] = (voxels[n] as number) + length;
        sums[n * 3] = (sums[n * 3] as number) + ((x0 + x1) / 2) * length;
        sums[n * 3 + 1] = (sums[n * 3 + 1] as number) + y * length;
        sums[n * 3 + 2] = (sums[n * 3 + 2] as number) + z * length;
        const b = n * 6;
        if (x0 < (boxes[b] as number)) boxes[b] = x0;
        if (x1 > (boxes[b + 1] as number)) boxes[b + 1] = x1;
        if (y < (boxes[b + 2] as number)) boxes[b + 2] = y;
        if (y > (boxes[b + 3] as number)) boxes[b + 3] = y;
        if (z < (boxes[b + 4] as number)) boxes[b + 4] = z;
        if (z > (boxes[b + 5] as number)) boxes[b + 5] = z;
      }
    }
  }
  return { voxels, boxes, sums };
}
