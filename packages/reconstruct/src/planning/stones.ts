import {
  type Hu,
  type Millilitre,
  type Mm,
  millilitres,
  type PatientPoint,
  spacing,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import { components, forEachRun } from '../grid/components.ts';
import { squaredDistances } from '../grid/distance.ts';
import {
  checkBox,
  checkSameGrid,
  type ImageBox,
  type MaskBox,
  voxelMm3,
} from '../interactive/box.ts';
import { bitsOfMask } from '../interactive/islands.ts';

export interface StoneOptions {
  /** True for a low-dose scan: HU > 130 instead of 200. */
  readonly lowDose?: boolean;
  /** How far around the kidney (or ureter) is looked, in mm; default 5. */
  readonly reach?: Mm;
  /** Bone of the same grid, where it is known; what touches it is no stone. */
  readonly bone?: MaskBox;
}

export interface Stone {
  /** Centre of its voxels, LPS mm. */
  readonly position: PatientPoint;
  /** Voxels denser than half-way between surroundings and core. */
  readonly voxels: number;
  readonly volumeMl: Millilitre;
  /** Longest extent of its voxels, from border to border. */
  readonly longest: Mm;
  readonly mean: Hu;
  readonly max: Hu;
  /** Indices of its voxels in the box. */
  readonly indices: Uint32Array;
}

const volumeLimits = [1, 3000] as const;
/** One or two voxels say nothing of a shape: the lip of a calyx, noise. */
const fewestVoxels = 3;

/**
 * Stones in a kidney: connected voxels above the threshold within the kidney and `reach` mm around it,
 * 1–3000 mm³ and three voxels at least. Left out: what is no denser than the kidney's own enhancement, what goes on beyond the
 * neighbourhood or touches bone (ribs, calcified vessels outside), and pools of contrast medium, which are
 * even and only as bright as their surroundings are soft: a stone must stand out from a ring of 3 mm by 100 HU and
 * be peaked (its maximum well above its threshold).
 * @param image HU, same grid as the mask. @returns largest first.
 * @throws YuepianError `invalid_request` when grids differ.
 */
export function findStones(image: ImageBox, kidney: MaskBox, options: StoneOptions = {}): Stone[] {
  checkBox(image);
  checkBox(kidney);
  checkSameGrid(image, kidney);
  const step = spacing(kidney.affine);
  const reach = options.reach ?? 5;
  const d = squaredDistances(kidney.data, kidney.size, step, 1);
  const near = (i: number): boolean => (d[i] as number) <= reach * reach;
  const threshold = Math.max(options.lowDose === true ? 130 : 200, enhancement(image, kidney));
  const dense = new Uint8Array(kidney.data.length);
  for (let i = 0; i < dense.length; i++) if ((image.data[i] as number) > threshold) dense[i] = 1;
  // Of the whole box, so that a rib that reaches into the neighbourhood shows as one long piece.
  const c = components(bitsOfMask(dense, kidney.size));
  const pieces: number[][] = Array.from({ length: c.count }, () => []);
  const outside = new Uint8Array(c.count);
  const limit = volumeLimits[1] / voxelMm3(kidney);
  forEachRun(c, (n, first, length) => {
    for (let i = first; i < first + length; i++) {
      if (!near(i) || options.bone?.data[i] === 1) outside[n] = 1;
      if ((pieces[n]?.length ?? 0) <= limit) pieces[n]?.push(i);
    }
  });
  return pieces
    .flatMap((piece, n) => (outside[n] === 1 ? [] : (stoneOf(image, piece, threshold) ?? [])))
    .sort((a, b) => b.voxels - a.voxels);
}

/** Above what the kidney's own tissue reaches: its median plus four robust standard deviations. */
function enhancement(image: ImageBox, kidney: MaskBox): number {
  const values: number[] = [];
  for (let i = 0; i < kidney.data.length; i++)
    if (kidney.data[i] !== 0) values.push(image.data[i] as number);
  if (values.length === 0) return Number.NEGATIVE_INFINITY;
  const median = middle(values);
  const deviation = 1.4826 * middle(values.map((v) => Math.abs(v - median)));
  return median + 4 * deviation;
}

function middle(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function stoneOf(image: ImageBox, piece: readonly number[], threshold: number): Stone | undefined {
  const mm3 = voxelMm3(image);
  if (piece.length === 0) return undefined;
  const values = piece.map((i) => image.data[i] as number);
  const around = ringMean(image, piece);
  const peak = values.reduce((a, b) => Math.max(a, b));
  // A blurred edge lies where the value is half-way between both sides.
  const half = Math.max(threshold, (peak + around) / 2);
  const core = piece.filter((i) => (image.data[i] as number) >= half);
  const volume = core.length * mm3;
  if (volume < volumeLimits[0] || volume > volumeLimits[1]) return undefined;
  if (core.length < fewestVoxels) return undefined;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (mean - around < 100 || isPool(values, threshold)) return undefined;
  const points = core.map((i) => pointOf(image, i));
  const sum = points.reduce<Vec3>((s, p) => [s[0] + p[0], s[1] + p[1], s[2] + p[2]], [0, 0, 0]);
  const inside = core.map((i) => image.data[i] as number);
  return {
    position: sum.map((v) => v / core.length) as unknown as PatientPoint,
    voxels: core.length,
    volumeMl: millilitres(volume),
    longest: longestExtent(image, points),
    mean: (inside.reduce((a, b) => a + b, 0) / inside.length) as Hu,
    max: peak as Hu,
    indices: Uint32Array.from(core),
  };
}

/** Contrast medium in a calyx fills a space evenly: large, and no core denser than the rest. */
function isPool(values: readonly number[], threshold: number): boolean {
  if (values.length < 200) return false;
  const m = middle(values);
  const spread = 1.4826 * middle(values.map((v) => Math.abs(v - m)));
  return m < threshold + 250 && spread < 0.15 * m;
}

/** Mean of the voxels two and three steps outside of the piece. */
function ringMean(image: ImageBox, piece: readonly number[]): number {
  const own = new Set(piece);
  const [nx, ny, nz] = image.size;
  const step = spacing(image.affine);
  const reach = step.map((s) => Math.max(1, Math.round(3 / s))) as unknown as Vec3;
  const seen = new Set<number>();
  let sum = 0;
  for (const i of piece) {
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    for (const [a, b, c] of [
      [reach[0], 0, 0],
      [-reach[0], 0, 0],
      [0, reach[1], 0],
      [0, -reach[1], 0],
      [0, 0, reach[2]],
      [0, 0, -reach[2]],
    ] as const) {
      const [p, q, r] = [x + a, y + b, z + c];
      if (p < 0 || q < 0 || r < 0 || p >= nx || q >= ny || r >= nz) continue;
      const at = p + nx * (q + ny * r);
      if (own.has(at) || seen.has(at)) continue;
      seen.add(at);
      sum += image.data[at] as number;
    }
  }
  return seen.size === 0 ? Number.NEGATIVE_INFINITY : sum / seen.size;
}

function pointOf(image: ImageBox, i: number): PatientPoint {
  const [nx, ny] = image.size;
  return toPatient(image.affine, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
}

/** Longest distance between centres, plus the extent of a voxel along that line. */
function longestExtent(image: ImageBox, points: readonly PatientPoint[]): Mm {
  const step = spacing(image.affine);
  let best = 0;
  let way: Vec3 = [1, 0, 0];
  for (let a = 0; a < points.length; a++) {
    for (let b = a + 1; b < points.length; b++) {
      const [p, q] = [points[a] as PatientPoint, points[b] as PatientPoint];
      const d = Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]);
      if (d <= best) continue;
      best = d;
      way = [(q[0] - p[0]) / d, (q[1] - p[1]) / d, (q[2] - p[2]) / d];
    }
  }
  const m = image.affine;
  const voxel = [0, 1, 2].reduce((sum, axis) => {
    const s = step[axis] as number;
    const cos =
      ((m[axis] as number) * way[0] +
        (m[axis + 4] as number) * way[1] +
        (m[axis + 8] as number) * way[2]) /
      s;
    return sum + s * cos * cos;
  }, 0);
  return (best + voxel) as Mm;
}
