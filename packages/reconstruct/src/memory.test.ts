import { describe, expect, it } from 'vitest';
import { segment } from './classical/segment.ts';
import { estimateMemory } from './memory.ts';
import { surfaces } from './surfaces/surfaces.ts';
import { identity, syntheticBody } from './testing.ts';

describe('the memory estimate', () => {
  it('grows with voxels, voxel size and triangles', () => {
    const base = estimateMemory([512, 512, 500], 'int16');
    expect(estimateMemory([512, 512, 500], 'float32')).toBeGreaterThan(base);
    expect(estimateMemory([512, 512, 250], 'int16')).toBeLessThan(base);
    expect(estimateMemory([512, 512, 500], 'int16', { maxTriangles: 2e6 })).toBeGreaterThan(base);
    // Known to be worked on at half the resolution, it needs less.
    expect(estimateMemory([512, 512, 500], 'int16', { affine: identity })).toBeLessThan(base);
  });

  it('is above what a run holds at its end', async () => {
    const { volume } = syntheticBody([256, 200, 60], identity);
    const map = await segment(volume, { modality: 'CT' });
    const meshes = await surfaces(map);
    const held =
      volume.data.byteLength +
      map.data.byteLength +
      meshes.reduce((n, m) => n + m.positions.byteLength * 2 + m.indices.byteLength, 0);
    expect(estimateMemory(volume.size, 'int16')).toBeGreaterThan(held);
  });
});
