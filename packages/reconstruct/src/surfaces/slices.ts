import {
  type Affine,
  affineFromSteps,
  downsampledAffine,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';

/**
 * Slices of segment numbers for the mesher: one byte a voxel (0 = none), one voxel of padding on
 * every side, rows padded to whole 32-bit words. With `coverage`, each voxel also tells which part
 * of it its segment fills (255 = all), which places the surface between the voxels.
 */
export interface SliceSource {
  /** Without padding. */
  readonly size: Vec3;
  readonly affine: Affine;
  /** Bytes per padded row, a multiple of 4. */
  readonly stride: number;
  readonly hasCoverage: boolean;
  /** Fills slice k (0…size[2]-1); both buffers hold stride * (ny + 2) bytes. */
  read(k: number, labels: Uint8Array, coverage: Uint8Array): void;
}

/** A box of a label map, without a copy. */
export interface LabelGrid {
  readonly size: Vec3;
  readonly affine: Affine;
  readonly data: Uint8Array;
  /** Index of the box's first voxel, and the steps to the next row and slice. */
  readonly start: number;
  readonly row: number;
  readonly plane: number;
}

export function wholeGrid(map: { size: Vec3; affine: Affine; data: Uint8Array }): LabelGrid {
  const { size, affine, data } = map;
  return { size, affine, data, start: 0, row: size[0], plane: size[0] * size[1] };
}

/** @param first first voxel of the box. @param size voxels per axis. */
export function cropped(grid: LabelGrid, first: Vec3, size: Vec3): LabelGrid {
  const m = grid.affine;
  return {
    ...grid,
    size,
    affine: affineFromSteps(stepI(m), stepJ(m), stepK(m), toPatient(m, first)),
    start: grid.start + first[0] + grid.row * first[1] + grid.plane * first[2],
  };
}

const paddedStride = (nx: number): number => (nx + 2 + 3) & ~3;

/** Every voxel as it is. `segmentOf` maps label values to segment numbers. */
export function fullSlices(grid: LabelGrid, segmentOf: Uint8Array): SliceSource {
  const [nx, ny] = grid.size;
  const stride = paddedStride(nx);
  return {
    size: grid.size,
    affine: grid.affine,
    stride,
    hasCoverage: false,
    read(k, labels) {
      const { data } = grid;
      for (let y = 0; y < ny; y++) {
        const from = grid.start + grid.row * y + grid.plane * k;
        const to = stride * (y + 1) + 1;
        for (let x = 0; x < nx; x++) labels[to + x] = segmentOf[data[from + x] as number] as number;
      }
    },
  };
}

/**
 * Blocks of `factor` voxels become one: its segment is the most frequent one; on a tie the higher
 * number, so that background never wins one.
 */
export function reducedSlices(grid: LabelGrid, segmentOf: Uint8Array, factor: Vec3): SliceSource {
  const size: Vec3 = [
    Math.ceil(grid.size[0] / factor[0]),
    Math.ceil(grid.size[1] / factor[1]),
    Math.ceil(grid.size[2] / factor[2]),
  ];
  const stride = paddedStride(size[0]);
  const votes = new Uint16Array(256);
  const pairs = pairView(grid, factor);
  return {
    size,
    affine: downsampledAffine(grid.affine, factor),
    stride,
    hasCoverage: true,
    read(k, labels, coverage) {
      for (let j = 0; j < size[1]; j++)
        reduceRow(
          grid,
          pairs,
          segmentOf,
          factor,
          j,
          k,
          votes,
          labels,
          coverage,
          stride * (j + 1) + 1,
        );
    },
  };
}

/** Two voxels of a row at a time, where the blocks lie on even addresses. */
function pairView(grid: LabelGrid, factor: Vec3): Uint16Array | undefined {
  const { data, start, row, plane } = grid;
  if (factor[0] !== 2 || factor[1] !== 2 || factor[2] > 2) return undefined;
  if ([data.byteOffset, data.length, start, row, plane].some((n) => n % 2 !== 0)) return undefined;
  return new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
}

function reduceRow(
  grid: LabelGrid,
  pairs: Uint16Array | undefined,
  segmentOf: Uint8Array,
  factor: Vec3,
  j: number,
  k: number,
  votes: Uint16Array,
  labels: Uint8Array,
  coverage: Uint8Array,
  to: number,
): void {
  const nx = grid.size[0];
  const fx = factor[0];
  const { data, row, plane } = grid;
  const rows = Math.min(factor[1], grid.size[1] - j * factor[1]);
  const slices = Math.min(factor[2], grid.size[2] - k * factor[2]);
  const whole = fx * factor[1] * factor[2];
  const complete = rows === factor[1] && slices === factor[2];
  const count = Math.ceil(nx / fx);
  let block = grid.start + row * j * factor[1] + plane * k * factor[2];
  for (let i = 0; i < count; i++, block += fx) {
    const columns = Math.min(fx, nx - i * fx);
    const equal =
      complete &&
      columns === fx &&
      (pairs === undefined
        ? isUniform(data, block, fx, rows, slices, row, plane)
        : isUniformPair(pairs, block >> 1, row >> 1, factor[2] === 1 ? 0 : plane >> 1));
    if (equal) {
      labels[to + i] = segmentOf[data[block] as number] as number;
      coverage[to + i] = 255;
      continue;
    }
    // A block cut by the border is filled up with background: the surface closes at the border.
    let best = 0;
    let inside = 0;
    let top = 0;
    for (let z = 0; z < slices; z++) {
      for (let y = 0; y < rows; y++) {
        const p = block + row * y + plane * z;
        for (let x = 0; x < columns; x++) {
          const s = segmentOf[data[p + x] as number] as number;
          if (s === 0) continue;
          inside++;
          votes[s] = (votes[s] as number) + 1;
          if (s > top) top = s;
        }
      }
    }
    votes[0] = whole - inside;
    for (let s = 1; s <= top; s++) if ((votes[s] as number) >= (votes[best] as number)) best = s;
    labels[to + i] = best;
    coverage[to + i] = Math.round((255 * (votes[best] as number)) / whole);
    for (let s = 0; s <= top; s++) votes[s] = 0;
  }
}

function isUniformPair(pairs: Uint16Array, p: number, row: number, plane: number): boolean {
  const first = pairs[p] as number;
  return (
    first === pairs[p + row] &&
    first === pairs[p + plane] &&
    first === pairs[p + plane + row] &&
    first >> 8 === (first & 255)
  );
}

function isUniform(
  data: Uint8Array,
  block: number,
  columns: number,
  rows: number,
  slices: number,
  row: number,
  plane: number,
): boolean {
  const first = data[block] as number;
  for (let z = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      const p = block + row * y + plane * z;
      for (let x = 0; x < columns; x++) if (data[p + x] !== first) return false;
    }
  }
  return true;
}
