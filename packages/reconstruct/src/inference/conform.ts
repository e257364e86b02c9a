import { invert, stepI, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import type { Box, TensorGrid } from './grid.ts';

/**
 * A volume's values on a tensor grid, trilinear between voxel centres. Outside the volume lies its
 * smallest value; between its outermost centres and its edge the outermost value holds.
 */
export async function conform(
  volume: Volume,
  grid: TensorGrid,
  pace: Pace,
): Promise<Float32Array<ArrayBuffer>> {
  const [w, h, d] = grid.size;
  const out = new Float32Array(w * h * d);
  const inverse = invert(volume.affine);
  const [nx, ny, nz] = volume.size;
  const { data } = volume;
  const low = smallest(data);
  const step = stepI(grid.affine);
  const [a, b, c] = [
    inverse[0] * step[0] + inverse[1] * step[1] + inverse[2] * step[2],
    inverse[4] * step[0] + inverse[5] * step[1] + inverse[6] * step[2],
    inverse[8] * step[0] + inverse[9] * step[1] + inverse[10] * step[2],
  ];
  const plane = nx * ny;
  for (let z = 0, at = 0; z < d; z++) {
    await pace.breathe();
    pace.step('conform', z / d);
    for (let y = 0; y < h; y++) {
      const p = toPatient(inverse, toPatient(grid.affine, [0, y, z]));
      for (let x = 0; x < w; x++, at++) {
        const u = p[0] + a * x;
        const v = p[1] + b * x;
        const q = p[2] + c * x;
        if (
          u < -0.501 ||
          v < -0.501 ||
          q < -0.501 ||
          u > nx - 0.499 ||
          v > ny - 0.499 ||
          q > nz - 0.499
        ) {
          out[at] = low;
          continue;
        }
        const cu = Math.min(Math.max(u, 0), nx - 1);
        const cv = Math.min(Math.max(v, 0), ny - 1);
        const cq = Math.min(Math.max(q, 0), nz - 1);
        const i = Math.floor(cu);
        const j = Math.floor(cv);
        const k = Math.floor(cq);
        const fu = cu - i;
        const fv = cv - j;
        const fq = cq - k;
        const n = i + nx * j + plane * k;
        const di = fu > 0 ? 1 : 0;
        const dj = fv > 0 ? nx : 0;
        const dk = fq > 0 ? plane : 0;
        const near =
          ((data[n] as number) * (1 - fu) + (data[n + di] as number) * fu) * (1 - fv) +
          ((data[n + dj] as number) * (1 - fu) + (data[n + di + dj] as number) * fu) * fv;
        const far =
          ((data[n + dk] as number) * (1 - fu) + (data[n + di + dk] as number) * fu) * (1 - fv) +
          ((data[n + dj + dk] as number) * (1 - fu) + (data[n + di + dj + dk] as number) * fu) * fv;
        out[at] = near * (1 - fq) + far * fq;
      }
    }
  }
  return out;
}

function smallest(data: ArrayLike<number>): number {
  let low = Number.POSITIVE_INFINITY;
  for (let n = 0; n < data.length; n++) if ((data[n] as number) < low) low = data[n] as number;
  return low;
}

/** The part of a tensor's data in a box, through `value`. */
export function extract(
  data: Float32Array,
  size: Vec3,
  box: Box,
  value: (v: number) => number,
  /** Size of the result; what lies beyond the box is `padding`. */
  padded: Vec3 = box.size,
  padding = 0,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(padded[0] * padded[1] * padded[2]);
  if (padding !== 0) out.fill(padding);
  const [w, h, d] = box.size;
  for (let z = 0; z < d; z++) {
    for (let y = 0; y < h; y++) {
      const from = box.first[0] + size[0] * (box.first[1] + y + size[1] * (box.first[2] + z));
      const to = padded[0] * (y + padded[1] * z);
      for (let x = 0; x < w; x++) out[to + x] = value(data[from + x] as number);
    }
  }
  return out;
}
