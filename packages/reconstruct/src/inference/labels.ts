import { type Affine, invert, toPatient, type Vec3 } from '@yuepian/geometry';
import type { TensorGrid } from './grid.ts';

interface Planes {
  readonly first: number;
  readonly planes: number;
  /** [classes][planes][H][W], or, of a network that ends in labels, nothing. */
  readonly logits?: Float32Array;
  /** [planes][H][W]; needed without logits. */
  readonly labels?: Uint8Array;
}

/**
 * Labels on a series' own grid from a network's output on another: each class's logits are
 * interpolated (trilinear) at the voxel and the largest wins. Where a network gives labels only,
 * each counts as a logit of 1, so that a boundary runs between voxels and not along their edges.
 * Labels themselves are never interpolated. Planes come in order of D; memory is theirs.
 */
export class LabelSampler {
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly #target: TensorGrid;
  readonly #source: TensorGrid;
  readonly #classes: number;
  /** Target voxel → source voxel. */
  readonly #map: Affine;
  readonly #back: Affine;
  /** The last plane of what came before. */
  #last: { logits: Float32Array | undefined; labels: Uint8Array } | undefined;

  constructor(target: TensorGrid, source: TensorGrid, classes: number) {
    this.#target = target;
    this.#source = source;
    this.#classes = classes;
    this.labels = new Uint8Array(target.size[0] * target.size[1] * target.size[2]);
    this.#map = product(invert(source.affine), target.affine);
    this.#back = invert(this.#map);
  }

  add(input: Planes): void {
    const [w, h, d] = this.#source.size;
    const plane = w * h;
    const winners = input.labels ?? argmax(input.logits as Float32Array, this.#classes);
    const joined = this.#join(input, winners);
    const { first, planes } = joined;
    const low = first === 0 ? -0.5 : first;
    const end = first + planes >= d;
    const high = end ? d - 0.5 : first + planes - 1;
    this.#sample(joined, low, high, end);
    const from = (planes - 1) * plane;
    const { logits } = joined;
    this.#last = {
      labels: joined.labels.slice(from, from + plane),
      logits: logits && lastPlane(logits, this.#classes, planes, plane),
    };
  }

  #join(input: Planes, labels: Uint8Array) {
    const last = this.#last;
    if (!last) return { first: input.first, planes: input.planes, logits: input.logits, labels };
    const [w, h] = this.#source.size;
    const plane = w * h;
    const planes = input.planes + 1;
    const all = new Uint8Array(planes * plane);
    all.set(last.labels);
    all.set(labels, plane);
    let logits: Float32Array | undefined;
    if (input.logits && last.logits) {
      logits = new Float32Array(this.#classes * planes * plane);
      const count = input.planes * plane;
      for (let c = 0; c < this.#classes; c++) {
        logits.set(last.logits.subarray(c * plane, (c + 1) * plane), c * planes * plane);
        logits.set(input.logits.subarray(c * count, (c + 1) * count), c * planes * plane + plane);
      }
    }
    return { first: input.first - 1, planes, logits, labels: all };
  }

  /** Target voxels whose D lies in low…high (the end belongs to the next slab unless it is the last). */
  #sample(
    s: { first: number; planes: number; logits: Float32Array | undefined; labels: Uint8Array },
    low: number,
    high: number,
    inclusive: boolean,
  ): void {
    const [w, h] = this.#source.size;
    const [nx, ny, nz] = this.#target.size;
    const m = this.#map;
    const box = boxOf(this.#back, [-0.5, -0.5, low], [w - 0.5, h - 0.5, high], [nx, ny, nz]);
    const plane = w * h;
    const votes = new Float64Array(this.#classes);
    for (let k = box.low[2]; k <= box.high[2]; k++) {
      for (let j = box.low[1]; j <= box.high[1]; j++) {
        const p = toPatient(m, [0, j, k]);
        for (let i = box.low[0]; i <= box.high[0]; i++) {
          const u = p[0] + m[0] * i;
          const v = p[1] + m[4] * i;
          const q = p[2] + m[8] * i;
          if (q < low || (inclusive ? q > high : q >= high)) continue;
          if (u < -0.5 || v < -0.5 || u > w - 0.5 || v > h - 0.5) continue;
          const cu = Math.min(Math.max(u, 0), w - 1);
          const cv = Math.min(Math.max(v, 0), h - 1);
          const local = q - s.first;
          const cq = Math.min(Math.max(local, 0), s.planes - 1);
          const x = Math.floor(cu);
          const y = Math.floor(cv);
          const z = Math.floor(cq);
          const fu = cu - x;
          const fv = cv - y;
          const fq = cq - z;
          const n = x + w * y + plane * z;
          const dx = fu > 0 ? 1 : 0;
          const dy = fv > 0 ? w : 0;
          const dz = fq > 0 ? plane : 0;
          const l = s.labels;
          const a = l[n] as number;
          // Where one class wins at all corners it wins in between: interpolation is a weighted mean.
          const same =
            a === l[n + dx] &&
            a === l[n + dy] &&
            a === l[n + dx + dy] &&
            a === l[n + dz] &&
            a === l[n + dx + dz] &&
            a === l[n + dy + dz] &&
            a === l[n + dx + dy + dz];
          this.labels[i + nx * (j + ny * k)] = same
            ? a
            : this.#mixed(s, [n, dx, dy, dz], [fu, fv, fq], votes);
        }
      }
    }
  }

  #mixed(
    s: { planes: number; logits: Float32Array | undefined; labels: Uint8Array },
    at: readonly [number, number, number, number],
    f: Vec3,
    votes: Float64Array,
  ): number {
    const [n, dx, dy, dz] = at;
    const [w, h] = this.#source.size;
    const stride = s.planes * w * h;
    votes.fill(0);
    for (let corner = 0; corner < 8; corner++) {
      const weight =
        (corner & 1 ? f[0] : 1 - f[0]) *
        (corner & 2 ? f[1] : 1 - f[1]) *
        (corner & 4 ? f[2] : 1 - f[2]);
      if (weight === 0) continue;
      const place = n + (corner & 1 ? dx : 0) + (corner & 2 ? dy : 0) + (corner & 4 ? dz : 0);
      if (s.logits) {
        for (let c = 0; c < this.#classes; c++) {
          votes[c] = (votes[c] as number) + weight * (s.logits[place + c * stride] as number);
        }
      } else {
        const label = s.labels[place] as number;
        votes[label] = (votes[label] as number) + weight;
      }
    }
    let best = 0;
    for (let c = 1; c < votes.length; c++)
      if ((votes[c] as number) > (votes[best] as number)) best = c;
    return best;
  }
}

/** Class of the largest logit of each voxel. @param logits [classes][n]. */
export function argmax(logits: Float32Array, classes: number): Uint8Array<ArrayBuffer> {
  const n = logits.length / classes;
  const best = new Uint8Array(n);
  const value = logits.slice(0, n);
  for (let c = 1; c < classes; c++) {
    for (let i = 0, at = c * n; i < n; i++, at++) {
      const v = logits[at] as number;
      if (v > (value[i] as number)) {
        value[i] = v;
        best[i] = c;
      }
    }
  }
  return best;
}

function lastPlane(logits: Float32Array, classes: number, planes: number, plane: number) {
  const out = new Float32Array(classes * plane);
  for (let c = 0; c < classes; c++) {
    const from = (c * planes + planes - 1) * plane;
    out.set(logits.subarray(from, from + plane), c * plane);
  }
  return out;
}

/** a ∘ b: first b, then a. */
function product(a: Affine, b: Affine): Affine {
  const row = (r: 0 | 4 | 8): number[] => {
    const [x, y, z, o] = [a[r], a[r + 1] as number, a[r + 2] as number, a[r + 3] as number];
    return [0, 1, 2, 3].map(
      (c) =>
        x * (b[c] as number) +
        y * (b[4 + c] as number) +
        z * (b[8 + c] as number) +
        (c === 3 ? o : 0),
    );
  };
  return [...row(0), ...row(4), ...row(8)] as unknown as Affine;
}

function boxOf(map: Affine, from: Vec3, to: Vec3, size: Vec3): { low: Vec3; high: Vec3 } {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((v) => -v);
  for (let corner = 0; corner < 8; corner++) {
    const p = toPatient(map, [
      corner & 1 ? to[0] : from[0],
      corner & 2 ? to[1] : from[1],
      corner & 4 ? to[2] : from[2],
    ]);
    for (const n of [0, 1, 2] as const) {
      low[n] = Math.min(low[n] as number, p[n]);
      high[n] = Math.max(high[n] as number, p[n]);
    }
  }
  return {
    low: low.map((v) => Math.max(0, Math.floor(v - 1e-6))) as unknown as Vec3,
    high: high.map((v, n) =>
      Math.min((size[n as 0 | 1 | 2] as number) - 1, Math.ceil(v + 1e-6)),
    ) as unknown as Vec3,
  };
}
