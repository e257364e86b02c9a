import type { Vec3 } from '@yuepian/geometry';
import { and, type BitMask, copyMask } from './bits.ts';

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

export const dilate = (m: BitMask, steps: Vec3): BitMask => grow(m, steps, true);
export const erode = (m: BitMask, steps: Vec3): BitMask => grow(m, steps, false);
export const open = (m: BitMask, steps: Vec3): BitMask => dilate(erode(m, steps), steps);
export const close = (m: BitMask, steps: Vec3): BitMask => erode(dilate(m, steps), steps);

/** Dilation that never leaves `within`: at most `steps` away, along paths inside it. */
export function growWithin(seed: BitMask, within: BitMask, steps: Vec3): BitMask {
  let m = and(copyMask(seed), within);
  for (const axes of schedule(steps)) m = and(step(m, axes, true), within);
  return m;
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

function grow(m: BitMask, steps: Vec3, out: boolean): BitMask {
  let result = m;
  for (const axes of schedule(steps)) result = step(result, axes, out);
  return result === m ? copyMask(m) : result;
}

function step(m: BitMask, axes: Axes, out: boolean): BitMask {
  if (!axes.box) return cross(m, axes, out);
  let result = m;
  if (axes.x) result = cross(result, { x: true, y: false, z: false, box: false }, out);
  if (axes.y) result = cross(result, { x: false, y: true, z: false, box: false }, out);
  if (axes.z) result = cross(result, { x: false, y: false, z: true, box: false }, out);
  return result;
}

/** One step to the face neighbours along the chosen axes. */
function cross(m: BitMask, axes: Axes, out: boolean): BitMask {
  const [nx, ny, nz] = m.size;
  const { stride, words } = m;
  const result = new Int32Array(words.length);
  const plane = stride * ny;
  const spare = (nx & 31) === 0 ? 0 : ~((1 << (nx & 31)) - 1);
  // Erosion is dilation of the complement; flipping every word on the way in and out gives both
  // from one loop. The spare bits of a row must then read as "not background".
  const flip = out ? 0 : -1;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const base = z * plane + y * stride;
      for (let w = 0; w < stride; w++) {
        const p = base + w;
        const here = (words[p] as number) ^ flip;
        const last = w === stride - 1;
        let bits = last ? here & ~spare : here;
        const own = bits;
        if (axes.x) {
          const left = w > 0 ? ((words[p - 1] as number) ^ flip) >>> 31 : 0;
          let right = 0;
          if (!last) {
            right = (words[p + 1] as number) ^ flip;
            if (w === stride - 2) right &= ~spare;
          }
          bits |= (own << 1) | left | (own >>> 1) | (right << 31);
        }
        if (axes.y) {
          if (y > 0) bits |= (words[p - stride] as number) ^ flip;
          if (y < ny - 1) bits |= (words[p + stride] as number) ^ flip;
        }
        if (axes.z) {
          if (z > 0) bits |= (words[p - plane] as number) ^ flip;
          if (z < nz - 1) bits |= (words[p + plane] as number) ^ flip;
        }
        bits ^= flip;
        result[p] = last ? bits & ~spare : bits;
      }
    }
  }
  return { size: m.size, stride, words: result };
}
