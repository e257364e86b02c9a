import { type Affine, determinant, spacing, type Vec3 } from '@yuepian/geometry';

/**
 * Bone thresholds in HU. The partial volume effect lowers thin cortical bone, so they follow the
 * voxel size: 200/350 HU at 1 mm, 130/300 HU at 3 mm, linear between and constant outside. `share` is where the edge lies between soft tissue and the
 * densest neighbour: half-way at 1 mm, at a fifth at 3 mm, where no voxel is cortex alone. `gap` is
 * the radius in mm that closes a broken cortex.
 */
export function boneThresholds(affine: Affine): {
  low: number;
  high: number;
  share: number;
  gap: number;
} {
  const edge = Math.cbrt(Math.abs(determinant(affine)));
  const t = (Math.min(3, Math.max(1, edge)) - 1) / 2;
  return { low: 200 - 70 * t, high: 350 - 50 * t, share: 0.5 - 0.3 * t, gap: 1.5 + 2 * t };
}

/** HU above which a voxel is body rather than air. */
export const bodyThreshold = -300;
/** HU below which a voxel inside the body is lung or gas. */
export const lungThreshold = -400;
/** Mean HU below which air is plain gas (bowel, airway, outside), not lung tissue. */
export const gasThreshold = -950;
/** What is enclosed by bone counts as marrow above this; below it is air (sinuses, mastoid cells). */
export const marrowThreshold = -120;

/** How many voxels per axis the coarse grid averages: its voxels are at most 2 mm wide. */
export function coarseFactor(affine: Affine, size: Vec3): Vec3 {
  const s = spacing(affine);
  const along = (axis: 0 | 1 | 2): number => {
    const factor = s[axis] <= 0.5 ? 4 : s[axis] <= 1 ? 2 : 1;
    return size[axis] >= factor * 8 ? factor : 1;
  };
  return [along(0), along(1), along(2)];
}
