import type { PatientPoint, Vec3 } from '@yuepian/geometry';
import type { Projection, View, ViewKind } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';

/** A curve in the making. */
export interface Curve {
  readonly view: ViewKind;
  draw(context: CanvasRenderingContext2D, p: Projection): void;
}

/** CSS pixels between samples that are worth keeping. */
const step = 4;

/** A freehand curve in a view; it cuts along the line of sight. */
export function beginCurve(
  view: View,
  first: PointerSample,
  on: {
    readonly show: (curve: Curve | undefined) => void;
    readonly done: (points: readonly PatientPoint[], direction: Vec3) => void;
  },
): Stroke {
  const points: PatientPoint[] = [];
  let last: readonly [number, number] | undefined;
  const take = (s: PointerSample): void => {
    if (last && Math.hypot(s.at[0] - last[0], s.at[1] - last[1]) < step) return;
    last = s.at;
    const point = view.projection()?.toWorld(s.at);
    if (point) points.push(point);
    on.show({ view: view.kind, draw: (context, p) => draw(context, p, points) });
  };
  take(first);
  return {
    move: take,
    end: () => {
      const normal = view.projection()?.plane.normal;
      on.show(undefined);
      // The viewer looks against the normal.
      if (normal && points.length >= 2) {
        on.done(points, [-normal[0], -normal[1], -normal[2]]);
      }
    },
    cancel: () => on.show(undefined),
  };
}

function draw(
  context: CanvasRenderingContext2D,
  p: Projection,
  points: readonly PatientPoint[],
): void {
  context.save();
  context.beginPath();
  for (const [n, point] of points.entries()) {
    const [x, y] = p.toCanvas(point);
    n === 0 ? context.moveTo(x, y) : context.lineTo(x, y);
  }
  context.lineWidth = 2.5;
  context.strokeStyle = '#f2a65a';
  context.stroke();
  context.restore();
}
