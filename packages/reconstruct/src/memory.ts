import { bytesPerVoxel, type Vec3, type VoxelType } from '@yuepian/geometry';

/**
 * Bytes that segmenting and meshing need at their peak, the volume itself included: the volume, one
 * byte a voxel for the labels, the coarse grid with its masks, and nets and meshes up to the
 * triangle budget. For a check before the start; Node itself adds about 80 MB.
 */
export function estimateMemory(size: Vec3, type: VoxelType, maxTriangles = 1_000_000): number {
  const voxels = size[0] * size[1] * size[2];
  return voxels * (bytesPerVoxel[type] + 1) + coarseBytes * voxels + maxTriangles * triangleBytes;
}

/** Coarse grid (4 B a voxel at worst, labels, about twenty bit masks) if nothing could be halved. */
const coarseBytes = 7.5;
const triangleBytes = 250;
