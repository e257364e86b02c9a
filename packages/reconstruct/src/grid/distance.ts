import type { Vec3 } from '@yuepian/geometry';

/** Larger than any squared distance in a patient; stands for "no voxel of the set". */
export const farAway = 1e20;

/**
 * Exact squared Euclidean distance in mm² from every voxel centre to the nearest centre of a set,
 * on an anisotropic grid with axes at right angles: one pass per axis over lower envelopes of
 * parabolas (Felzenszwalb & Huttenlocher, Theory of Computing 8, 2012).
 * @param isIn tells the set by `data[i] !== 0` when 1, `data[i] === 0` when 0.
 * @param step mm per axis. @returns {@link farAway} everywhere when the set is empty.
 */
export function squaredDistances(
  data: Uint8Array,
  size: Vec3,
  step: Vec3,
  isIn: 0 | 1,
): Float32Array<ArrayBuffer> {
  const [nx, ny, nz] = size;
  const out = new Float32Array(data.length);
  rowDistances(data, nx, step[0], isIn, out);
  const work = new Envelope(Math.max(ny, nz));
  if (ny > 1)
    for (let z = 0; z < nz; z++)
      for (let x = 0; x < nx; x++) work.run(out, x + nx * ny * z, nx, ny, step[1]);
  if (nz > 1)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++) work.run(out, x + nx * y, nx * ny, nz, step[2]);
  return out;
}

/** Along x the set is binary: two sweeps. */
function rowDistances(
  data: Uint8Array,
  nx: number,
  step: number,
  isIn: 0 | 1,
  out: Float32Array,
): void {
  for (let row = 0; row < data.length; row += nx) {
    let since = Number.POSITIVE_INFINITY;
    for (let x = 0; x < nx; x++) {
      since = (data[row + x] !== 0) === (isIn === 1) ? 0 : since + 1;
      out[row + x] = since;
    }
    since = Number.POSITIVE_INFINITY;
    for (let x = nx - 1; x >= 0; x--) {
      since = out[row + x] === 0 ? 0 : since + 1;
      const d = Math.min(since, out[row + x] as number) * step;
      out[row + x] = d === Number.POSITIVE_INFINITY ? farAway : d * d;
    }
  }
}

/** Lower envelope of parabolas along one line of voxels. */
class Envelope {
  readonly #values: Float64Array;
  /** Vertex of each parabola of the envelope and where it begins to be the lowest. */
  readonly #vertex: Int32Array;
  readonly #from: Float64Array;

  constructor(length: number) {
    this.#values = new Float64Array(length);
    this.#vertex = new Int32Array(length);
    this.#from = new Float64Array(length + 1);
  }

  run(out: Float32Array, start: number, stride: number, n: number, step: number): void {
    const f = this.#values;
    const vertex = this.#vertex;
    const from = this.#from;
    let any = false;
    let flat = true;
    for (let q = 0, at = start; q < n; q++, at += stride) {
      const value = out[at] as number;
      f[q] = value;
      if (value < farAway) any = true;
      if (value !== 0) flat = false;
    }
    if (!any || flat) return;
    const s2 = step * step;
    let k = -1;
    for (let q = 0; q < n; q++) {
      const fq = f[q] as number;
      if (fq >= farAway) continue;
      let begin = Number.NEGATIVE_INFINITY;
      while (k >= 0) {
        const v = vertex[k] as number;
        begin = ((fq - (f[v] as number)) / s2 + q * q - v * v) / (2 * (q - v));
        if (begin > (from[k] as number)) break;
        k--;
        begin = Number.NEGATIVE_INFINITY;
      }
      k++;
      vertex[k] = q;
      from[k] = begin;
    }
    const last = k;
    k = 0;
    for (let q = 0, at = start; q < n; q++, at += stride) {
      while (k < last && (from[k + 1] as number) < q) k++;
      const v = vertex[k] as number;
      out[at] = s2 * (q - v) * (q - v) + (f[v] as number);
    }
  }
}

/**
 * Signed distance in mm to the border of a mask: negative inside, positive outside, zero half-way
 * between the centres of an inside and an outside voxel along an axis. ±1e10 where there is no border.
 */
export function signedDistances(
  data: Uint8Array,
  size: Vec3,
  step: Vec3,
): Float32Array<ArrayBuffer> {
  const outside = squaredDistances(data, size, step, 1);
  const inside = squaredDistances(data, size, step, 0);
  // Centres lie half a voxel from the border they share; the shortest step keeps thin parts apart.
  for (let i = 0; i < outside.length; i++) {
    const out = outside[i] as number;
    outside[i] = out > 0 ? Math.sqrt(out) : -Math.sqrt(inside[i] as number);
  }
  const half = Math.min(...step) / 2;
  for (let i = 0; i < outside.length; i++) {
    const d = outside[i] as number;
    outside[i] = d > 0 ? d - half : d + half;
  }
  return outside;
}
