import type { Mm, PatientPoint } from '@yuepian/geometry';
import {
  checkBox,
  checkSameGrid,
  type ImageBox,
  type MaskBox,
  voxelAt,
  voxelCount,
} from './box.ts';
import { type BrushMode, capsules, paintStamp, type Stamp } from './brush.ts';
import { type Edit, editBetween } from './diff.ts';

export interface SmartBrushOptions {
  /** Widths of the local spread (standard deviations) that still belong; default 2.5. */
  readonly tolerance?: number;
}

/**
 * A sphere brush that respects edges: of the voxels under each dab only those are painted whose value
 * lies within the statistics around the dab's centre (mean ± tolerance × spread of a core of a third
 * of the radius) and that are connected to the centre through such voxels.
 * @param image same grid as the mask. @param stroke LPS mm; samples are dabs, so keep them closer
 * together than the radius.
 */
export function smartBrush(
  mask: MaskBox,
  image: ImageBox,
  stroke: readonly PatientPoint[],
  radius: Mm,
  mode: BrushMode,
  options: SmartBrushOptions = {},
): Edit {
  checkBox(mask);
  checkBox(image);
  checkSameGrid(mask, image);
  const whole = capsules(mask, stroke, radius);
  if (whole === undefined) return editBetween(mask, mask.data);
  const union = new Uint8Array(voxelCount(whole.box.size));
  for (const point of stroke) {
    const centre = voxelAt(mask, point);
    const dab = capsules(mask, [point], radius);
    const core = capsules(mask, [point], Math.max(radius / 3, 1e-3) as Mm);
    if (centre === undefined || dab === undefined || core === undefined) continue;
    const { mean, spread } = statistics(image, core, centre);
    const reach = Math.max((options.tolerance ?? 2.5) * spread, 1e-6);
    flood(image, dab, centre, mean - reach, mean + reach, whole, union);
  }
  return paintStamp(mask, { box: whole.box, data: union }, mode);
}

/** Mean and spread of the core, but no less than the noise between neighbours under it. */
function statistics(
  image: ImageBox,
  core: Stamp,
  centre: number,
): { mean: number; spread: number } {
  let [n, mean, squares] = [0, 0, 0];
  const steps: number[] = [];
  forEachCovered(image, core, (at) => {
    const v = image.data[at] as number;
    const delta = v - mean;
    mean += delta / ++n;
    squares += delta * (v - mean);
    const right = image.data[at + 1];
    if ((at + 1) % image.size[0] !== 0 && right !== undefined) steps.push(Math.abs(right - v));
  });
  steps.sort((a, b) => a - b);
  const noise = (steps[steps.length >> 1] ?? 0) / 0.954;
  // The centre may lie on a thin part of another value; noise alone does not reach four spreads.
  const value = image.data[centre] as number;
  const spread = Math.max(Math.sqrt(squares / n), noise);
  return { mean: Math.abs(value - mean) > 4 * spread ? value : mean, spread };
}

function forEachCovered(image: ImageBox, stamp: Stamp, visit: (at: number) => void): void {
  const { first, size } = stamp.box;
  for (let z = 0, p = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const row = first[0] + image.size[0] * (first[1] + y + image.size[1] * (first[2] + z));
      for (let x = 0; x < size[0]; x++, p++) if (stamp.data[p] !== 0) visit(row + x);
    }
  }
}

/** Marks in `union` what of `dab` is connected to the centre within the range of values. */
function flood(
  image: ImageBox,
  dab: Stamp,
  centre: number,
  low: number,
  high: number,
  whole: Stamp,
  union: Uint8Array,
): void {
  const [nx, ny] = image.size;
  const [bx, by, bz] = dab.box.size;
  const [fx, fy, fz] = dab.box.first;
  const [wx, wy, wz] = whole.box.first;
  const seen = new Uint8Array(dab.data.length);
  const stack = [
    (centre % nx) -
      fx +
      bx * ((Math.floor(centre / nx) % ny) - fy + by * (Math.floor(centre / (nx * ny)) - fz)),
  ];
  seen[stack[0] as number] = 1;
  for (let p = stack.pop(); p !== undefined; p = stack.pop()) {
    const x = p % bx;
    const y = Math.floor(p / bx) % by;
    const z = Math.floor(p / (bx * by));
    union[x + fx - wx + whole.box.size[0] * (y + fy - wy + whole.box.size[1] * (z + fz - wz))] = 1;
    const visit = (q: number, a: number, b: number, c: number): void => {
      if (a < 0 || b < 0 || c < 0 || a >= bx || b >= by || c >= bz) return;
      if (seen[q] !== 0 || dab.data[q] === 0) return;
      seen[q] = 1;
      const v = image.data[a + fx + nx * (b + fy + ny * (c + fz))] as number;
      if (v >= low && v <= high) stack.push(q);
    };
    visit(p - 1, x - 1, y, z);
    visit(p + 1, x + 1, y, z);
    visit(p - bx, x, y - 1, z);
    visit(p + bx, x, y + 1, z);
    visit(p - bx * by, x, y, z - 1);
    visit(p + bx * by, x, y, z + 1);
  }
}
