import type { Mark } from '@yuepian/contract';
import { fromPlane, type PatientPoint, rectangleCorners, type Vec3 } from '@yuepian/geometry';
import { inkOf, planeTransform, transformed } from './ink.ts';
import { isInk, traits } from './kinds.ts';
import { type CanvasMap, toCanvas } from './projection.ts';

export type Point = readonly [number, number];
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** A line of a mark on the canvas. */
export interface Piece {
  readonly points: readonly Point[];
  /** Helps the eye and is not part of the mark: dashed, and nothing to take hold of. */
  readonly isGuide?: boolean;
}

type Shaped = Pick<Mark, 'kind' | 'points' | 'plane' | 'stroke' | 'width'>;

/** Straight pieces of a mark on the canvas; the same for drawing and for hit-testing. */
export function piecesOf(mark: Shaped, p: CanvasMap): Piece[] {
  const points = mark.points.map((q): Point => toCanvas(p, q));
  const [a, b, c, d] = points;
  switch (mark.kind) {
    case 'bidirectional':
      return [{ points: points.slice(0, 2) }, { points: points.slice(2) }];
    case 'cobb': {
      const lines: Piece[] = [{ points: points.slice(0, 2) }, { points: points.slice(2) }];
      if (!a || !b || !c || !d) return lines;
      return [...lines, { points: [lerp2(a, b), lerp2(c, d)], isGuide: true }];
    }
    case 'ellipse':
      return a && b && c ? [{ points: ellipse(a, b, c) }] : [];
    case 'rectangle': {
      const [centre, endA, endB] = mark.points as unknown as PatientPoint[];
      if (!centre || !endA || !endB) return [];
      return [closed(rectangleCorners({ centre, endA, endB }).map((q) => toCanvas(p, q)))];
    }
    case 'arrow':
      return a && b ? [{ points: [b, a] }, { points: arrowHead(a, b) }] : [];
    case 'text':
    case 'keyImage':
      return [];
    case 'length':
    case 'angle':
    case 'probe':
    case 'polygon':
    case 'freehand':
    case 'point':
    case 'distance':
    case 'surfacePoint':
    case 'surfaceLine':
      return [traits[mark.kind].isClosed ? closed(points) : { points }];
    case 'ink':
    case 'highlighter':
      return [{ points: inkLine(mark, p) }];
  }
}

const closed = (points: readonly Point[]): Piece => ({
  points: points[0] ? [...points, points[0]] : points,
});
const lerp2 = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

function inkLine(mark: Shaped, p: CanvasMap): Point[] {
  const t = planeTransform(mark.plane, p);
  return inkOf(mark).points.map((q) => transformed(t, q.x, q.y));
}

function ellipse(centre: Point, a: Point, b: Point): Point[] {
  const [ax, ay] = [a[0] - centre[0], a[1] - centre[1]];
  const [bx, by] = [b[0] - centre[0], b[1] - centre[1]];
  return ellipseSteps.map(([c, s]) => [centre[0] + c * ax + s * bx, centre[1] + c * ay + s * by]);
}

/** 64 chords: the sagitta of a 500 px ellipse stays below a pixel. */
const ellipseSteps = Array.from({ length: 65 }, (_, n) => {
  const t = (n / 64) * 2 * Math.PI;
  return [Math.cos(t), Math.sin(t)] as const;
});

/** Two short lines at the tip, 14 px, 26° to each side. */
function arrowHead(tip: Point, tail: Point): Point[] {
  const length = Math.hypot(tail[0] - tip[0], tail[1] - tip[1]) || 1;
  const [ux, uy] = [(tail[0] - tip[0]) / length, (tail[1] - tip[1]) / length];
  const size = Math.min(14, length * 0.6);
  const wing = (s: number): Point => [
    tip[0] + size * (0.9 * ux - s * 0.44 * uy),
    tip[1] + size * (0.9 * uy + s * 0.44 * ux),
  ];
  return [wing(1), tip, wing(-1)];
}

/** Handles: the points by which a mark is edited. A freehand line is moved, not bent. */
export function handlesOf(mark: Pick<Mark, 'kind' | 'points'>, p: CanvasMap): Point[] {
  return mark.kind === 'freehand' || mark.kind === 'keyImage'
    ? []
    : mark.points.map((q) => toCanvas(p, q));
}

/** Where the middle of a mark is, LPS mm: what a jump goes to. */
export function middleOf(mark: Mark): Vec3 {
  if (isInk(mark.kind)) return inkMiddle(mark);
  const [first] = mark.points;
  if (!first) return mark.plane.point;
  if (mark.kind === 'ellipse' || mark.kind === 'rectangle' || mark.kind === 'arrow') return first;
  const sum = mark.points.reduce<[number, number, number]>(
    (s, q) => [s[0] + q[0], s[1] + q[1], s[2] + q[2]],
    [0, 0, 0],
  );
  const n = mark.points.length;
  // The middle between two places may be nothing that either is about; the first one is.
  return traits[mark.kind].space === 'plane' ? [sum[0] / n, sum[1] / n, sum[2] / n] : first;
}

function inkMiddle(mark: Mark): Vec3 {
  const { points } = inkOf(mark);
  const n = Math.max(1, points.length);
  const x = points.reduce((s, q) => s + q.x, 0) / n;
  const y = points.reduce((s, q) => s + q.y, 0) / n;
  return fromPlane(mark.plane, x, y);
}

/** The box around all pieces and handles. */
export function boxOf(pieces: readonly Piece[], handles: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (points: readonly Point[]): void => {
    for (const [x, y] of points) {
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  };
  for (const piece of pieces) take(piece.points);
  take(handles);
  return [left, top, right, bottom];
}

export function distanceToSegment(q: Point, a: Point, b: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const t =
    length === 0 ? 0 : Math.min(1, Math.max(0, ((q[0] - a[0]) * dx + (q[1] - a[1]) * dy) / length));
  return Math.hypot(q[0] - a[0] - t * dx, q[1] - a[1] - t * dy);
}
