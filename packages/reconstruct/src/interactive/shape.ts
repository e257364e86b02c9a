import { YuepianError } from '@yuepian/contract';
import { type Mm, spacing } from '@yuepian/geometry';
import { signedDistances, squaredDistances } from '../grid/distance.ts';
import { checkBox, checkPositive, countVoxels, type MaskBox } from './box.ts';
import { type Edit, editBetween } from './diff.ts';

/**
 * Grows (mm > 0) or shrinks (mm < 0) a structure by an exact Euclidean distance between voxel
 * centres, anisotropic voxels right. Growth ends at the edge of the box: crop with a margin of
 * at least `mm`. The axes of the grid must be at right angles, as those of every served volume are.
 * @throws YuepianError `invalid_request` unless `mm` is a number.
 */
export function grow(mask: MaskBox, mm: Mm): Edit {
  checkBox(mask);
  if (!Number.isFinite(mm))
    throw new YuepianError('invalid_request', { reason: 'the distance is no number' });
  if (mm === 0) return editBetween(mask, mask.data);
  const limit = mm * mm * (1 + 1e-6);
  const d = squaredDistances(mask.data, mask.size, spacing(mask.affine), mm > 0 ? 1 : 0);
  const after = new Uint8Array(d.length);
  if (mm > 0) for (let i = 0; i < d.length; i++) after[i] = (d[i] as number) <= limit ? 1 : 0;
  else for (let i = 0; i < d.length; i++) after[i] = (d[i] as number) > limit ? 1 : 0;
  return editBetween(mask, after);
}

/**
 * Smooths a structure: a Gaussian of `sigma` mm over the mask, cut at the level that keeps its
 * number of voxels (to the voxels of equal level), so that smoothing does not shrink a lesion.
 */
export function smoothMask(mask: MaskBox, sigma: Mm): Edit {
  checkBox(mask);
  checkPositive(sigma, 'sigma');
  const step = spacing(mask.affine);
  const soft = Float32Array.from(mask.data, (v) => (v === 0 ? 0 : 1));
  const [nx, ny, nz] = mask.size;
  const strides = [1, nx, nx * ny] as const;
  for (const axis of [0, 1, 2] as const)
    blurAxis(soft, [nx, ny, nz], axis, strides[axis], sigma / step[axis]);
  const level = levelFor(soft, countVoxels(mask));
  return editBetween(
    mask,
    Uint8Array.from(soft, (v) => (v >= level ? 1 : 0)),
  );
}

/** Gaussian along one axis; the edge value continues outside. @param sigma in voxels. */
function blurAxis(
  data: Float32Array,
  size: readonly [number, number, number],
  axis: 0 | 1 | 2,
  stride: number,
  sigma: number,
): void {
  const reach = Math.ceil(3 * sigma);
  if (sigma < 0.1) return;
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, n) =>
    Math.exp(-((n - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  const n = size[axis];
  const line = new Float32Array(n);
  const [p, q] = axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];
  const strides = [1, size[0], size[0] * size[1]];
  for (let b = 0; b < (size[q as 0] as number); b++) {
    for (let a = 0; a < (size[p as 0] as number); a++) {
      const start = a * (strides[p as 0] as number) + b * (strides[q as 0] as number);
      let any = false;
      for (let i = 0; i < n; i++) {
        line[i] = data[start + i * stride] as number;
        if (line[i] !== 0) any = true;
      }
      if (!any) continue;
      for (let i = 0; i < n; i++) {
        let total = 0;
        for (let k = -reach; k <= reach; k++) {
          const at = Math.min(n - 1, Math.max(0, i + k));
          total += (kernel[k + reach] as number) * (line[at] as number);
        }
        data[start + i * stride] = total / sum;
      }
    }
  }
}

/** The level that `count` voxels reach, from a histogram of 65536 steps. */
function levelFor(soft: Float32Array, count: number): number {
  const steps = 65536;
  const histogram = new Uint32Array(steps + 1);
  for (let i = 0; i < soft.length; i++) {
    const n = Math.min(steps, Math.floor((soft[i] as number) * steps));
    histogram[n] = (histogram[n] as number) + 1;
  }
  let above = 0;
  let n = steps;
  for (; n > 0; n--) {
    const next = above + (histogram[n] as number);
    // Half of a step too many is nearer than half too few.
    if (next - count > count - above) break;
    above = next;
    if (above >= count) {
      n--;
      break;
    }
  }
  return (n + 1) / steps;
}

/**
 * Fills the slices between drawn ones by the shape between them: signed distance maps of the drawn
 * slices, blended linearly (Raya & Udupa, IEEE Trans. Medical Imaging 9(1), 1990).
 * @param axis 0, 1 or 2: slices are planes of constant i, j or k.
 * @param drawn indices of the drawn slices; without it, every slice that has a voxel. Slices
 * outside the first and last drawn one, and drawn ones, stay as they are.
 * @throws YuepianError `invalid_request` for an index outside the box or fewer than two slices.
 */
export function interpolateSlices(mask: MaskBox, axis: 0 | 1 | 2, drawn?: readonly number[]): Edit {
  checkBox(mask);
  const chosen = [...new Set(drawn ?? slicesWithVoxels(mask, axis))].sort((a, b) => a - b);
  if (!chosen.every((n) => Number.isInteger(n) && n >= 0 && n < mask.size[axis]))
    throw new YuepianError('invalid_request', { reason: 'a drawn slice lies outside the box' });
  if (chosen.length < 2)
    throw new YuepianError('invalid_request', { reason: 'at least two slices must be drawn' });
  const after = mask.data.slice();
  const slices = new Map(chosen.map((n) => [n, distancesOfSlice(mask, axis, n)]));
  for (let n = 1; n < chosen.length; n++) {
    const [low, high] = [chosen[n - 1] as number, chosen[n] as number];
    const [a, b] = [slices.get(low), slices.get(high)];
    if (a === undefined || b === undefined) continue;
    for (let at = low + 1; at < high; at++) {
      const t = (at - low) / (high - low);
      forEachInSlice(mask, axis, at, (index, place) => {
        after[index] = (1 - t) * (a[place] as number) + t * (b[place] as number) <= 0 ? 1 : 0;
      });
    }
  }
  return editBetween(mask, after);
}

function slicesWithVoxels(mask: MaskBox, axis: 0 | 1 | 2): number[] {
  const found: number[] = [];
  for (let n = 0; n < mask.size[axis]; n++) {
    let any = false;
    forEachInSlice(mask, axis, n, (index) => {
      if (mask.data[index] !== 0) any = true;
    });
    if (any) found.push(n);
  }
  return found;
}

function distancesOfSlice(mask: MaskBox, axis: 0 | 1 | 2, n: number): Float32Array {
  const [p, q] = planeAxes(axis);
  const step = spacing(mask.affine);
  const flat = new Uint8Array(mask.size[p] * mask.size[q]);
  forEachInSlice(mask, axis, n, (index, place) => {
    flat[place] = mask.data[index] as number;
  });
  return signedDistances(flat, [mask.size[p], mask.size[q], 1], [step[p], step[q], step[p]]);
}

const planeAxes = (axis: 0 | 1 | 2): readonly [0 | 1 | 2, 0 | 1 | 2] =>
  axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];

function forEachInSlice(
  mask: MaskBox,
  axis: 0 | 1 | 2,
  n: number,
  visit: (index: number, place: number) => void,
): void {
  const strides = [1, mask.size[0], mask.size[0] * mask.size[1]] as const;
  const [p, q] = planeAxes(axis);
  for (let b = 0, place = 0; b < mask.size[q]; b++)
    for (let a = 0; a < mask.size[p]; a++, place++)
      visit(n * strides[axis] + a * strides[p] + b * strides[q], place);
}
