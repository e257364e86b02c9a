import type { Mark, MarkKind } from '@yuepian/contract';
import {
  add,
  cross,
  dot,
  norm,
  perpendicularAxis,
  scale,
  subtract,
  type Vec3,
} from '@yuepian/geometry';
import { traits } from './kinds.ts';

/** Points of a mark from the places given so far; the last place is repeated for those to come. */
export function pointsFrom(
  kind: MarkKind,
  inputs: readonly Vec3[],
  right: Vec3,
  down: Vec3,
): Vec3[] {
  const last = inputs.at(-1) ?? [0, 0, 0];
  const at = (n: number): Vec3 => inputs[n] ?? last;
  if (traits[kind].input !== 'places') return [...inputs];
  if (kind === 'bidirectional')
    return bidirectional([at(0), at(1), at(2), at(3)], cross(right, down));
  if (kind !== 'ellipse' && kind !== 'rectangle') {
    return Array.from({ length: traits[kind].places }, (_, n) => at(n));
  }
  const [a, b] = [at(0), at(1)];
  const centre = scale(add(a, b), 0.5);
  const half = scale(subtract(b, a), 0.5);
  return [
    centre,
    add(centre, scale(right, Math.abs(dot(half, right)))),
    add(centre, scale(down, Math.abs(dot(half, down)))),
  ];
}

/** The short axis starts where it was put and runs at a right angle to the long one. */
function bidirectional([a, b, c, d]: readonly [Vec3, Vec3, Vec3, Vec3], normal: Vec3): Vec3[] {
  const axis = subtract(b, a);
  if (norm(axis) === 0) return [a, b, c, d];
  const across = cross(normal, axis);
  const t = dot(subtract(d, c), across) / dot(across, across);
  return [a, b, c, add(c, scale(across, t))];
}

/** A mark moved as a whole. */
export const moved = (points: readonly Vec3[], by: Vec3): Vec3[] => points.map((p) => add(p, by));

/** One handle moved. Axes of an ellipse, a rectangle and a bidirectional keep their right angle. */
export function withHandle(
  mark: Pick<Mark, 'kind' | 'points' | 'plane'>,
  handle: number,
  to: Vec3,
): Vec3[] {
  const points = mark.points.map((p): Vec3 => p);
  const simple = points.map((p, n) => (n === handle ? to : p));
  if (mark.kind === 'bidirectional') return rightAngled(simple, handle, mark.plane.normal);
  if (mark.kind !== 'ellipse' && mark.kind !== 'rectangle') return simple;
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

function rightAngled(points: readonly Vec3[], handle: number, normal: Vec3): Vec3[] {
  const [a, b, c, d] = points as [Vec3, Vec3, Vec3, Vec3];
  if (norm(subtract(b, a)) < 1e-6) return [a, b, c, d];
  if (handle < 2) return [a, b, ...perpendicularAxis(a, b, c, d, normal)];
  // The end in the hand stays in the hand; the other one follows at a right angle.
  return handle === 2
    ? [a, b, c, footOf(a, b, c, d, normal)]
    : [a, b, footOf(a, b, d, c, normal), d];
}

/** `far` moved along the long axis until the line from `held` stands at a right angle to it. */
function footOf(a: Vec3, b: Vec3, held: Vec3, far: Vec3, normal: Vec3): Vec3 {
  const across = cross(normal, subtract(b, a));
  const t = dot(subtract(far, held), across) / dot(across, across);
  return add(held, scale(across, t));
}

/** A mark too small to be meant: a slip of the hand. @param millimetres (or pixels on a frame). */
export function isTooSmall(kind: MarkKind, points: readonly Vec3[], millimetres: number): boolean {
  const { places, isRegion, input } = traits[kind];
  if (places === 1 && input === 'places') return false;
  const [a, ...rest] = points;
  if (!a) return true;
  const far = (p: Vec3, q: Vec3): number => norm(subtract(p, q));
  if (kind === 'ellipse' || kind === 'rectangle') return rest.some((p) => far(p, a) < millimetres);
  if (kind === 'bidirectional' || kind === 'cobb') {
    const [p, q, r] = rest as [Vec3, Vec3, Vec3];
    return far(a, p) < millimetres || far(q, r) < millimetres / 2;
  }
  if (isRegion || input === 'open') {
    return points.length < places || rest.every((p) => far(p, a) < 2 * millimetres);
  }
  return rest.some((p, n) => far(p, points[n] as Vec3) < millimetres);
}

/**
 * A drawn line with fewer points, nowhere further than `tolerance` from the one drawn (Douglas and
 * Peucker, Cartographica 10(2), 1973).
 */
export function simplified(points: readonly Vec3[], tolerance: number): Vec3[] {
  const keep = new Set([0, points.length - 1]);
  const open: [number, number][] = [[0, points.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    let [worst, where] = [tolerance, -1];
    for (let n = from + 1; n < to; n++) {
      const d = offLine(points[n] as Vec3, points[from] as Vec3, points[to] as Vec3);
      if (d > worst) [worst, where] = [d, n];
    }
    if (where < 0) continue;
    keep.add(where);
    open.push([from, where], [where, to]);
  }
  return points.filter((_, n) => keep.has(n));
}

function offLine(p: Vec3, a: Vec3, b: Vec3): number {
  const [u, v] = [subtract(b, a), subtract(p, a)];
  const square = dot(u, u);
  const t = square === 0 ? 0 : Math.min(1, Math.max(0, dot(u, v) / square));
  return norm(subtract(v, scale(u, t)));
}
