import type { Vec3 } from '@yuepian/geometry';
import { and, type BitMask, copyMask, cropMask, emptyMask, not, or, pasteMask } from './bits.ts';

/**
 * Dilation and erosion by a ball given in millimetres, on bit masks. The ball is approximated by
 * alternating 6- and 26-neighbour steps (an octagon in the plane). Outside the grid nothing grows
 * in, and nothing is eroded from there: an organ cut by the border of the scan stays whole.
 */

/** Unit steps a ball of `radius` mm takes on each axis, at least `minimum`. */
export function stepsFor(radius: number, spacing: Vec3, minimum = 0): Vec3 {
  const along = (s: number): number => Math.max(minimum, Math.round(radius / s));
  return [along(spacing[0]), along(spacing[1]), along(spacing[2])];
}

export function dilate(m: BitMask, steps: Vec3): BitMask {
  let result = m;
  for (const axes of schedule(steps)) result = step(result, axes);
  return result === m ? copyMask(m) : result;
}

/** Dilation of the background, which does not come in from outside the grid. */
export const erode = (m: BitMask, steps: Vec3): BitMask => not(dilate(not(m), steps));
export const open = (m: BitMask, steps: Vec3): BitMask => dilate(erode(m, steps), steps);
export const close = (m: BitMask, steps: Vec3): BitMask => erode(dilate(m, steps), steps);

/**
 * Closing with room for the dilation beyond the border. Plain closing takes the border for part of
 * the mask and would fill the corner between the two.
 */
export function closeWithRoom(m: BitMask, steps: Vec3): BitMask {
  const size: Vec3 = [m.size[0] + 2 * steps[0], m.size[1] + 2 * steps[1], m.size[2] + 2 * steps[2]];
  return cropMask(close(pasteMask(m, steps, size), steps), steps, m.size);
}

/** Dilation that never leaves `within`: at most `steps` away, along paths inside it. */
export function growWithin(seed: BitMask, within: BitMask, steps: Vec3): BitMask {
  let m = and(copyMask(seed), within);
  for (const axes of schedule(steps)) m = and(step(m, axes), within);
  return m;
}

/**
 * Erosion by a box of ±steps voxels: a row of n shifts is made of log2(n) of them, so large boxes
 * cost little. For asking whether something is thick, not for shaping it.
 */
export function erodeBox(m: BitMask, steps: Vec3): BitMask {
  // A voxel survives where none of the background is seen along an axis, one axis after another.
  let background = not(m);
  for (const axis of [0, 1, 2] as const) {
    const seen = emptyMask(m.size);
    for (const sign of [1, -1] as const) or(seen, seenAlong(background, axis, sign, steps[axis]));
    background = or(seen, background);
  }
  return not(background);
}

/**
 * Voxels from which a voxel of `m` is seen at most `reach` steps away in one direction of an axis
 * (the voxel itself included). Outside the grid nothing is seen.
 */
export function seenAlong(m: BitMask, axis: 0 | 1 | 2, sign: 1 | -1, reach: number): BitMask {
  const out = copyMask(m);
  // After each round a bit stands for `covered` voxels; doubling needs log2(reach) rounds.
  for (let covered = 1; covered <= reach; ) {
    const by = Math.min(covered, reach + 1 - covered);
    if (axis === 0) orShiftedRow(out, sign * by);
    else orShifted(out, axis, sign * by);
    covered += by;
  }
  return out;
}

/** In place: voxel p gets voxel p + by of its column or stack too. */
function orShifted({ words, stride, size }: BitMask, axis: 1 | 2, by: number): void {
  const plane = stride * size[1];
  const step = (axis === 1 ? stride : plane) * by;
  for (let n = 0; n < size[2]; n++) {
    // Towards the source, so that no word is read after it was written.
    const z = by > 0 ? n : size[2] - 1 - n;
    if (axis === 2 && (z + by < 0 || z + by >= size[2])) continue;
    const first = z * plane + (axis === 1 && by < 0 ? -step : 0);
    const end = (z + 1) * plane - (axis === 1 && by > 0 ? step : 0);
    if (by > 0)
      for (let p = first; p < end; p++)
        words[p] = (words[p] as number) | (words[p + step] as number);
    else
      for (let p = end - 1; p >= first; p--)
        words[p] = (words[p] as number) | (words[p + step] as number);
  }
}

/** The same along x: the shift crosses words. */
function orShiftedRow({ words, stride, size }: BitMask, by: number): void {
  const spare = (size[0] & 31) === 0 ? 0 : -1 << (size[0] & 31);
  const jump = Math.abs(by) >> 5;
  const bits = Math.abs(by) & 31;
  for (let row = 0; row < size[1] * size[2]; row++) {
    const base = row * stride;
    let any = 0;
    for (let w = 0; w < stride; w++) any |= words[base + w] as number;
    if (any === 0) continue;
    for (let n = 0; n < stride; n++) {
      const w = by > 0 ? n : stride - 1 - n;
      const near = by > 0 ? w + jump : w - jump;
      const far = by > 0 ? near + 1 : near - 1;
      const a = near >= 0 && near < stride ? (words[base + near] as number) : 0;
      const b = bits !== 0 && far >= 0 && far < stride ? (words[base + far] as number) : 0;
      let moved = a;
      if (bits !== 0)
        moved = by > 0 ? (a >>> bits) | (b << (32 - bits)) : (a << bits) | (b >>> (32 - bits));
      if (w === stride - 1) moved &= ~spare;
      words[base + w] = (words[base + w] as number) | moved;
    }
  }
}

interface Axes {
  readonly x: boolean;
  readonly y: boolean;
  readonly z: boolean;
  readonly box: boolean;
}

/** Which axes move in each unit step, so that an anisotropic ball grows evenly. */
function schedule(steps: Vec3): Axes[] {
  const n = Math.max(...steps);
  const moves = (s: number, count: number): boolean =>
    Math.floor(((s + 1) * count) / n) > Math.floor((s * count) / n);
  return Array.from({ length: n }, (_, s) => ({
    x: moves(s, steps[0]),
    y: moves(s, steps[1]),
    z: moves(s, steps[2]),
    box: s % 2 === 1,
  }));
}

/** One step to the face neighbours along the chosen axes, or to all neighbours (`box`). */
function step(m: BitMask, axes: Axes): BitMask {
  const out = copyMask(m);
  if (axes.x) spreadX(m, out);
  // A box is one axis after another; a cross takes all axes from the same source.
  if (axes.y) {
    const source = axes.box ? copyMask(out) : m;
    spread(source, out, m.stride, m.stride * m.size[1]);
  }
  if (axes.z) {
    const source = axes.box ? copyMask(out) : m;
    spread(source, out, m.stride * m.size[1], out.words.length);
  }
  return out;
}

/** Adds the neighbours left and right. */
function spreadX({ words, stride, size }: BitMask, out: BitMask): void {
  const spare = (size[0] & 31) === 0 ? 0 : -1 << (size[0] & 31);
  const target = out.words;
  for (let first = 0; first < words.length; first += stride) {
    let before = 0;
    for (let p = first; p < first + stride; p++) {
      const here = words[p] as number;
      const after = p + 1 < first + stride ? (words[p + 1] as number) : 0;
      target[p] =
        (target[p] as number) | (here << 1) | (before >>> 31) | (here >>> 1) | (after << 31);
      before = here;
    }
    const last = first + stride - 1;
    target[last] = (target[last] as number) & ~spare;
  }
}

/** Adds the neighbours `by` words away in both directions, inside blocks of `block` words. */
function spread(source: BitMask, out: BitMask, by: number, block: number): void {
  const from = source.words;
  const to = out.words;
  for (let start = 0; start < from.length; start += block) {
    const end = start + block;
    for (let p = start + by; p < end; p++) to[p] = (to[p] as number) | (from[p - by] as number);
    for (let p = start; p < end - by; p++) to[p] = (to[p] as number) | (from[p + by] as number);
  }
}
