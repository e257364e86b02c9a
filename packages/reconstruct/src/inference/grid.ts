import type { ModelTensor } from '@yuepian/contract';
import {
  type Affine,
  affineFromSteps,
  dot,
  norm,
  scale,
  stepI,
  stepJ,
  stepK,
  toPatient,
  unit,
  type Vec3,
} from '@yuepian/geometry';

/**
 * Where a network's tensor lies in the patient: size and affine like a volume's, `size` = [W, H, D].
 * The index runs as in a tensor [.., D, H, W]: `w + W * (h + H * d)`.
 */
export interface TensorGrid {
  readonly size: Vec3;
  readonly affine: Affine;
}

interface Grid {
  readonly size: Vec3;
  readonly affine: Affine;
}

/** LPS directions of the letters. */
const directions: Readonly<Record<string, Vec3>> = {
  L: [1, 0, 0],
  R: [-1, 0, 0],
  P: [0, 1, 0],
  A: [0, -1, 0],
  S: [0, 0, 1],
  I: [0, 0, -1],
};

const permutations: readonly (readonly (0 | 1 | 2)[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/**
 * The tensor grid that covers a volume, both with the same centre. A volume that lies on the
 * network's grid already gives exactly its own voxels, turned.
 */
export function tensorGrid(volume: Grid, tensor: ModelTensor): TensorGrid {
  const wanted = [...tensor.voxelOrder].map((letter): Vec3 => directions[letter] ?? [1, 0, 0]);
  const steps = [stepI(volume.affine), stepJ(volume.affine), stepK(volume.affine)] as const;
  const extents = steps.map((step, axis) => norm(step) * (volume.size[axis] as number));
  const axes: Vec3[] = [...wanted];
  let lengths: number[];
  if (tensor.grid === 'image') {
    const units = steps.map((step) => unit(step));
    let best: readonly (0 | 1 | 2)[] = [0, 1, 2];
    let score = Number.NEGATIVE_INFINITY;
    for (const p of permutations) {
      let total = 0;
      p.forEach((axis, n) => {
        total += Math.abs(dot(units[axis] as Vec3, wanted[n] as Vec3));
      });
      // A little more is needed to win: two axes at 45° must not fall out by rounding.
      if (total > score + 1e-9) [best, score] = [p, total];
    }
    lengths = best.map((axis) => extents[axis] as number);
    best.forEach((axis, n) => {
      const u = units[axis] as Vec3;
      axes[n] = unit(scale(u, dot(u, wanted[n] as Vec3) < 0 ? -1 : 1));
    });
  } else {
    lengths = axes.map((direction) =>
      steps.reduce(
        (sum, step, axis) => sum + Math.abs(dot(step, direction)) * (volume.size[axis] as number),
        0,
      ),
    );
  }
  const count = lengths.map((length, n) =>
    Math.max(1, Math.ceil(length / (tensor.spacing[n] as number) - 1e-3)),
  );
  const [d, h, w] = axes.map((axis, n) => scale(axis, tensor.spacing[n] as number));
  const centre = toPatient(volume.affine, half(volume.size));
  const size: Vec3 = [count[2] as number, count[1] as number, count[0] as number];
  const [i, j, k] = [w as Vec3, h as Vec3, d as Vec3];
  const back = half(size);
  const origin: Vec3 = [0, 1, 2].map(
    (n) =>
      (centre[n] as number) -
      (i[n] as number) * back[0] -
      (j[n] as number) * back[1] -
      (k[n] as number) * back[2],
  ) as unknown as Vec3;
  return { size, affine: affineFromSteps(i, j, k, origin) };
}

const half = (size: Vec3): Vec3 => [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2];

/** A part of a tensor grid. */
export interface Box {
  readonly first: Vec3;
  readonly size: Vec3;
}

export const wholeBox = (size: Vec3): Box => ({ first: [0, 0, 0], size });

export function croppedGrid(grid: TensorGrid, box: Box): TensorGrid {
  const { affine } = grid;
  const origin = toPatient(affine, box.first);
  return {
    size: box.size,
    affine: affineFromSteps(stepI(affine), stepJ(affine), stepK(affine), origin),
  };
}

/**
 * Voxels that go through a network in one pass, at most: a tile, or the whole crop. For the check
 * of memory before the start; a head or body takes about half of a scan's box.
 */
export function passVoxels(tensor: ModelTensor, volume: Grid): number {
  if (tensor.tiling) return tensor.tiling.size.reduce((n, s) => n * s, 1);
  const { size } = tensorGrid(volume, tensor);
  const all = size[0] * size[1] * size[2];
  return Math.max(tensor.crop === 'none' ? all : all * 0.6, tensor.multipleOf ** 3);
}
