import { affineFromSteps, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { type Camera, planeBasis } from './camera.ts';
import { gridOf, storedSlice, voxelsOf } from './stored-slice.ts';

const size: Vec3 = [5, 4, 3];
const volume: Volume = {
  size,
  // Feet first: z falls with k.
  affine: affineFromSteps([0.5, 0, 0], [0, 0.5, 0], [0, 0, -2], [10, 20, 30]),
  frameOfReferenceUid: '1',
  data: Int16Array.from({ length: 60 }, (_, n) => n),
};
const camera = (kind: 'axial' | 'coronal' | 'sagittal', voxel: Vec3): Camera => ({
  ...planeBasis[kind],
  centre: toPatient(volume.affine, voxel),
  halfExtent: 10,
});

describe('a stored slice', () => {
  it.each([
    ['sagittal', 0, 3, (n: number) => 3 + 5 * n],
    ['coronal', 1, 2, (n: number) => (n % 5) + 10 + 20 * Math.floor(n / 5)],
    ['axial', 2, 1, (n: number) => 20 + n],
  ] as const)('%s: its voxels, in their place', (kind, axis, index, value) => {
    const at: [number, number, number] = [1.3, 1.6, 0.8];
    at[axis] = index;
    const found = storedSlice(volume, camera(kind, at));
    if (!found) throw new Error('no slice');
    expect({ axis: found.axis, index: found.index }).toEqual({ axis, index });
    const voxels = voxelsOf(found);
    expect([...voxels]).toEqual([...voxels].map((_, n) => value(n)));
    const grid = gridOf(found);
    expect(voxels).toHaveLength(grid.size[0] * grid.size[1] * grid.size[2]);
    const first: [number, number, number] = [0, 0, 0];
    first[axis] = index;
    expect(toPatient(grid.affine, [0, 0, 0])).toEqual(toPatient(volume.affine, first));
  });

  it('is none between two slices, outside, and on an oblique plane', () => {
    expect(storedSlice(volume, camera('axial', [1, 1, 0.5]))).toBeUndefined();
    expect(storedSlice(volume, camera('axial', [1, 1, 3]))).toBeUndefined();
    expect(storedSlice(volume, camera('axial', [1, 1, -1]))).toBeUndefined();
    const turned = { ...camera('axial', [1, 1, 1]), normal: [0, 0.1, Math.sqrt(0.99)] as Vec3 };
    expect(storedSlice(volume, turned)).toBeUndefined();
  });
});
