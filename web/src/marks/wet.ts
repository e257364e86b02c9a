import type { Mark, MarkId } from '@yuepian/contract';
import { dot, type InkPoint, toPlane } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { outlineOfInk, pathOf, planeTransform, transformed } from './ink.ts';
import type { WetBatch } from './live.ts';
import { heightsOf, isOnSlice, reachOf, unitsPerPixel } from './projection.ts';
import { isInPlace, type MarksPlace } from './shown.ts';

/** How long the light of a pointer stays, ms. */
export const laserMs = 1100;
/** How long a finished line waits for its mark, ms. */
const waitMs = 10_000;
/**
 * A pen may rest for minutes, and whoever leaves is told of (`cancelled`). Only where that was missed,
 * because one's own line was down, does another's line go by itself, ms.
 */
const lostMs = 600_000;

/** A line that is not a mark yet, or never will be. */
export interface WetStroke {
  readonly id: MarkId;
  readonly kind: WetBatch['kind'];
  readonly colour: string;
  readonly width: number;
  readonly plane: Mark['plane'];
  readonly frameOfReferenceUid?: Mark['frameOfReferenceUid'];
  readonly frame?: Mark['frame'];
  readonly points: InkPoint[];
  /** When each point came, ms; a laser fades by it. */
  readonly times: number[];
  /** Points that the browser expects next; drawn, never kept. */
  predicted: readonly InkPoint[];
  isDone: boolean;
  /** When it ended, ms. */
  endedAt?: number;
  /** Drawn by this person here: whoever drives it also ends it, however long that takes. */
  readonly isOwn: boolean;
}

/** Wet lines of one view's person and of all others. */
export class WetStrokes {
  readonly #strokes = new Map<MarkId, WetStroke>();

  get all(): Iterable<WetStroke> {
    return this.#strokes.values();
  }

  get isEmpty(): boolean {
    return this.#strokes.size === 0;
  }

  add(stroke: WetStroke): void {
    this.#strokes.set(stroke.id, stroke);
  }

  remove(id: MarkId): void {
    this.#strokes.delete(id);
  }

  /** A batch of somebody else. @param now ms */
  receive(batch: WetBatch, now: number): void {
    if (batch.state === 'cancelled') {
      this.#strokes.delete(batch.strokeId);
      return;
    }
    const known = this.#strokes.get(batch.strokeId);
    const stroke: WetStroke = known ?? {
      id: batch.strokeId,
      kind: batch.kind,
      colour: batch.colour,
      width: batch.width,
      plane: batch.plane,
      ...(batch.frameOfReferenceUid && { frameOfReferenceUid: batch.frameOfReferenceUid }),
      ...(batch.frame && { frame: batch.frame }),
      points: [],
      times: [],
      predicted: [],
      isDone: false,
      isOwn: false,
    };
    batch.points.forEach((q, n) => {
      const [x, y] = toPlane(batch.plane, q);
      const pressure = batch.pressures?.[n];
      stroke.points.push({ x, y, ...(pressure !== undefined && { pressure }) });
      stroke.times.push(now);
    });
    stroke.isDone = batch.state === 'done';
    if (stroke.isDone) stroke.endedAt = now;
    if (!known) this.#strokes.set(stroke.id, stroke);
  }

  /** Ink that has become a mark, light that has faded, and lines that nobody ends any more. */
  expire(now: number, isMark: (id: MarkId) => boolean): void {
    for (const [id, s] of this.#strokes) {
      if (isMark(id) || isOver(s, now)) this.#strokes.delete(id);
    }
  }
}

function isOver(s: WetStroke, now: number): boolean {
  const last = s.times.at(-1) ?? now;
  if (!s.isDone) return !s.isOwn && now - last > lostMs;
  return s.kind === 'laser' ? now - last > laserMs : now - (s.endedAt ?? last) > waitMs;
}

/** Whether a wet line shows in a view. */
export function isWetShown(s: WetStroke, place: MarksPlace | undefined, p: Projection): boolean {
  if (!place || !isInPlace(place, s)) return false;
  if (place.space === 'frame' || !place.isSlice) return true;
  const { normal, point } = p.plane;
  const heights = heightsOf({ kind: 'ink', points: [], plane: s.plane }, normal);
  return isOnSlice('ink', heights, dot(normal, point), reachOf(p));
}

/** @param now ms, on the clock of `times`. */
export function drawWet(
  context: CanvasRenderingContext2D,
  p: Projection,
  s: WetStroke,
  now: number,
): void {
  if (s.kind === 'laser') drawLaser(context, p, s, now);
  else drawWetInk(context, p, s);
}

function drawWetInk(context: CanvasRenderingContext2D, p: Projection, s: WetStroke): void {
  const isPen = s.kind === 'ink';
  const points = s.predicted.length ? [...s.points, ...s.predicted] : s.points;
  const outline = outlineOfInk(points, s.width, isPen, s.isDone);
  context.save();
  context.transform(...planeTransform(s.plane, p));
  context.globalAlpha = isPen ? 1 : 0.35;
  context.fillStyle = s.colour;
  context.fill(pathOf(outline));
  context.restore();
}

/** A bright head with a tail that fades with the age of each point. */
export function drawLaser(
  context: CanvasRenderingContext2D,
  p: Projection,
  s: WetStroke,
  now: number,
): void {
  const t = planeTransform(s.plane, p);
  const width = s.width / unitsPerPixel(p);
  context.save();
  context.lineCap = 'round';
  context.strokeStyle = s.colour;
  for (let n = 1; n < s.points.length; n++) {
    const [a, b] = [s.points[n - 1], s.points[n]];
    const age = (now - (s.times[n] ?? now)) / laserMs;
    if (!a || !b || age >= 1) continue;
    context.globalAlpha = (1 - age) ** 1.5;
    context.lineWidth = width * (0.35 + 0.65 * (1 - age));
    context.beginPath();
    context.moveTo(...transformed(t, a.x, a.y));
    context.lineTo(...transformed(t, b.x, b.y));
    context.stroke();
  }
  const head = s.points.at(-1);
  const age = s.isDone ? (now - (s.times.at(-1) ?? now)) / laserMs : 0;
  if (head && age < 1) {
    const [x, y] = transformed(t, head.x, head.y);
    context.globalAlpha = 1 - age;
    context.fillStyle = s.colour;
    context.beginPath();
    context.arc(x, y, width * 0.9, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = '#ffffff';
    context.beginPath();
    context.arc(x, y, width * 0.4, 0, 2 * Math.PI);
    context.fill();
  }
  context.restore();
}
