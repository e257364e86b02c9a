import {
  dot,
  type Mm,
  type PatientPoint,
  type Plane,
  projectOnPlane,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import {
  type BoxGrid,
  boxAroundPoints,
  checkBox,
  checkPoints,
  checkPositive,
  type IndexBox,
  type MaskBox,
  voxelAt,
  voxelCount,
} from './box.ts';
import { DiffBuilder, type Edit, editBetween } from './diff.ts';

/** Add voxels to the structure or take them away. */
export type BrushMode = 'add' | 'erase';

/** Voxels of a part of a grid that a stroke covers: 1 per covered voxel of `box`. */
export interface Stamp {
  readonly box: IndexBox;
  readonly data: Uint8Array;
}

/**
 * Paints or erases with a sphere swept along a stroke (a capsule between neighbouring samples, so
 * that a fast pointer leaves no gaps). A voxel is covered when its centre is; the voxel under a
 * sample always is, however small the brush.
 * @param stroke samples in LPS mm; one sample is a dab. @param radius mm.
 * @throws YuepianError `invalid_request`.
 */
export function brush(
  mask: MaskBox,
  stroke: readonly PatientPoint[],
  radius: Mm,
  mode: BrushMode,
): Edit {
  checkBox(mask);
  return paintStamp(mask, capsules(mask, stroke, radius), mode);
}

/**
 * The same on one slice: a disc swept along a stroke on a plane. Covers the voxels that the plane
 * cuts; on a plane midway between two slices, those of one of them.
 * @param plane the plane drawn on; samples off it are projected onto it.
 */
export function sliceBrush(
  mask: MaskBox,
  stroke: readonly PatientPoint[],
  radius: Mm,
  plane: Plane,
  mode: BrushMode,
): Edit {
  checkBox(mask);
  const m = mask.affine;
  // Half the extent of a voxel along the normal: the plane cuts a voxel when its centre is nearer.
  const reach =
    [stepI(m), stepJ(m), stepK(m)].reduce((s, step) => s + Math.abs(dot(plane.normal, step)), 0) /
    2;
  const onPlane = stroke.map((p) => projectOnPlane(plane, p));
  return paintStamp(mask, capsules(mask, onPlane, radius, { plane, reach }), mode);
}

/** The edit that sets or clears the voxels of a stamp. */
export function paintStamp(mask: MaskBox, stamp: Stamp | undefined, mode: BrushMode): Edit {
  if (stamp === undefined) return editBetween(mask, mask.data);
  const value = mode === 'add' ? 1 : 0;
  const builder = new DiffBuilder(mask.size);
  const { first, size } = stamp.box;
  for (let z = 0, at = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const row = first[0] + mask.size[0] * (first[1] + y + mask.size[1] * (first[2] + z));
      for (let x = 0; x < size[0]; x++, at++) {
        if (stamp.data[at] === 0) continue;
        const old = mask.data[row + x] as number;
        if (old !== value) builder.add(row + x, old, value);
      }
    }
  }
  return builder.edit();
}

/** @param disc keeps only voxels that a plane cuts, and measures distance within the plane. */
export function capsules(
  grid: BoxGrid,
  stroke: readonly PatientPoint[],
  radius: Mm,
  disc?: { readonly plane: Plane; readonly reach: number },
): Stamp | undefined {
  checkPositive(radius, 'radius');
  checkPoints(stroke);
  const reach = disc === undefined ? radius : Math.hypot(radius, disc.reach);
  const box = boxAroundPoints(grid, stroke, reach + largestStep(grid));
  if (box === undefined) return undefined;
  const data = new Uint8Array(voxelCount(box.size));
  const place = (at: number): number => {
    const [nx, ny] = grid.size;
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    return x - box.first[0] + box.size[0] * (y - box.first[1] + box.size[1] * (z - box.first[2]));
  };
  stroke.forEach((b, n) => {
    const under = voxelAt(grid, b);
    if (under !== undefined) data[place(under)] = 1;
    const a = n === 0 ? b : (stroke[n - 1] as PatientPoint);
    if (n === 0 && stroke.length > 1) return;
    const part = boxAroundPoints(grid, [a, b], reach);
    if (part !== undefined) coverCapsule(grid, box, data, part, a, b, radius, disc);
  });
  return { box, data };
}

const largestStep = (grid: BoxGrid): number =>
  Math.max(
    ...[stepI(grid.affine), stepJ(grid.affine), stepK(grid.affine)].map((s) => Math.hypot(...s)),
  );

function coverCapsule(
  grid: BoxGrid,
  box: IndexBox,
  data: Uint8Array,
  part: IndexBox,
  a: Vec3,
  b: Vec3,
  radius: number,
  disc: { readonly plane: Plane; readonly reach: number } | undefined,
): void {
  const [dx, dy, dz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const squaredLength = dx * dx + dy * dy + dz * dz;
  const inverseLength = squaredLength > 0 ? 1 / squaredLength : 0;
  const limit = radius * radius * (1 + 1e-9);
  const [sx, sy, sz] = stepI(grid.affine);
  const normal = disc?.plane.normal;
  for (let z = part.first[2]; z < part.first[2] + part.size[2]; z++) {
    for (let y = part.first[1]; y < part.first[1] + part.size[1]; y++) {
      const start = toPatient(grid.affine, [part.first[0], y, z]);
      let [px, py, pz] = [start[0] - a[0], start[1] - a[1], start[2] - a[2]];
      let at =
        part.first[0] -
        box.first[0] +
        box.size[0] * (y - box.first[1] + box.size[1] * (z - box.first[2]));
      for (let x = 0; x < part.size[0]; x++, at++, px += sx, py += sy, pz += sz) {
        let height = 0;
        if (disc !== undefined && normal !== undefined) {
          height = px * normal[0] + py * normal[1] + pz * normal[2];
          // Half open, so that a plane midway between two slices takes one of them.
          if (height <= -disc.reach || height > disc.reach) continue;
        }
        const t = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) * inverseLength));
        const [qx, qy, qz] = [px - t * dx, py - t * dy, pz - t * dz];
        // `a` and `b` lie on the plane, so the distance within it is what the height leaves.
        if (qx * qx + qy * qy + qz * qz - height * height <= limit) data[at] = 1;
      }
    }
  }
}
