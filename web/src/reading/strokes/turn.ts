import { cross, dot, type PatientPoint } from '@yuepian/geometry';
import type { View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import type { Room } from '../room.ts';

/**
 * Turns the crosshair of this view: the planes its lines stand for follow. Each turns about this
 * view's line of sight, which is the nearer of its own two in-plane axes.
 */
export function turn(room: Room, view: View, first: PointerSample): Stroke {
  let last = first.at;
  return {
    move: (s) => {
      const p = view.projection();
      const centre = room.engine.crosshair;
      if (!p || !centre) return;
      const c = p.toCanvas(centre);
      const angleOf = (at: readonly [number, number]) => Math.atan2(at[1] - c[1], at[0] - c[0]);
      const delta = angleOf(s.at) - angleOf(last);
      last = s.at;
      turnOthers(room, view, (Math.atan2(Math.sin(delta), Math.cos(delta)) * 180) / Math.PI);
    },
    end: () => undefined,
    cancel: () => undefined,
  };
}

/** @param degrees clockwise on the screen of `view`. */
export function turnOthers(room: Room, view: View, degrees: number): void {
  const p = view.projection();
  if (!p) return;
  for (const other of room.views.otherPlanes(view.kind)) {
    const q = other.projection();
    if (!q) continue;
    const [up, right] = [dot(q.plane.up, p.plane.normal), dot(q.plane.right, p.plane.normal)];
    const axis = Math.abs(up) >= Math.abs(right) ? 'up' : 'right';
    const sign = Math.sign(axis === 'up' ? up : right);
    // Clockwise for the viewer is a negative turn about the axis that points at the viewer.
    other.rotateOblique(axis, -sign * degrees);
  }
  room.views.geometryChanged();
}

/** Direction on the screen of a view along which another plane cuts it; undefined when parallel. */
export function cutDirection(
  view: View,
  other: View,
  at: PatientPoint,
): readonly [number, number] | undefined {
  const [p, q] = [view.projection(), other.projection()];
  if (!p || !q) return undefined;
  const line = cross(p.plane.normal, q.plane.normal);
  if (Math.hypot(...line) < 1e-3) return undefined;
  const a = p.toCanvas(at);
  const m = p.worldToCanvas;
  const dx = m[0] * line[0] + m[1] * line[1] + m[2] * line[2];
  const dy = m[4] * line[0] + m[5] * line[1] + m[6] * line[2];
  const length = Math.hypot(dx, dy);
  return length > 0 && Number.isFinite(a[0]) ? [dx / length, dy / length] : undefined;
}
