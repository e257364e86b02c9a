import { type Affine, determinant } from './affine.ts';
import type { Millilitre, Vec3 } from './units.ts';

export type VoxelType = 'uint8' | 'int16' | 'uint16' | 'float32';
export type VoxelArray = Uint8Array | Int16Array | Uint16Array | Float32Array;

/** Voxels with a place in the patient. `data[i + nx * (j + ny * k)]`, values after rescale. */
export interface Volume<T extends VoxelArray = VoxelArray> {
  /** Numbers of voxels [nx, ny, nz] = [columns, rows, slices]. */
  readonly size: Vec3;
  /** Voxel centre → LPS mm. */
  readonly affine: Affine;
  readonly frameOfReferenceUid: string;
  readonly data: T;
}

export function voxelTypeOf(data: VoxelArray): VoxelType {
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Int16Array) return 'int16';
  if (data instanceof Uint16Array) return 'uint16';
  return 'float32';
}

export const bytesPerVoxel: Record<VoxelType, 1 | 2 | 4> = {
  uint8: 1,
  int16: 2,
  uint16: 2,
  float32: 4,
};

export function createVoxels(type: VoxelType, length: number): VoxelArray {
  switch (type) {
    case 'uint8':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'float32':
      return new Float32Array(length);
  }
}

/** A typed view of the bytes as voxels. @throws RangeError when the length is no whole number of voxels. */
export function voxelsFromBytes(type: VoxelType, bytes: Uint8Array): VoxelArray {
  // A copy by constructor: `slice` of a Node Buffer is a view and stays unaligned.
  const aligned = bytes.byteOffset % bytesPerVoxel[type] === 0 ? bytes : new Uint8Array(bytes);
  const n = aligned.byteLength / bytesPerVoxel[type];
  if (!Number.isInteger(n)) throw new RangeError('the bytes are no whole number of voxels');
  switch (type) {
    case 'uint8':
      return new Uint8Array(aligned.buffer, aligned.byteOffset, n);
    case 'int16':
      return new Int16Array(aligned.buffer, aligned.byteOffset, n);
    case 'uint16':
      return new Uint16Array(aligned.buffer, aligned.byteOffset, n);
    case 'float32':
      return new Float32Array(aligned.buffer, aligned.byteOffset, n);
  }
}

/** Value at the nearest voxel centre, undefined outside the volume. */
export function nearestVoxel(volume: Volume, index: Vec3): number | undefined {
  const [nx, ny, nz] = volume.size;
  const [i, j, k] = [Math.round(index[0]), Math.round(index[1]), Math.round(index[2])];
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return undefined;
  return volume.data[i + nx * (j + ny * k)];
}

/** mm³ of one voxel, sheared grids too. */
export const voxelMm3 = (affine: Affine): number => Math.abs(determinant(affine));

export const millilitres = (mm3: number): Millilitre => (mm3 / 1000) as Millilitre;

/** Volume of so many voxels: what is shown of a structure is counted, not taken from its surface. */
export const voxelsMl = (voxels: number, affine: Affine): Millilitre =>
  millilitres(voxels * voxelMm3(affine));

/**
 * Segments over a volume's grid. Labels exclude each other; a segment may own several of them, so
 * that nested structures (skin around bone) share one map.
 */
export interface LabelMap {
  readonly size: Vec3;
  readonly affine: Affine;
  readonly frameOfReferenceUid: string;
  /** 0 is background. */
  readonly data: Uint8Array;
  readonly segments: readonly Segment[];
}

export interface Segment {
  /** A key of contract's structureTable, or `<key>_<n>`. */
  readonly key: string;
  /** Values of `data` that belong to it. */
  readonly labels: readonly number[];
}
