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
import { EdgeBands } from '../grid/polygon.ts';
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
