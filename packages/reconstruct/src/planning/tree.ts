import type { Vec3 } from '@yuepian/geometry';
import type { Mesh } from '../mesh.ts';

const leafSize = 8;

/** A box tree over the triangles of a mesh, for nearest points. */
export class TriangleTree {
  readonly #positions: Float32Array;
  readonly #indices: Uint32Array;
  /** Triangles in the order of the tree's leaves. */
  readonly #order: Uint32Array;
  /** Six bounds per node; nodes of a complete binary tree over ranges of `#order`. */
  readonly #boxes: Float32Array;
  readonly #count: number;

  constructor(mesh: Mesh) {
    this.#positions = mesh.positions;
    this.#indices = mesh.indices;
    this.#count = mesh.indices.length / 3;
    this.#order = Uint32Array.from({ length: this.#count }, (_, t) => t);
    const nodes = 2 ** (Math.ceil(Math.log2(Math.max(1, this.#count / leafSize))) + 1);
    this.#boxes = new Float32Array(nodes * 6);
    if (this.#count > 0) this.#build(1, 0, this.#count, this.#centres());
  }

  #centres(): Float32Array {
    const c = new Float32Array(this.#count * 3);
    for (let t = 0; t < this.#count; t++)
      for (let axis = 0; axis < 3; axis++) {
        let sum = 0;
        for (let n = 0; n < 3; n++)
          sum += this.#positions[(this.#indices[t * 3 + n] as number) * 3 + axis] as number;
        c[t * 3 + axis] = sum / 3;
      }
    return c;
  }

  #build(node: number, from: number, to: number, centres: Float32Array): void {
    const box = this.#boxes.subarray(node * 6, node * 6 + 6);
    for (let axis = 0; axis < 3; axis++) {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let n = from; n < to; n++) {
        const t = (this.#order[n] as number) * 3;
        for (let k = 0; k < 3; k++) {
          const v = this.#positions[(this.#indices[t + k] as number) * 3 + axis] as number;
          if (v < low) low = v;
          if (v > high) high = v;
        }
      }
      box[axis * 2] = low;
      box[axis * 2 + 1] = high;
    }
    if (this.#isLeaf(node, from, to)) return;
    const width = (a: number): number => (box[a * 2 + 1] as number) - (box[a * 2] as number);
    const axis = width(0) >= width(1) && width(0) >= width(2) ? 0 : width(1) >= width(2) ? 1 : 2;
    this.#order
      .subarray(from, to)
      .sort((p, q) => (centres[p * 3 + axis] as number) - (centres[q * 3 + axis] as number));
    const middle = (from + to) >> 1;
    this.#build(node * 2, from, middle, centres);
    this.#build(node * 2 + 1, middle, to, centres);
  }

  #isLeaf(node: number, from: number, to: number): boolean {
    return to - from <= leafSize || node * 2 + 1 >= this.#boxes.length / 6;
  }

  /** The nearest point of the surface strictly nearer than `limit`. */
  nearest(p: Vec3, limit: number): { distance: number; point: Vec3 } | undefined {
    if (this.#count === 0) return undefined;
    const best = { squared: limit * limit, point: [0, 0, 0] as [number, number, number] };
    const found = this.#search(1, 0, this.#count, p, best);
    return found ? { distance: Math.sqrt(best.squared), point: best.point } : undefined;
  }

  #boxSquared(node: number, p: Vec3): number {
    let sum = 0;
    for (let axis = 0; axis < 3; axis++) {
      const low = (this.#boxes[node * 6 + axis * 2] as number) - (p[axis] as number);
      const high = (p[axis] as number) - (this.#boxes[node * 6 + axis * 2 + 1] as number);
      const d = Math.max(low, high, 0);
      sum += d * d;
    }
    return sum;
  }

  #search(
    node: number,
    from: number,
    to: number,
    p: Vec3,
    best: { squared: number; point: [number, number, number] },
  ): boolean {
    if (this.#boxSquared(node, p) >= best.squared) return false;
    let found = false;
    if (this.#isLeaf(node, from, to)) {
      for (let n = from; n < to; n++) {
        const q = this.#closest((this.#order[n] as number) * 3, p);
        const d = (q[0] - p[0]) ** 2 + (q[1] - p[1]) ** 2 + (q[2] - p[2]) ** 2;
        if (d >= best.squared) continue;
        best.squared = d;
        best.point = q;
        found = true;
      }
      return found;
    }
    const middle = (from + to) >> 1;
    const leftFirst = this.#boxSquared(node * 2, p) <= this.#boxSquared(node * 2 + 1, p);
    for (const left of leftFirst ? [true, false] : [false, true]) {
      const hit = left
        ? this.#search(node * 2, from, middle, p, best)
        : this.#search(node * 2 + 1, middle, to, p, best);
      found ||= hit;
    }
    return found;
  }

  /** Closest point of a triangle by its Voronoi regions (Ericson, Real-Time Collision Detection, 5.1.5). */
  #closest(t: number, p: Vec3): [number, number, number] {
    const [a, b, c] = [this.#vertex(t), this.#vertex(t + 1), this.#vertex(t + 2)];
    const ab = minus(b, a);
    const ac = minus(c, a);
    const ap = minus(p, a);
    const [d1, d2] = [dot3(ab, ap), dot3(ac, ap)];
    if (d1 <= 0 && d2 <= 0) return a;
    const bp = minus(p, b);
    const [d3, d4] = [dot3(ab, bp), dot3(ac, bp)];
    if (d3 >= 0 && d4 <= d3) return b;
    const vc = d1 * d4 - d3 * d2;
    if (vc <= 0 && d1 >= 0 && d3 <= 0) return along(a, ab, d1 / (d1 - d3));
    const cp = minus(p, c);
    const [d5, d6] = [dot3(ab, cp), dot3(ac, cp)];
    if (d6 >= 0 && d5 <= d6) return c;
    const vb = d5 * d2 - d1 * d6;
    if (vb <= 0 && d2 >= 0 && d6 <= 0) return along(a, ac, d2 / (d2 - d6));
    const va = d3 * d6 - d5 * d4;
    if (va <= 0 && d4 - d3 >= 0 && d5 - d6 >= 0)
      return along(b, minus(c, b), (d4 - d3) / (d4 - d3 + (d5 - d6)));
    const sum = va + vb + vc;
    return along(along(a, ab, vb / sum), ac, vc / sum);
  }

  #vertex(corner: number): [number, number, number] {
    const v = (this.#indices[corner] as number) * 3;
    return [
      this.#positions[v] as number,
      this.#positions[v + 1] as number,
      this.#positions[v + 2] as number,
    ];
  }
}

const minus = (a: Vec3, b: Vec3): [number, number, number] => [
  a[0] - b[0],
  a[1] - b[1],
  a[2] - b[2],
];
const dot3 = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const along = (a: Vec3, d: Vec3, t: number): [number, number, number] => [
  a[0] + t * d[0],
  a[1] + t * d[1],
  a[2] + t * d[2],
];
