import { YuepianError } from '@yuepian/contract';
import { type Mm, type PatientPoint, spacing, type Vec3 } from '@yuepian/geometry';
import {
  boxAroundPoints,
  checkPoints,
  cropImage,
  emptyMaskBox,
  type ImageBox,
  type IndexBox,
  type MaskBox,
  voxelAt,
} from './box.ts';
import { capsules, paintStamp } from './brush.ts';
import { applyDiff } from './diff.ts';
import { growCut, noiseOf } from './growcut.ts';
import { fillHoles, keepIsland } from './islands.ts';
import { settleBorder } from './settle.ts';
import { smoothMask } from './shape.ts';

/** What the doctor is after; it chooses weights and clean-up, not the image's values. */
export type SegmentHint = 'organ' | 'kidney' | 'tumour' | 'vessel';

export interface BoxSeeds {
  /** Points (or stroke samples) within the structure, LPS mm; without any, the middle of the box. */
  readonly inside: readonly PatientPoint[];
  /** Points outside of it; the shell of the box is outside in any case. */
  readonly outside?: readonly PatientPoint[];
  /** Radius of a seed in mm; default an eighth of the box's shortest side. */
  readonly radius?: Mm;
}

interface Plan {
  readonly appearance: number;
  /** mm of the noise filter before and of the smoothing after. */
  readonly before: number;
  readonly after: number;
}

const plans: Record<SegmentHint, Plan> = {
  organ: { appearance: 1, before: 1, after: 1 },
  kidney: { appearance: 1, before: 1, after: 0.8 },
  tumour: { appearance: 0.6, before: 0.8, after: 0.8 },
  vessel: { appearance: 1, before: 0, after: 0 },
};

/** Two opposite corners of a box drawn by hand, as voxel indices; undefined outside the image. */
export const boxFromCorners = (
  image: ImageBox,
  a: PatientPoint,
  b: PatientPoint,
): IndexBox | undefined => boxAroundPoints(image, [a, b], 0);

/**
 * Segments one structure from a box around it and a seed inside: GrowCut on edges and on how the
 * values of the seeds differ from those of the box's shell; where the shell looks unlike the
 * structure, the border then settles half-way between the values of both. Then holes filled, smoothed
 * without loss of volume, the seeded island.
 * @param image at least the box; @param box where the structure lies, all of it.
 * @returns the mask on the grid of the box.
 * @throws YuepianError `invalid_request` when no seed lies in the box.
 */
export function segmentInBox(
  image: ImageBox,
  box: IndexBox,
  seeds: BoxSeeds,
  hint: SegmentHint,
): MaskBox {
  checkPoints([...seeds.inside, ...(seeds.outside ?? [])]);
  const part = cropImage(image, box);
  const plan = plans[hint];
  const radius = (seeds.radius ?? seedRadius(part)) as Mm;
  const calm = plan.before > 0 ? denoised(part, plan.before) : part;
  const marks = seedMap(part, seeds, radius);
  shellSeeds(part, marks, closedSides(image, box));
  const mask = growCut(calm, marks, { appearance: plan.appearance });
  const seed = marks.indexOf(1);
  const { like, contrast } = likeness(calm, mask, marks);
  if (plan.before > 0 && like < maximumLikeness) {
    // Blurred, a small dense body would swallow its rim: against such contrast noise does not matter.
    const noise = noiseOf(part, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    const isSharp = contrast > minimumSharpness * noise;
    settleBorder(isSharp ? part : calm, mask, marks, { reach: 0.4, rounds: 2 });
  }
  return cleaned(mask, seed, plan.after as Mm);
}

/**
 * Share of the box's shell that may look like the structure where its values alone are to decide on
 * its border. Measured: up to 0.11 around balls in noise, 0.46 and more around organs that others
 * touch; there a border by values would take the neighbours in.
 */
const maximumLikeness = 0.25;

/** Contrast over noise (σ) from which on the border is taken from the image as it is. */
const minimumSharpness = 10;

/**
 * Share of what is known to be outside that is nearer to the mean inside than to that outside, and
 * how far these two means lie apart.
 */
function likeness(
  image: ImageBox,
  mask: MaskBox,
  marks: Uint8Array,
): { like: number; contrast: number } {
  let [inside, n, outside, m] = [0, 0, 0, 0];
  for (let i = 0; i < marks.length; i++) {
    if (mask.data[i] === 1) {
      inside += image.data[i] as number;
      n++;
    } else if (marks[i] === 2) {
      outside += image.data[i] as number;
      m++;
    }
  }
  inside /= n;
  outside /= m;
  const middle = (inside + outside) / 2;
  let like = 0;
  for (let i = 0; i < marks.length; i++)
    if (marks[i] === 2 && ((image.data[i] as number) - middle) * (inside - outside) > 0) like++;
  return { like: like / m, contrast: Math.abs(inside - outside) };
}

function seedMap(part: ImageBox, seeds: BoxSeeds, radius: Mm): Uint8Array {
  const marks = new Uint8Array(part.data.length);
  const put = (points: readonly PatientPoint[], value: number): void => {
    const empty = emptyMaskBox(part);
    for (const point of points) {
      if (voxelAt(part, point) === undefined) continue;
      applyDiff(empty, paintStamp(empty, capsules(part, [point], radius), 'add').diff);
    }
    for (let i = 0; i < marks.length; i++) if (empty.data[i] === 1) marks[i] = value;
  };
  put(seeds.outside ?? [], 2);
  put(seeds.inside, 1);
  if (!marks.includes(1))
    throw new YuepianError('invalid_request', { reason: 'no seed lies in the box' });
  return marks;
}

/** An eighth of the box's shortest side: within the structure when its middle was meant. */
function seedRadius(part: ImageBox): number {
  const step = spacing(part.affine);
  return Math.max(2, Math.min(...part.size.map((n, a) => n * (step[a] as number))) / 8);
}

/** Sides of the box that lie within the image: where the image ends, a structure may go on. */
const closedSides = (image: ImageBox, box: IndexBox): readonly (readonly [boolean, boolean])[] =>
  ([0, 1, 2] as const).map((a) => [box.first[a] > 0, box.first[a] + box.size[a] < image.size[a]]);

/** The shell of the box is outside, but where the image ends: there a structure may go on. */
function shellSeeds(
  image: ImageBox,
  marks: Uint8Array,
  sides: readonly (readonly [boolean, boolean])[],
): void {
  const [nx, ny, nz] = image.size;
  const at = [0, 0, 0];
  for (let k = 0, p = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, p++) {
        [at[0], at[1], at[2]] = [i, j, k];
        const onShell = sides.some(
          ([low, high], a) =>
            (low && at[a] === 0) || (high && at[a] === (image.size[a] as number) - 1),
        );
        if (onShell && marks[p] === 0) marks[p] = 2;
      }
    }
  }
}

/** Mean over a small window of about ±`mm`, edges kept by leaving out values far from the centre. */
function denoised(image: ImageBox, mm: number): ImageBox {
  const step = spacing(image.affine);
  const reach = step.map((s) => Math.min(1, Math.round(mm / s))) as unknown as Vec3;
  if (reach.every((r) => r === 0)) return image;
  const [nx, ny, nz] = image.size;
  const out = new Float32Array(image.data.length);
  const { data } = image;
  for (let k = 0, at = 0; k < nz; k++) {
    const [k0, k1] = [Math.max(0, k - reach[2]), Math.min(nz - 1, k + reach[2])];
    for (let j = 0; j < ny; j++) {
      const [j0, j1] = [Math.max(0, j - reach[1]), Math.min(ny - 1, j + reach[1])];
      for (let i = 0; i < nx; i++, at++) {
        const [i0, i1] = [Math.max(0, i - reach[0]), Math.min(nx - 1, i + reach[0])];
        let [sum, n] = [0, 0];
        for (let c = k0; c <= k1; c++)
          for (let b = j0; b <= j1; b++)
            for (let a = i0, q = i0 + nx * (b + ny * c); a <= i1; a++, q++) {
              sum += data[q] as number;
              n++;
            }
        out[at] = sum / n;
      }
    }
  }
  return { ...image, data: out };
}

function cleaned(mask: MaskBox, seed: number, sigma: Mm): MaskBox {
  const [nx, ny] = mask.size;
  applyDiff(mask, fillHoles(mask).diff);
  if (sigma > 0) applyDiff(mask, smoothMask(mask, sigma).diff);
  if (mask.data[seed] === 0) return mask;
  const m = mask.affine;
  const [i, j, k] = [seed % nx, Math.floor(seed / nx) % ny, Math.floor(seed / (nx * ny))];
  const point = [0, 1, 2].map(
    (r) =>
      (m[r * 4] as number) * i +
      (m[r * 4 + 1] as number) * j +
      (m[r * 4 + 2] as number) * k +
      (m[r * 4 + 3] as number),
  ) as unknown as PatientPoint;
  applyDiff(mask, keepIsland(mask, point).diff);
  return mask;
}
