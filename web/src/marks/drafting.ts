import type { Mark, MarkKind } from '@yuepian/contract';
import { add, cross, dot, norm, scale, subtract, type Vec3 } from '@yuepian/geometry';

/** Places a person must give for a kind. An ellipse is given by two opposite corners. */
export const inputsOf = { length: 2, angle: 3, probe: 1, ellipse: 2 } as const satisfies Record<
  MarkKind,
  number
>;

/** Points of a mark from the places given so far; the last place is repeated for those to come. */
export function pointsFrom(
  kind: MarkKind,
  inputs: readonly Vec3[],
  right: Vec3,
  down: Vec3,
): Vec3[] {
  const last = inputs.at(-1) ?? [0, 0, 0];
  const at = (n: number): Vec3 => inputs[n] ?? last;
  if (kind !== 'ellipse') return Array.from({ length: inputsOf[kind] }, (_, n) => at(n));
  const [a, b] = [at(0), at(1)];
  const centre = scale(add(a, b), 0.5);
  const half = scale(subtract(b, a), 0.5);
  return [
    centre,
    add(centre, scale(right, Math.abs(dot(half, right)))),
    add(centre, scale(down, Math.abs(dot(half, down)))),
  ];
}

/** A mark moved as a whole. */
export const moved = (points: readonly Vec3[], by: Vec3): Vec3[] => points.map((p) => add(p, by));

/** One handle moved. An ellipse keeps its axes at right angles; its centre carries the whole. */
export function withHandle(
  mark: Pick<Mark, 'kind' | 'points' | 'plane'>,
  handle: number,
  to: Vec3,
): Vec3[] {
  const points = mark.points.map((p): Vec3 => p);
  if (mark.kind !== 'ellipse') return points.map((p, n) => (n === handle ? to : p));
  const [centre, endA, endB] = points as [Vec3, Vec3, Vec3];
  if (handle === 0) return moved(points, subtract(to, centre));
  const axis = subtract(to, centre);
  if (norm(axis) < 1e-6) return points;
  const other = subtract(handle === 1 ? endB : endA, centre);
  const across = cross(mark.plane.normal, axis);
  const side = dot(across, other) < 0 ? -1 : 1;
  const turned = add(centre, scale(across, (side * norm(other)) / norm(across)));
  return handle === 1 ? [centre, to, turned] : [centre, turned, to];
}

/** A mark too small to be meant: a slip of the hand. @param millimetres (or pixels on a frame). */
export function isTooSmall(kind: MarkKind, points: readonly Vec3[], millimetres: number): boolean {
  if (kind === 'probe') return false;
  const [a, ...rest] = points;
  if (!a) return true;
  if (kind === 'ellipse') return rest.some((p) => norm(subtract(p, a)) < millimetres);
  return points.slice(1).some((p, n) => norm(subtract(p, points[n] as Vec3)) < millimetres);
}
