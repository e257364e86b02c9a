import { describe, expect, it } from 'vitest';
import {
  affineFromSteps,
  angle,
  determinant,
  distance,
  downsampledAffine,
  ellipseArea,
  ellipseStatistics,
  intersectRay,
  invert,
  orientationLetters,
  patientPoint,
  plane,
  projectOnPlane,
  shearDegrees,
  signedDistance,
  toPatient,
  toVoxel,
  type Volume,
  voxelsMl,
} from './index.ts';

const tilt = (12 * Math.PI) / 180;
const oblique = affineFromSteps(
  [0.7 * Math.cos(0.3), 0.7 * Math.sin(0.3), 0],
  [-0.7 * Math.sin(0.3), 0.7 * Math.cos(0.3), 0],
  [0, 2.5 * Math.sin(tilt), 2.5 * Math.cos(tilt)],
  [-120, 33, 4],
);

describe('affine', () => {
  it('goes to the patient and back to the digit', () => {
    const p = toPatient(oblique, [101, 7.5, 44]);
    const v = toVoxel(oblique, p);
    expect(Math.max(...v.map((x, n) => Math.abs(x - ([101, 7.5, 44][n] ?? 0))))).toBeLessThan(
      1e-10,
    );
  });

  it('gives the volume of voxels, of a tilted gantry by the height and not the length of its step', () => {
    expect(voxelsMl(1000, affineFromSteps([2, 0, 0], [0, 3, 0], [0, 0, 5], [9, 9, 9]))).toBe(30);
    expect(voxelsMl(1000, affineFromSteps([0, 2, 0], [3, 0, 0], [0, 0, 5], [0, 0, 0]))).toBe(30);
    // 0.7 × 0.7 mm, slices 2.5 mm apart along the table, leaning by 12°.
    expect(voxelsMl(1000, oblique)).toBeCloseTo(0.7 * 0.7 * 2.5 * Math.cos(tilt), 12);
    expect(voxelsMl(0, oblique)).toBe(0);
  });

  it('knows a mirrored index space and a gantry tilt', () => {
    expect(determinant(oblique)).toBeGreaterThan(0);
    expect(determinant(affineFromSteps([-1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]))).toBe(-1);
    expect(
      shearDegrees(
        affineFromSteps([1, 0, 0], [0, 1, 0], [0, Math.sin(tilt), Math.cos(tilt)], [0, 0, 0]),
      ),
    ).toBeCloseTo(12, 9);
  });

  it('refuses a flat voxel instead of answering Infinity', () => {
    expect(() => invert(affineFromSteps([1, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, 0]))).toThrow(
      RangeError,
    );
  });

  it('keeps the image in place between levels', () => {
    const coarse = downsampledAffine(oblique, [2, 2, 4]);
    const mean = toPatient(oblique, [0.5, 0.5, 1.5]);
    expect(distance(toPatient(coarse, [0, 0, 0]), mean)).toBeLessThan(1e-12);
    expect(
      distance(toPatient(coarse, [3, 5, 7]), toPatient(oblique, [6.5, 10.5, 29.5])),
    ).toBeLessThan(1e-9);
  });
});

describe('measures', () => {
  it('measures length and angle', () => {
    expect(distance(patientPoint(0, 0, 0), patientPoint(3, 4, 12))).toBe(13);
    const o = patientPoint(0, 0, 0);
    expect(angle(patientPoint(5, 0, 0), o, patientPoint(0, 2, 0))).toBeCloseTo(90, 12);
    expect(angle(patientPoint(5, 0, 0), o, patientPoint(-1, 1e-9, 0))).toBeCloseTo(180, 6);
    expect(angle(o, o, patientPoint(1, 0, 0))).toBeNaN();
  });

  it('counts exactly the pixels of the slice inside an ellipse', () => {
    const size = [20, 20, 3] as const;
    const data = new Int16Array(20 * 20 * 3);
    for (let k = 0; k < 3; k++)
      for (let j = 0; j < 20; j++)
        for (let i = 0; i < 20; i++) data[i + 20 * (j + 20 * k)] = k * 100 + i;
    const volume: Volume = {
      size,
      affine: affineFromSteps([0.5, 0, 0], [0, 0.5, 0], [0, 0, 5], [0, 0, 0]),
      frameOfReferenceUid: '1',
      data,
    };
    const e = {
      centre: patientPoint(5, 5, 5),
      endA: patientPoint(7, 5, 5),
      endB: patientPoint(5, 6, 5),
    };
    let n = 0;
    let sum = 0;
    for (let j = 0; j < 20; j++)
      for (let i = 0; i < 20; i++)
        if (((i * 0.5 - 5) / 2) ** 2 + (j * 0.5 - 5) ** 2 <= 1) {
          n++;
          sum += 100 + i;
        }
    const s = ellipseStatistics(volume, e);
    expect(s?.count).toBe(n);
    expect(s?.mean).toBeCloseTo(sum / n, 10);
    expect(s?.min).toBe(106);
    expect(s?.max).toBe(114);
    expect(ellipseArea(e)).toBeCloseTo(Math.PI * 2, 10);
    expect(
      ellipseStatistics(volume, {
        ...e,
        centre: patientPoint(500, 5, 5),
        endA: patientPoint(502, 5, 5),
        endB: patientPoint(500, 6, 5),
      }),
    ).toBeUndefined();
  });
});

describe('planes and letters', () => {
  it('projects and intersects', () => {
    const p = plane(patientPoint(0, 0, 10), [0, 0, 2]);
    expect(signedDistance(p, patientPoint(3, 4, 12))).toBe(2);
    expect(projectOnPlane(p, patientPoint(3, 4, 12))).toEqual([3, 4, 10]);
    expect(intersectRay(p, patientPoint(1, 1, 0), [0, 1, 1])).toEqual([1, 11, 10]);
    expect(intersectRay(p, patientPoint(1, 1, 0), [1, 0, 0])).toBeUndefined();
  });

  it('names directions of the patient', () => {
    expect(orientationLetters([1, 0, 0])).toBe('L');
    expect(orientationLetters([-1, 0, 0])).toBe('R');
    expect(orientationLetters([0, -0.8, 0.6])).toBe('AH');
    expect(orientationLetters([0.02, 0, -1])).toBe('F');
  });
});
