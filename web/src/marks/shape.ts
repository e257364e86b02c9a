import type { Mark } from '@yuepian/contract';
import type { Projection } from '../engine/index.ts';
import { toCanvas } from './projection.ts';

export type Point = readonly [number, number];

/** Straight pieces of a mark on the canvas; the same for drawing and for hit-testing. */
export function outlineOf(mark: Pick<Mark, 'kind' | 'points'>, p: Projection): Point[] {
  const points = mark.points.map((q) => toCanvas(p, q));
  if (mark.kind !== 'ellipse' || points.length < 3) return points;
  const [centre, a, b] = points as unknown as [Point, Point, Point];
  const [ax, ay] = [a[0] - centre[0], a[1] - centre[1]];
  const [bx, by] = [b[0] - centre[0], b[1] - centre[1]];
  return ellipseSteps.map(([c, s]) => [centre[0] + c * ax + s * bx, centre[1] + c * ay + s * by]);
}

/** 64 chords: the sagitta of a 500 px ellipse stays below a pixel. */
const ellipseSteps = Array.from({ length: 65 }, (_, n) => {
  const t = (n / 64) * 2 * Math.PI;
  return [Math.cos(t), Math.sin(t)] as const;
});

/** Handles: the points by which a mark is edited. */
export function handlesOf(mark: Pick<Mark, 'points'>, p: Projection): Point[] {
  return mark.points.map((q) => toCanvas(p, q));
}

/** Where the text starts: right of the outline's right-most point. */
export function anchorOf(outline: readonly Point[]): Point {
  let best: Point = outline[0] ?? [0, 0];
  for (const q of outline) if (q[0] > best[0]) best = q;
  return [best[0] + 10, best[1]];
}

export function distanceToSegment(q: Point, a: Point, b: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const t =
    length === 0 ? 0 : Math.min(1, Math.max(0, ((q[0] - a[0]) * dx + (q[1] - a[1]) * dy) / length));
  return Math.hypot(q[0] - a[0] - t * dx, q[1] - a[1] - t * dy);
}
