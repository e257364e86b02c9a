import { YuepianError } from '@yuepian/contract';
import {
  type Affine,
  affineFromSteps,
  invert,
  type LabelMap,
  voxelMm3 as mm3OfVoxel,
  type PatientPoint,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
  type Volume,
  type VoxelArray,
} from '@yuepian/geometry';

/** A box of voxels with its own affine (voxel centre → LPS mm); index `i + nx * (j + ny * k)`. */
export interface BoxGrid {
  readonly size: Vec3;
  readonly affine: Affine;
}

/** A binary mask of one structure: 0 outside, 1 inside. */
export interface MaskBox extends BoxGrid {
  readonly data: Uint8Array;
}

/** Image values after rescale (HU for CT) on the same grid as the mask that is edited. */
export interface ImageBox extends BoxGrid {
  readonly data: VoxelArray;
}

/** A box of voxel indices: first voxel and number of voxels per axis. */
export interface IndexBox {
  readonly first: Vec3;
  readonly size: Vec3;
}

export const voxelCount = (size: Vec3): number => size[0] * size[1] * size[2];

/** Volume of one voxel in mm³. */
export const voxelMm3 = (grid: BoxGrid): number => mm3OfVoxel(grid.affine);

export const emptyMaskBox = (grid: BoxGrid): MaskBox => ({
  size: grid.size,
  affine: grid.affine,
  data: new Uint8Array(voxelCount(grid.size)),
});

/** @throws YuepianError `invalid_request` when the data does not fit the size. */
export function checkBox(box: MaskBox | ImageBox): void {
  if (box.data.length !== voxelCount(box.size))
    throw new YuepianError('invalid_request', { reason: 'the voxels do not fit the size' });
}

/** @throws YuepianError `invalid_request` when two boxes do not share size and affine. */
export function checkSameGrid(a: BoxGrid, b: BoxGrid): void {
  const same =
    a.size.every((n, axis) => n === b.size[axis]) &&
    a.affine.every((v, n) => Math.abs(v - (b.affine[n] as number)) < 1e-3);
  if (!same) throw new YuepianError('invalid_request', { reason: 'the two grids differ' });
}

/** @throws YuepianError `invalid_request` unless it is a finite number above zero. */
export function checkPositive(value: number, what: string): void {
  if (!(Number.isFinite(value) && value > 0))
    throw new YuepianError('invalid_request', { reason: `${what} must be greater than 0` });
}

/** @throws YuepianError `invalid_request` when a coordinate is no number. */
export function checkPoints(points: readonly Vec3[]): void {
  if (!points.every((p) => p.every(Number.isFinite)))
    throw new YuepianError('invalid_request', { reason: 'a point is no point' });
}

/** The affine of a part of a grid. */
export function affineOfPart(affine: Affine, first: Vec3): Affine {
  return affineFromSteps(stepI(affine), stepJ(affine), stepK(affine), toPatient(affine, first));
}

/** The part of `box` that lies in the grid; undefined when none does. */
export function clipBox(box: IndexBox, grid: BoxGrid): IndexBox | undefined {
  const first = ([0, 1, 2] as const).map((a) => Math.max(0, box.first[a]));
  const end = ([0, 1, 2] as const).map((a) => Math.min(grid.size[a], box.first[a] + box.size[a]));
  const size = first.map((f, a) => (end[a] as number) - f);
  if (size.some((n) => n <= 0)) return undefined;
  return { first: first as unknown as Vec3, size: size as unknown as Vec3 };
}

/** Voxels whose centres may lie within `mm` of the points' bounding box; undefined when none does. */
export function boxAroundPoints(
  grid: BoxGrid,
  points: readonly Vec3[],
  mm: number,
): IndexBox | undefined {
  if (points.length === 0) return undefined;
  const inverse = invert(grid.affine);
  const voxels = points.map((p) => toPatient(inverse, p));
  const bounds = ([0, 1, 2] as const).map((a) => {
    // |row| of the inverse: how many indices one millimetre is at most along this axis.
    const reach =
      mm *
      Math.hypot(
        inverse[a * 4] as number,
        inverse[a * 4 + 1] as number,
        inverse[a * 4 + 2] as number,
      );
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const v of voxels) {
      low = Math.min(low, v[a]);
      high = Math.max(high, v[a]);
    }
    return [Math.floor(low - reach), Math.ceil(high + reach)] as const;
  });
  return clipBox(
    {
      first: bounds.map((b) => b[0]) as unknown as Vec3,
      size: bounds.map((b) => b[1] - b[0] + 1) as unknown as Vec3,
    },
    grid,
  );
}

/** The smallest box that holds the mask, widened by `mm` and cut at the grid's edge. */
export function boxAroundMask(mask: MaskBox, mm = 0): IndexBox | undefined {
  const [nx, ny, nz] = mask.size;
  const low = [nx, ny, nz];
  const high = [-1, -1, -1];
  for (let z = 0, row = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, row += nx) {
      let x0 = 0;
      while (x0 < nx && mask.data[row + x0] === 0) x0++;
      if (x0 === nx) continue;
      let x1 = nx - 1;
      while (mask.data[row + x1] === 0) x1--;
      low[0] = Math.min(low[0] as number, x0);
      high[0] = Math.max(high[0] as number, x1);
      low[1] = Math.min(low[1] as number, y);
      high[1] = Math.max(high[1] as number, y);
      low[2] = Math.min(low[2] as number, z);
      high[2] = z;
    }
  }
  if ((high[2] as number) < 0) return undefined;
  const s = spacing(mask.affine);
  const pad = s.map((step) => Math.ceil(mm / step));
  return clipBox(
    {
      first: low.map((v, a) => v - (pad[a] as number)) as unknown as Vec3,
      size: low.map(
        (v, a) => (high[a] as number) - v + 1 + 2 * (pad[a] as number),
      ) as unknown as Vec3,
    },
    mask,
  );
}

/** Copies a part of a volume. @param box must lie in the volume, see {@link clipBox}. */
export function cropImage(volume: Volume | ImageBox, box: IndexBox): ImageBox {
  const kind = volume.data;
  const n = voxelCount(box.size);
  const data =
    kind instanceof Uint8Array
      ? new Uint8Array(n)
      : kind instanceof Int16Array
        ? new Int16Array(n)
        : kind instanceof Uint16Array
          ? new Uint16Array(n)
          : new Float32Array(n);
  forEachRow(volume.size, box, (from, to) => {
    for (let x = 0; x < box.size[0]; x++) data[to + x] = kind[from + x] as number;
  });
  return { size: box.size, affine: affineOfPart(volume.affine, box.first), data };
}

/** Copies a part of a mask. @param box must lie in the mask. */
export function cropMaskBox(mask: MaskBox, box: IndexBox): MaskBox {
  const data = new Uint8Array(voxelCount(box.size));
  forEachRow(mask.size, box, (from, to) => {
    data.set(mask.data.subarray(from, from + box.size[0]), to);
  });
  return { size: box.size, affine: affineOfPart(mask.affine, box.first), data };
}

/** A structure of a label map as a mask, of the whole map or a part of it. */
export function maskFromLabels(
  map: LabelMap,
  labels: readonly number[],
  box: IndexBox = { first: [0, 0, 0], size: map.size },
): MaskBox {
  const inside = new Uint8Array(256);
  for (const label of labels) inside[label] = 1;
  const data = new Uint8Array(voxelCount(box.size));
  forEachRow(map.size, box, (from, to) => {
    for (let x = 0; x < box.size[0]; x++)
      data[to + x] = inside[map.data[from + x] as number] as number;
  });
  return { size: box.size, affine: affineOfPart(map.affine, box.first), data };
}

/** Calls back with the first index of each row of `box` in the whole grid and in the box itself. */
export function forEachRow(
  whole: Vec3,
  box: IndexBox,
  visit: (from: number, to: number, y: number, z: number) => void,
): void {
  let to = 0;
  for (let z = 0; z < box.size[2]; z++)
    for (let y = 0; y < box.size[1]; y++, to += box.size[0])
      visit(
        box.first[0] + whole[0] * (box.first[1] + y + whole[1] * (box.first[2] + z)),
        to,
        box.first[1] + y,
        box.first[2] + z,
      );
}

/** Index of the voxel whose centre is nearest to a point; undefined outside the grid. */
export function voxelAt(grid: BoxGrid, point: PatientPoint | Vec3): number | undefined {
  const v = toPatient(invert(grid.affine), point);
  const [i, j, k] = [Math.round(v[0]), Math.round(v[1]), Math.round(v[2])];
  const [nx, ny, nz] = grid.size;
  if (!(i >= 0 && j >= 0 && k >= 0 && i < nx && j < ny && k < nz)) return undefined;
  return i + nx * (j + ny * k);
}

/** Number of voxels of a mask. */
export function countVoxels(mask: MaskBox): number {
  let n = 0;
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] !== 0) n++;
  return n;
}
