import { YuepianError } from '@yuepian/contract';

export type Point2 = readonly [number, number];

/** Point in polygon by the even-odd rule; edges sorted into bands of y, so a long outline stays fast. */
export class EdgeBands {
  readonly #bands: number[][];
  readonly #points: readonly Point2[];
  readonly #low: number;
  readonly #height: number;

  constructor(points: readonly Point2[]) {
    this.#points = points;
    const ys = points.map((p) => p[1]);
    this.#low = ys.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const high = ys.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const count = Math.min(256, points.length);
    this.#height = (high - this.#low) / count;
    const xs = points.map((p) => p[0]);
    const width = Math.max(...range(xs)) - Math.min(...range(xs));
    if (!(this.#height > 0) || !(width > 0))
      throw new YuepianError('invalid_request', { reason: 'the outline encloses nothing' });
    this.#bands = Array.from({ length: count }, () => []);
    points.forEach((p, n) => {
      const q = points[(n + 1) % points.length] as Point2;
      const first = this.#band(Math.min(p[1], q[1]));
      const last = this.#band(Math.max(p[1], q[1]));
      for (let b = first; b <= last; b++) this.#bands[b]?.push(n);
    });
  }

  #band(y: number): number {
    const n = Math.floor((y - this.#low) / this.#height);
    return Math.min(this.#bands.length - 1, Math.max(0, n));
  }

  contains(point: Point2): boolean {
    const [x, y] = point;
    if (y < this.#low || y > this.#low + this.#height * this.#bands.length) return false;
    let inside = false;
    for (const n of this.#bands[this.#band(y)] ?? []) {
      const [ax, ay] = this.#points[n] as Point2;
      const [bx, by] = this.#points[(n + 1) % this.#points.length] as Point2;
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  }
}

const range = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
];
