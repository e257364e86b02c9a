import { YuepianError } from '@yuepian/contract';
import { bytesPerVoxel, createVoxels, type VoxelArray, type VoxelType } from '@yuepian/geometry';

/** Room for voxels. @throws YuepianError out_of_memory instead of RangeError. */
export function allocate(type: VoxelType, length: number): VoxelArray {
  try {
    return createVoxels(type, length);
  } catch (error) {
    const needed = `${Math.ceil((length * bytesPerVoxel[type]) / 2 ** 20)} MB`;
    throw new YuepianError('out_of_memory', { needed, available: '?' }, { cause: error });
  }
}
