import type { Mark, MarkId } from '@yuepian/contract';
import {
  encodeStroke,
  fromPlane,
  type InkPoint,
  type PatientPoint,
  type PatientVector,
  planeBasis,
  toPlane,
  type Vec3,
} from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { isTooSmall, simplified } from './drafting.ts';
import type { Hand, MarkEditorHost } from './editor.ts';
import { type DrawingTool, inkWidth, isInk } from './kinds.ts';
import { unitsPerPixel } from './projection.ts';

/** A line as it is drawn. Coordinates on its plane, see InkPoint. */
export interface DrawnLine {
  readonly id: MarkId;
  readonly kind: 'ink' | 'highlighter' | 'laser';
  readonly colour: string;
  readonly width: number;
  readonly plane: Mark['plane'];
  readonly frameOfReferenceUid?: Mark['frameOfReferenceUid'];
  readonly frame?: Mark['frame'];
}

/** Who shows a line while it is drawn: the wet canvas, and through it the others. */
export interface DrawnSink {
  begin(line: DrawnLine): {
    /** @param at ms, when the pointer was there. */
    move(points: readonly InkPoint[], predicted: readonly InkPoint[], at: number): void;
    end(): void;
    cancel(): void;
  };
}

/** Freehand regions keep every bend larger than this, CSS px. */
const bend = 0.5;
const mostCorners = 2000;
/** A pen that reports this exactly all along reports nothing. */
const noPressure = 0.5;

/**
 * A mark that is one drag: ink, highlighter, a region drawn by hand, or the light of a pointer.
 * @param show the draft of a region, undefined at its end; wet ink has a canvas of its own.
 */
export function drawFreely(
  host: MarkEditorHost,
  tool: DrawingTool,
  hand: Hand,
  first: PointerSample,
  p: Projection,
  show: (draft: Mark | undefined) => void,
): Stroke {
  const start = host.pick?.(first.at)?.point ?? p.toWorld(first.at);
  const plane = { point: copy(start), normal: copy(p.plane.normal) };
  return tool === 'freehand'
    ? drawRegion(host, hand, first, plane, show)
    : drawInk(host, tool === 'laser' || isInk(tool) ? tool : 'ink', hand, first, p, plane);
}

function drawRegion(
  host: MarkEditorHost,
  hand: Hand,
  first: PointerSample,
  plane: Mark['plane'],
  show: (draft: Mark | undefined) => void,
): Stroke {
  const points: Vec3[] = [plane.point];
  const empty = host.compose('freehand', { points, plane }, hand);
  let last = first.at;
  const take = (s: PointerSample): void => {
    const p = host.projection();
    if (!p || Math.hypot(s.at[0] - last[0], s.at[1] - last[1]) < 1) return;
    last = s.at;
    const [x, y] = toPlane(plane, p.toWorld(s.at));
    points.push(fromPlane(plane, x, y));
  };
  return {
    move: (s) => {
      take(s);
      show({ ...empty, points: points.map(copy) });
    },
    end: (s) => {
      take(s);
      show(undefined);
      const p = host.projection();
      if (!p) return;
      const unit = unitsPerPixel(p);
      let corners = simplified(points, bend * unit);
      for (let n = 2; corners.length > mostCorners; n *= 2) {
        corners = simplified(points, n * bend * unit);
      }
      if (isTooSmall('freehand', corners, 2 * unit) || corners.length < 3) return;
      const mark = { ...empty, points: corners.map(copy) };
      host.commit(mark);
      host.select(mark.id);
    },
    cancel: () => show(undefined),
  };
}

function drawInk(
  host: MarkEditorHost,
  kind: DrawnLine['kind'],
  hand: Hand,
  first: PointerSample,
  start: Projection,
  plane: Mark['plane'],
): Stroke {
  const width = inkWidth[kind] * unitsPerPixel(start);
  const basis = planeBasis(plane.normal as unknown as PatientVector);
  const { id, frame, frameOfReferenceUid } = host.compose('ink', { points: [], plane }, hand);
  const line = host.wet?.begin({
    id,
    kind,
    colour: hand.colour,
    width,
    plane,
    ...(frame && { frame }),
    ...(frameOfReferenceUid && { frameOfReferenceUid }),
  });
  const points: InkPoint[] = [];
  const pointAt = (s: PointerSample, at: PointerSample['at'], p: Projection): InkPoint => {
    const [x, y] = toPlane(plane, p.toWorld(at), basis);
    return s.role === 'pen' ? { x, y, pressure: s.pressure } : { x, y };
  };
  const take = (s: PointerSample): void => {
    const p = host.projection();
    if (!p) return;
    const point = pointAt(s, s.at, p);
    const last = points.at(-1);
    if (last && last.x === point.x && last.y === point.y) return;
    points.push(point);
    const predicted = (s.predicted ?? []).map((at) => pointAt(s, at, p));
    line?.move([point], predicted, s.time);
  };
  take(first);
  return {
    move: take,
    end: (s) => {
      take(s);
      line?.end();
      if (kind === 'laser') return;
      const hasPressure = points.some((q) => (q.pressure ?? noPressure) !== noPressure);
      const kept = hasPressure ? points : points.map(({ x, y }) => ({ x, y }));
      const stroke = encodeStroke(kept);
      const mark = host.compose(kind, { points: [], plane, stroke, width }, hand);
      host.commit({ ...mark, id });
    },
    cancel: () => line?.cancel(),
  };
}

const copy = (p: Vec3 | PatientPoint): [number, number, number] => [p[0], p[1], p[2]];
