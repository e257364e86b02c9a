import { type Affine, downsampledAffine, spacing, type Vec3 } from '@yuepian/geometry';

export interface LevelPlan {
  readonly level: number;
  /** Source voxels averaged per axis. */
  readonly factor: Vec3;
  readonly size: Vec3;
  readonly affine: Affine;
}

/** Coarsest level: no side longer than this. "About 128": a stack of 140 thick slices is there too. */
const coarseSide = 160;
/** A label map rides on the finest level that has no more voxels than this (32 MB of uint8). */
const labelVoxels = 2 ** 25;

/**
 * Levels of the pyramid, finest (the volume itself) first. Each further level halves the axes whose
 * voxels are short, so that thick slices are left alone until the pixels have caught up with them
 * and the coarse level is near isotropic.
 * @param size voxels per axis of the full volume.
 * @param affine its voxel → LPS mm.
 */
export function planLevels(size: Vec3, affine: Affine): LevelPlan[] {
  const step = spacing(affine);
  const plans: LevelPlan[] = [{ level: 0, factor: [1, 1, 1], size, affine }];
  let factor: Vec3 = [1, 1, 1];
  let current = size;
  while (Math.max(...current) > coarseSide) {
    const mm = ([0, 1, 2] as const).map((a) => step[a] * factor[a]);
    // A side of one voxel cannot be halved and must not hold the others back.
    const shortest = Math.min(...mm.filter((_, a) => (current[a as 0 | 1 | 2] ?? 1) > 1));
    const halve = (a: 0 | 1 | 2): number =>
      current[a] > 1 && (mm[a] ?? 0) < shortest * Math.SQRT2 ? factor[a] * 2 : factor[a];
    factor = [halve(0), halve(1), halve(2)];
    current = downsampledSize(size, factor);
    plans.push({
      level: plans.length,
      factor,
      size: current,
      affine: downsampledAffine(affine, factor),
    });
  }
  return plans;
}

/** Voxels of a level: the last one of an axis averages what is left. */
export const downsampledSize = (size: Vec3, factor: Vec3): Vec3 => [
  Math.ceil(size[0] / factor[0]),
  Math.ceil(size[1] / factor[1]),
  Math.ceil(size[2] / factor[2]),
];

/** The level that carries the label map: the finest one that stays below 32 MB. */
export function labelLevel(levels: readonly LevelPlan[]): LevelPlan {
  const voxels = (l: LevelPlan): number => l.size[0] * l.size[1] * l.size[2];
  const found = levels.find((l) => voxels(l) <= labelVoxels) ?? levels.at(-1);
  if (!found) throw new RangeError('a pyramid has at least one level');
  return found;
}
