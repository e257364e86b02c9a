import { YuepianError } from '@yuepian/contract';
import {
  add,
  cross,
  dot,
  type Mm,
  type PatientPoint,
  scale,
  stepI,
  subtract,
  toPatient,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import { checkBox, checkPoints, type MaskBox } from './box.ts';
import { DiffBuilder, type Edit } from './diff.ts';

export interface ScissorsOptions {
  /** Removes what lies within the outline, or what lies outside of it. */
  readonly remove: 'inside' | 'outside';
  /**
   * Only cuts between these depths in mm along the view direction, measured from the mean of the
   * outline's points; the whole depth by default.
   */
  readonly depth?: { readonly from: Mm; readonly to: Mm };
  /** Position of the eye of a perspective view: lines of sight then run through it. */
  readonly eye?: PatientPoint;
}

/**
 * Cuts a structure along a freehand outline extruded along the line of sight.
 * @param outline points drawn on the view, LPS mm, closed from the last to the first; even-odd rule.
 * @param direction the way the viewer looks, LPS.
 * @throws YuepianError `invalid_request` for fewer than three points or an outline seen edge-on.
 */
export function scissors(
  mask: MaskBox,
  outline: readonly PatientPoint[],
  direction: Vec3,
  options: ScissorsOptions,
): Edit {
  checkBox(mask);
  checkPoints([...outline, direction]);
  if (outline.length < 3 || !(Math.hypot(...direction) > 0))
    throw new YuepianError('invalid_request', { reason: 'an outline needs three points' });
  const view = viewFrame(outline, direction, options.eye);
  const polygon = outline.map((p) => view.project(p));
  const bands = new EdgeBands(polygon);
  const builder = new DiffBuilder(mask.size);
  const step = stepI(mask.affine);
  const removeInside = options.remove === 'inside';
  const [from, to] = [
    options.depth?.from ?? Number.NEGATIVE_INFINITY,
    options.depth?.to ?? Number.POSITIVE_INFINITY,
  ];
  const [nx, ny, nz] = mask.size;
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      const start = toPatient(mask.affine, [0, j, k]);
      for (let i = 0; i < nx; i++, at++) {
        if (mask.data[at] === 0) continue;
        const p = add(start, scale(step, i));
        const depth = view.depth(p);
        if (depth < from || depth > to) continue;
        // Behind the eye nothing is seen, so nothing is cut there.
        const seen = view.isSeen(p);
        const inside = seen && bands.contains(view.project(p));
        if (seen && inside === removeInside) builder.add(at, mask.data[at] as number, 0);
      }
    }
  }
  return builder.edit();
}

interface ViewFrame {
  readonly project: (p: Vec3) => readonly [number, number];
  readonly depth: (p: Vec3) => number;
  readonly isSeen: (p: Vec3) => boolean;
}

/** Coordinates on the plane of the outline, across the line of sight. */
function viewFrame(
  outline: readonly PatientPoint[],
  direction: Vec3,
  eye: PatientPoint | undefined,
): ViewFrame {
  const forward = unit(direction);
  const helper: Vec3 = Math.abs(forward[2]) < 0.9 ? [0, 0, 1] : [0, 1, 0];
  const right = unit(cross(forward, helper));
  const up = cross(right, forward);
  const centre = scale(
    outline.reduce((sum: Vec3, p) => add(sum, p), [0, 0, 0]),
    1 / outline.length,
  );
  const depth = (p: Vec3): number => dot(forward, subtract(p, centre));
  if (eye === undefined)
    return {
      depth,
      isSeen: () => true,
      project: (p) => {
        const d = subtract(p, centre);
        return [dot(right, d), dot(up, d)];
      },
    };
  const plane = dot(forward, subtract(centre, eye));
  return {
    depth,
    isSeen: (p) => dot(forward, subtract(p, eye)) > 1e-6,
    project: (p) => {
      const d = subtract(p, eye);
      const t = plane / dot(forward, d);
      return [t * dot(right, d), t * dot(up, d)];
    },
  };
}

/** Point in polygon by the even-odd rule; edges sorted into bands of y, so a long outline stays fast. */
class EdgeBands {
  readonly #bands: number[][];
  readonly #points: readonly (readonly [number, number])[];
  readonly #low: number;
  readonly #height: number;

  constructor(points: readonly (readonly [number, number])[]) {
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
      const q = points[(n + 1) % points.length] as readonly [number, number];
      const first = this.#band(Math.min(p[1], q[1]));
      const last = this.#band(Math.max(p[1], q[1]));
      for (let b = first; b <= last; b++) this.#bands[b]?.push(n);
    });
  }

  #band(y: number): number {
    const n = Math.floor((y - this.#low) / this.#height);
    return Math.min(this.#bands.length - 1, Math.max(0, n));
  }

  contains(point: readonly [number, number]): boolean {
    const [x, y] = point;
    if (y < this.#low || y > this.#low + this.#height * this.#bands.length) return false;
    let inside = false;
    for (const n of this.#bands[this.#band(y)] ?? []) {
      const [ax, ay] = this.#points[n] as readonly [number, number];
      const [bx, by] = this.#points[(n + 1) % this.#points.length] as readonly [number, number];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  }
}

const range = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
];
