import {
  type Affine,
  add,
  cross,
  dot,
  norm,
  type PatientPoint,
  patientPoint,
  scale,
  stepI,
  stepJ,
  stepK,
  toPatient,
  unit,
  type Vec3,
} from '@yuepian/geometry';

/** The voxel grid of the full level: what slices, fitting and counting refer to on every level. */
export interface Grid {
  readonly size: Vec3;
  readonly affine: Affine;
}

const steps = (g: Grid): readonly [Vec3, Vec3, Vec3] => [
  stepI(g.affine),
  stepJ(g.affine),
  stepK(g.affine),
];

export const middle = (g: Grid): PatientPoint =>
  toPatient(g.affine, [(g.size[0] - 1) / 2, (g.size[1] - 1) / 2, (g.size[2] - 1) / 2]);

/** mm the box of the volume (voxel edges) covers along a unit direction. */
export const extentAlong = (g: Grid, direction: Vec3): number =>
  steps(g).reduce((sum, s, axis) => sum + Math.abs(dot(s, direction)) * (g.size[axis] ?? 1), 0);

export const diagonal = (g: Grid): number =>
  norm(steps(g).reduce<Vec3>((sum, s, a) => add(sum, scale(s, g.size[a] ?? 1)), [0, 0, 0]));

/** mm of the shortest edge of a voxel. */
export const finestStep = (g: Grid): number => Math.min(...steps(g).map(norm));

/**
 * Distance between slices of a plane: the voxel step where the plane is parallel to the grid; for an
 * oblique one the extent of one voxel along the normal, clamped to the smallest voxel edge.
 */
export function sliceStep(g: Grid, normal: Vec3): number {
  const along = parallelAxis(g, normal);
  if (along === undefined) return finestStep(g);
  return norm(steps(g)[along]);
}

/** The grid axis that `normal` is perpendicular to the other two of; undefined for an oblique plane. */
export function parallelAxis(g: Grid, normal: Vec3): 0 | 1 | 2 | undefined {
  const [i, j, k] = steps(g);
  const normals = [cross(j, k), cross(k, i), cross(i, j)].map(unit);
  const found = normals.findIndex((n) => Math.abs(dot(n, normal)) > 1 - 1e-9);
  return found < 0 ? undefined : (found as 0 | 1 | 2);
}

/** Slices of a plane orientation: positions along `direction`, counted from its beginning. */
export interface SliceRange {
  /** Position (dot with direction) of slice 0, mm. */
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly oblique: boolean;
}

export function sliceRange(g: Grid, direction: Vec3): SliceRange {
  const step = sliceStep(g, direction);
  const between = steps(g).reduce(
    (sum, s, axis) => sum + Math.abs(dot(s, direction)) * ((g.size[axis] ?? 1) - 1),
    0,
  );
  const count = Math.max(1, Math.round(between / step) + 1);
  const first = dot(middle(g), direction) - ((count - 1) * step) / 2;
  return { first, step, count, oblique: parallelAxis(g, direction) === undefined };
}

export const sliceIndexAt = (r: SliceRange, position: number): number =>
  Math.min(r.count - 1, Math.max(0, Math.round((position - r.first) / r.step)));

/** Nearest point of the volume's box (voxel centres). */
export function clampToGrid(g: Grid, inverse: Affine, p: PatientPoint): PatientPoint {
  const v = toPatient(inverse, p);
  const inside = [0, 1, 2].map((a) =>
    Math.min((g.size[a] ?? 1) - 1, Math.max(0, v[a as 0 | 1 | 2])),
  ) as [number, number, number];
  const q = toPatient(g.affine, inside);
  return patientPoint(q[0], q[1], q[2]);
}
