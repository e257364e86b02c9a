import { type Affine, affineFromSteps, invert, patientPoint, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { countDirection } from './camera.ts';
import {
  clampToGrid,
  extentAlong,
  type Grid,
  middle,
  parallelAxis,
  sliceIndexAt,
  sliceRange,
} from './grid.ts';

const straight: Grid = {
  size: [100, 80, 40],
  affine: [0.5, 0, 0, 10, 0, 0.5, 0, 20, 0, 0, 3, -60],
};
/** Scanned from head to foot. */
const flipped: Grid = {
  size: [100, 80, 40],
  affine: affineFromSteps([0.5, 0, 0], [0, 0.5, 0], [0, 0, -3], [10, 20, 57]),
};

describe('slices', () => {
  it.each([
    ['from the feet', straight],
    ['from the head', flipped],
  ])('are counted from the head, whichever way they were scanned (%s)', (_, grid) => {
    const r = sliceRange(grid, countDirection.axial);
    expect(r).toMatchObject({ step: 3, count: 40, oblique: false });
    expect(sliceIndexAt(r, -57)).toBe(0);
    expect(sliceIndexAt(r, 60)).toBe(39);
    expect(sliceIndexAt(r, -57 + 3 * 7 + 1.4)).toBe(7);
    expect(sliceIndexAt(r, -1e9)).toBe(0);
  });

  it('are counted from the front and from the right', () => {
    expect(sliceRange(straight, countDirection.coronal)).toMatchObject({ first: 20, count: 80 });
    expect(sliceRange(straight, countDirection.sagittal)).toMatchObject({ first: 10, count: 100 });
  });

  it('of an oblique plane step by the smallest voxel edge', () => {
    const n: Vec3 = [0, Math.SQRT1_2, Math.SQRT1_2];
    expect(parallelAxis(straight, n)).toBeUndefined();
    const r = sliceRange(straight, n);
    expect(r.oblique).toBe(true);
    expect(r.step).toBe(0.5);
    // From corner to corner: (79·0.5 + 39·3)/√2.
    expect(r.step * (r.count - 1)).toBeCloseTo((79 * 0.5 + 39 * 3) * Math.SQRT1_2, 0);
  });
});

describe('the box', () => {
  it('covers the voxels to their edges', () => {
    expect(extentAlong(straight, [0, 0, 1])).toBeCloseTo(120, 12);
    expect(extentAlong(straight, [1, 0, 0])).toBeCloseTo(50, 12);
    expect(middle(straight)).toEqual([10 + 49.5 * 0.5, 20 + 39.5 * 0.5, -60 + 19.5 * 3]);
  });

  it('keeps a point inside', () => {
    const inverse: Affine = invert(straight.affine);
    expect(clampToGrid(straight, inverse, patientPoint(1e4, 30, -1e4))).toEqual([
      10 + 99 * 0.5,
      30,
      -60,
    ]);
  });
});
