import { spacing, type Vec3 } from '@yuepian/geometry';
import { type ImageBox, type MaskBox, voxelMm3 } from './box.ts';

export interface SettleOptions {
  /** How far the border may move in all, as a share of the radius of a ball of the mask's volume. */
  readonly reach: number;
  /** Times that the means are taken anew. */
  readonly rounds: number;
}

/**
 * Moves the border of a mask to where the image has it: a voxel at the border goes to the side whose
 * mean, in a window around it, its own value is nearer to (region terms of Chan & Vese, IEEE TIP
 * 10(2), 2001, taken locally as by Lankton & Tannenbaum, IEEE TIP 17(11), 2008). A geodesic front
 * stops anywhere on a blurred edge; half-way between the two sides is where the edge lies.
 * @param image without noise for the contrast at the border: denoised, or as it was taken where the
 * contrast is far above the noise, for blurring would move the border of a small body. @param marks see seedValue; seeds stay what they are.
 * @returns the mask, changed in place.
 */
export function settleBorder(
  image: ImageBox,
  mask: MaskBox,
  marks: Uint8Array,
  options: SettleOptions,
): MaskBox {
  const step = spacing(image.affine);
  let voxels = 0;
  for (let i = 0; i < mask.data.length; i++) voxels += mask.data[i] as number;
  if (voxels === 0) return mask;
  // Radius of a ball of that volume, mm.
  const radius = Math.cbrt((voxels * voxelMm3(image) * 3) / (4 * Math.PI));
  const moves = Math.max(2, Math.round((options.reach * radius) / Math.min(...step)));
  const window = Math.min(14, Math.max(0.6 * radius, 3 * Math.min(...step)));
  const half = step.map((s) => Math.max(1, Math.round(window / s))) as unknown as Vec3;
  const perRound = Math.ceil(moves / options.rounds);
  const all = Float32Array.from(image.data);
  boxSums(all, mask.size, half);
  for (let round = 0; round < options.rounds; round++) {
    const threshold = thresholdsOf(image, mask, all, half);
    let border = borderOf(mask);
    for (let n = 0; n < perRound && border.length > 0; n++)
      border = moved(image, mask, marks, threshold, border);
  }
  return mask;
}

/** What a voxel is measured by: half-way between the means inside and outside, and which is higher. */
interface Thresholds {
  readonly middle: Float32Array;
  /** 1 inside is brighter, -1 darker, 0 no telling. */
  readonly sign: Int8Array;
}

/** @param all sums of the image over the window. */
function thresholdsOf(image: ImageBox, mask: MaskBox, all: Float32Array, half: Vec3): Thresholds {
  const n = mask.data.length;
  const middle = new Float32Array(n);
  const count = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    if (mask.data[i] === 0) continue;
    middle[i] = image.data[i] as number;
    count[i] = 1;
  }
  boxSums(middle, mask.size, half);
  boxSums(count, mask.size, half);
  const sign = new Int8Array(n);
  const [wx, wy, wz] = mask.size.map((size, axis) => widths(size, half[axis as 0 | 1 | 2])) as [
    number[],
    number[],
    number[],
  ];
  for (let k = 0, i = 0; k < wz.length; k++) {
    for (let j = 0; j < wy.length; j++) {
      const face = (wy[j] as number) * (wz[k] as number);
      for (let x = 0; x < wx.length; x++, i++) {
        const a = count[i] as number;
        const b = (wx[x] as number) * face - a;
        if (a < 1 || b < 1) continue;
        const inside = (middle[i] as number) / a;
        const outside = ((all[i] as number) - (middle[i] as number)) / b;
        middle[i] = (inside + outside) / 2;
        sign[i] = inside > outside ? 1 : -1;
      }
    }
  }
  return { middle, sign };
}

/** How many voxels of an axis lie within ±half of each. */
const widths = (n: number, half: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.min(n, i + half + 1) - Math.max(0, i - half));

/** In place: sums over ±half voxels, cut at the ends; one running sum per axis. */
function boxSums(data: Float32Array, [nx, ny, nz]: Vec3, half: Vec3): void {
  const line = new Float64Array(Math.max(nx, ny, nz) + 1);
  for (let row = 0; row < data.length; row += nx) lineSums(data, row, 1, nx, half[0], line);
  for (let k = 0; k < nz; k++)
    for (let i = 0; i < nx; i++) lineSums(data, i + nx * ny * k, nx, ny, half[1], line);
  for (let i = 0; i < nx * ny; i++) lineSums(data, i, nx * ny, nz, half[2], line);
}

function lineSums(
  data: Float32Array,
  first: number,
  stride: number,
  n: number,
  half: number,
  line: Float64Array,
): void {
  let sum = 0;
  for (let i = 0, at = first; i < n; i++, at += stride) {
    sum += data[at] as number;
    line[i + 1] = sum;
  }
  for (let i = 0, at = first; i < n; i++, at += stride) {
    const end = Math.min(n, i + half + 1);
    data[at] = (line[end] as number) - (line[i > half ? i - half : 0] as number);
  }
}

/** Voxels with a neighbour of the other kind, and in the box's inside. */
function borderOf(mask: MaskBox): number[] {
  const [nx, ny, nz] = mask.size;
  const { data } = mask;
  const found: number[] = [];
  for (let k = 1; k < nz - 1; k++)
    for (let j = 1; j < ny - 1; j++)
      for (let i = 1, at = 1 + nx * (j + ny * k); i < nx - 1; i++, at++)
        if (isBorder(data, at, nx, nx * ny)) found.push(at);
  return found;
}

function isBorder(data: Uint8Array, at: number, row: number, plane: number): boolean {
  const own = data[at];
  return (
    data[at - 1] !== own ||
    data[at + 1] !== own ||
    data[at - row] !== own ||
    data[at + row] !== own ||
    data[at - plane] !== own ||
    data[at + plane] !== own
  );
}

/** One step of the border. @returns the border afterwards, near to what moved. */
function moved(
  image: ImageBox,
  mask: MaskBox,
  marks: Uint8Array,
  { middle, sign }: Thresholds,
  border: readonly number[],
): number[] {
  const [nx, ny, nz] = mask.size;
  const changed: number[] = [];
  for (const at of border) {
    if (marks[at] !== 0 || sign[at] === 0) continue;
    const isInside =
      ((image.data[at] as number) - (middle[at] as number)) * (sign[at] as number) > 0;
    if (isInside !== (mask.data[at] === 1)) changed.push(at);
  }
  for (const at of changed) mask.data[at] = 1 - (mask.data[at] as number);
  const next = new Set<number>();
  for (const v of changed) {
    for (const at of [v, v - 1, v + 1, v - nx, v + nx, v - nx * ny, v + nx * ny]) {
      const [i, j, k] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
      if (i < 1 || j < 1 || k < 1 || i > nx - 2 || j > ny - 2 || k > nz - 2) continue;
      if (isBorder(mask.data, at, nx, nx * ny)) next.add(at);
    }
  }
  return [...next];
}
