import type { Mark } from '@yuepian/contract';
import {
  decodeStroke,
  dot,
  type InkPoint,
  type PatientVector,
  planeBasis,
  type Vec3,
} from '@yuepian/geometry';
import { getStroke } from 'perfect-freehand';
import { type CanvasMap, toCanvas } from './projection.ts';
import type { Point } from './shape.ts';

/** What is computed once from the bytes of a stroke. */
export interface PreparedInk {
  /** On the plane, mm from its point along planeBasis. */
  readonly points: readonly InkPoint[];
  /** Polygon around the line, on the plane. */
  readonly outline: readonly Point[];
}

const prepared = new WeakMap<Uint8Array, PreparedInk>();
const nothing: PreparedInk = { points: [], outline: [] };

/** Bytes that are no stroke give nothing to draw: another client wrote them. */
export function inkOf(mark: Pick<Mark, 'kind' | 'stroke' | 'width'>): PreparedInk {
  if (!mark.stroke) return nothing;
  const known = prepared.get(mark.stroke);
  if (known) return known;
  let result = nothing;
  try {
    const points = decodeStroke(mark.stroke);
    result = { points, outline: outlineOfInk(points, mark.width ?? 1, mark.kind === 'ink') };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  prepared.set(mark.stroke, result);
  return result;
}

/**
 * The polygon around a line of ink. Pressure widens it where the device gives one; a mouse or a finger
 * draws an even line.
 * @param width at full pressure, in the units of the points.
 */
export function outlineOfInk(
  points: readonly InkPoint[],
  width: number,
  isPen: boolean,
  isFinished = true,
): Point[] {
  const hasPressure = isPen && points.some((p) => p.pressure !== undefined);
  // perfect-freehand has thresholds in pixels: at 40 units to the width its caps and joins are round.
  const scale = 40 / width;
  const outline = getStroke(
    points.map((p) => [p.x * scale, p.y * scale, p.pressure ?? 0.5]),
    {
      size: 40,
      thinning: hasPressure ? 0.6 : 0,
      smoothing: 0.5,
      streamline: 0.15,
      simulatePressure: false,
      last: isFinished,
    },
  );
  return outline.map(([x, y]) => [(x ?? 0) / scale, (y ?? 0) / scale]);
}

export type Transform = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Plane coordinates to canvas, as CanvasRenderingContext2D.transform takes it. */
export function planeTransform(
  plane: { readonly point: Vec3; readonly normal: Vec3 },
  p: CanvasMap,
): Transform {
  const { right, down } = planeBasis(plane.normal as PatientVector);
  const m = p.worldToCanvas;
  const [rowX, rowY]: readonly [Vec3, Vec3] = [
    [m[0], m[1], m[2]],
    [m[4], m[5], m[6]],
  ];
  const [x, y] = toCanvas(p, plane.point);
  return [dot(rowX, right), dot(rowY, right), dot(rowX, down), dot(rowY, down), x, y];
}

export const transformed = ([a, b, c, d, e, f]: Transform, x: number, y: number): Point => [
  a * x + c * y + e,
  b * x + d * y + f,
];

/** The polygon as a path through the middles of its sides: smooth without a curve to fit. */
export function pathOf(outline: readonly Point[]): Path2D {
  const path = new Path2D();
  const [first] = outline;
  const last = outline.at(-1);
  if (!first || !last) return path;
  path.moveTo((last[0] + first[0]) / 2, (last[1] + first[1]) / 2);
  outline.forEach((q, n) => {
    const next = outline[(n + 1) % outline.length] ?? q;
    path.quadraticCurveTo(q[0], q[1], (q[0] + next[0]) / 2, (q[1] + next[1]) / 2);
  });
  path.closePath();
  return path;
}
