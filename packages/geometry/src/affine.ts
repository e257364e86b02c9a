import {
  type PatientPoint,
  patientPoint,
  type Vec3,
  type VoxelIndex,
  voxelIndex,
} from './units.ts';
import { cross, dot, norm } from './vector.ts';

/**
 * Voxel index → patient millimetres, row-major 3×4: [xi xj xk x0, yi yj yk y0, zi zj zk z0].
 * Columns are the steps from one voxel centre to the next; the last column is the centre of voxel
 * (0,0,0) (DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, extended by the slice step).
 */
export type Affine = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** @param i @param j @param k steps in mm along columns, rows and slices; `origin` = voxel (0,0,0). */
export function affineFromSteps(i: Vec3, j: Vec3, k: Vec3, origin: Vec3): Affine {
  return [i[0], j[0], k[0], origin[0], i[1], j[1], k[1], origin[1], i[2], j[2], k[2], origin[2]];
}

export const stepI = (m: Affine): Vec3 => [m[0], m[4], m[8]];
export const stepJ = (m: Affine): Vec3 => [m[1], m[5], m[9]];
export const stepK = (m: Affine): Vec3 => [m[2], m[6], m[10]];
export const origin = (m: Affine): PatientPoint => patientPoint(m[3], m[7], m[11]);

/** Distances between voxel centres along i, j and k, in mm. */
export const spacing = (m: Affine): Vec3 => [norm(stepI(m)), norm(stepJ(m)), norm(stepK(m))];

/** Signed volume of one voxel in mm³; negative where the index axes are left-handed. */
export const determinant = (m: Affine): number => dot(stepI(m), cross(stepJ(m), stepK(m)));

export function toPatient(m: Affine, v: Vec3): PatientPoint {
  return patientPoint(
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2] + m[3],
    m[4] * v[0] + m[5] * v[1] + m[6] * v[2] + m[7],
    m[8] * v[0] + m[9] * v[1] + m[10] * v[2] + m[11],
  );
}

/** Patient millimetres → voxel index. @throws RangeError when the voxel has no volume. */
export function invert(m: Affine): Affine {
  const d = determinant(m);
  if (!Number.isFinite(d) || Math.abs(d) < 1e-12) {
    throw new RangeError('the affine cannot be inverted: a voxel has no volume');
  }
  const [a, b, c] = [stepI(m), stepJ(m), stepK(m)];
  const rows = [cross(b, c), cross(c, a), cross(a, b)].map(
    (r) => [r[0] / d, r[1] / d, r[2] / d] as const,
  );
  const [r0, r1, r2] = rows as unknown as [Vec3, Vec3, Vec3];
  const o = origin(m);
  return [
    r0[0],
    r0[1],
    r0[2],
    -dot(r0, o),
    r1[0],
    r1[1],
    r1[2],
    -dot(r1, o),
    r2[0],
    r2[1],
    r2[2],
    -dot(r2, o),
  ];
}

/** Convenience for a single point; invert once and use toPatient for many. */
export function toVoxel(m: Affine, p: PatientPoint): VoxelIndex {
  const v = toPatient(invert(m), p);
  return voxelIndex(v[0], v[1], v[2]);
}

/**
 * Largest deviation of the three index axes from mutual right angles, in degrees. 0 for an ordinary
 * volume; the gantry angle for a tilted CT.
 */
export function shearDegrees(m: Affine): number {
  const axes = [stepI(m), stepJ(m), stepK(m)] as const;
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  let worst = 0;
  for (const [p, q] of pairs) {
    const cos = dot(axes[p], axes[q]) / (norm(axes[p]) * norm(axes[q]));
    worst = Math.max(
      worst,
      Math.abs(90 - (Math.acos(Math.min(1, Math.max(-1, cos))) * 180) / Math.PI),
    );
  }
  return worst;
}

/**
 * Affine of a level that averages `factor` voxels per axis: its first centre is the mean of the
 * centres it averages, so the image does not shift between levels.
 */
export function downsampledAffine(m: Affine, factor: Vec3): Affine {
  const first = toPatient(m, [(factor[0] - 1) / 2, (factor[1] - 1) / 2, (factor[2] - 1) / 2]);
  const [i, j, k] = [stepI(m), stepJ(m), stepK(m)];
  const times = (v: Vec3, f: number): Vec3 => [v[0] * f, v[1] * f, v[2] * f];
  return affineFromSteps(times(i, factor[0]), times(j, factor[1]), times(k, factor[2]), first);
}
