import { type Affine, bytesPerVoxel, type Vec3, type VoxelType } from '@yuepian/geometry';
import { coarseFactor } from './classical/thresholds.ts';

export interface MemoryOptions {
  /** Tells how much coarser the working grid is; without it, it is taken to be halved in the plane. */
  readonly affine?: Affine;
  readonly maxTriangles?: number;
}

/**
 * Bytes that segmenting and meshing need at their peak, the volume itself included: the volume, one
 * byte a voxel for the labels, the working grid with its masks (12 B per coarse voxel, 16 B for MR,
 * whose working grid is float), and nets and meshes up to the triangle budget (250 B per triangle).
 * For a check before the start; Node itself adds about 80 MB.
 */
export function estimateMemory(size: Vec3, type: VoxelType, options: MemoryOptions = {}): number {
  const voxels = size[0] * size[1] * size[2];
  const factor = options.affine === undefined ? [2, 2, 1] : coarseFactor(options.affine, size);
  const coarse = voxels / factor.reduce((product, f) => product * f, 1);
  const triangles = options.maxTriangles ?? 1_000_000;
  return voxels * (bytesPerVoxel[type] + 1) + coarse * 16 + triangles * 250;
}
