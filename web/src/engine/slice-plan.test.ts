import { type Affine, affineFromSteps, toVoxel, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { type Camera, planeBasis, project, rotateCamera } from './camera.ts';
import { slabSampling, texturePlane } from './slice-plan.ts';

const affine: Affine = affineFromSteps([0.7, 0, 0], [0, 0.7, 0], [0, 0, -2.5], [-100, -90, 200]);
const grid = { size: [300, 280, 120] as Vec3, affine };

describe('the plane in the texture', () => {
  it('agrees with the projection at every device pixel', () => {
    const camera: Camera = rotateCamera(
      { ...planeBasis.axial, centre: [10, 5, 60], halfExtent: 90 },
      [0.6, 0, 0.8],
      0.5,
      [0, 0, 50],
    );
    const screen = { size: [640, 420] as const, devicePixelRatio: 1.5 };
    const device = [960, 630] as const;
    const plane = texturePlane(grid, camera, screen, device);
    const projection = project(camera, screen, 0);
    for (const [x, y] of [
      [0.5, 0.5],
      [959.5, 0.5],
      [480, 315],
      [17.5, 600.5],
    ] as const) {
      // gl_FragCoord counts from the lower left, the canvas from the upper left.
      const css = [x / 1.5, (device[1] - y) / 1.5];
      const voxel = toVoxel(affine, projection.toWorld(css as never));
      for (const a of [0, 1, 2] as const) {
        const t = plane.start[a] + x * plane.across[a] + y * plane.upwards[a];
        expect(t * grid.size[a] - 0.5).toBeCloseTo(voxel[a], 6);
      }
    }
  });
});

describe('slabs', () => {
  it('cover their thickness with samples half a voxel apart', () => {
    const { samples, stepMm } = slabSampling(grid, { mode: 'max', thickness: 10 });
    expect((samples - 1) * stepMm).toBeCloseTo(10, 12);
    expect(stepMm).toBeLessThanOrEqual(0.35 + 1e-12);
    expect(slabSampling(grid, { mode: 'none', thickness: 10 }).samples).toBe(1);
    expect(slabSampling(grid, { mode: 'max', thickness: 0 }).samples).toBe(1);
    expect(slabSampling(grid, { mode: 'max', thickness: 1e5 }).samples).toBe(400);
  });
});
