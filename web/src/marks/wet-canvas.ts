import type { MarkId } from '@yuepian/contract';
import { fromPlane, type InkPoint, type Vec3 } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { planeTransform, transformed } from './ink.ts';
import type { DrawnLine, DrawnSink } from './inking.ts';
import type { LiveInk, WetBatch } from './live.ts';
import { unitsPerPixel } from './projection.ts';
import type { Box } from './shape.ts';
import type { MarksPlace } from './shown.ts';
import { drawWet, isWetShown, type WetStroke, WetStrokes } from './wet.ts';

/** CSS px */
const tile = 128;

export interface WetCanvasParts {
  readonly canvas: HTMLCanvasElement;
  readonly projection: () => Projection | undefined;
  readonly place: () => MarksPlace | undefined;
  /** Whether a line has become a mark meanwhile. */
  readonly isMark: (id: MarkId) => boolean;
  readonly live: LiveInk;
}

/**
 * Lines while they are drawn, on a canvas of their own over the view. The canvas is desynchronized:
 * where the browser can, a stroke is on the glass without waiting for the page's next frame. Own lines
 * are painted the moment a pointer reports, those of others in the frame in which they are heard of. The canvas is only as large
 * as what is wet, and is not there while nothing is: a canvas over the whole view costs more to show
 * than a line costs to draw.
 */
export class WetCanvas implements DrawnSink {
  readonly #parts: WetCanvasParts;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #strokes = new WetStrokes();
  readonly #stop: () => void;
  /** What the canvas covers of the view, CSS px. */
  #covered: Box | undefined;
  #painted: Box | undefined;
  #frame = 0;
  #isDue = false;

  constructor(parts: WetCanvasParts) {
    this.#parts = parts;
    this.#context = parts.canvas.getContext('2d', { desynchronized: true });
    this.#stop = parts.live.subscribe((batch) => {
      this.#strokes.receive(batch, performance.now());
      this.#now();
    });
  }

  close(): void {
    this.#stop();
    cancelAnimationFrame(this.#frame);
  }

  begin(line: DrawnLine): ReturnType<DrawnSink['begin']> {
    const stroke: WetStroke = {
      ...line,
      points: [],
      times: [],
      predicted: [],
      isDone: false,
      isOwn: true,
    };
    this.#strokes.add(stroke);
    let sent = 0;
    // The live channel puts a frame's points together; waiting for a frame here, too, would cost one.
    const send = (points: readonly InkPoint[], state: WetBatch['state']): void => {
      this.#parts.live.send(batchOf(line, sent, points, state));
      sent += points.length;
    };
    return {
      move: (points, predicted) => {
        const now = performance.now();
        for (const q of points) {
          stroke.points.push(q);
          stroke.times.push(now);
        }
        stroke.predicted = predicted;
        send(points, 'drawing');
        this.paint();
        this.#soon();
      },
      end: () => {
        stroke.predicted = [];
        stroke.isDone = true;
        stroke.endedAt = performance.now();
        send([], 'done');
        this.#soon();
      },
      cancel: () => {
        this.#strokes.remove(line.id);
        send([], 'cancelled');
        this.paint();
      },
    };
  }

  /** After a frame of the view, when its projection may have changed, and whenever a line has. */
  paint(): void {
    const context = this.#context;
    if (!context || (this.#strokes.isEmpty && !this.#covered)) return;
    const p = this.#parts.projection();
    const now = performance.now();
    this.#strokes.expire(now, this.#parts.isMark);
    if (this.#painted) {
      const [left, top, right, bottom] = this.#painted;
      context.clearRect(left, top, right - left, bottom - top);
      this.#painted = undefined;
    }
    const shown = p
      ? [...this.#strokes.all].filter((s) => isWetShown(s, this.#parts.place(), p))
      : [];
    const box = p && shown.map((s) => boxOfWet(s, p)).reduce<Box | undefined>(union, undefined);
    this.#cover(context, p, box);
    if (!p) return;
    for (const s of shown) drawWet(context, p, s, now);
    this.#painted = box;
  }

  /** Makes room for `box`; with no box the canvas goes. */
  #cover(context: CanvasRenderingContext2D, p: Projection | undefined, box: Box | undefined): void {
    const { canvas } = this.#parts;
    const needed = p && box && this.#roomFor(box, p);
    if (!needed) {
      if (this.#covered) canvas.style.display = 'none';
      this.#covered = undefined;
      return;
    }
    const [left, top, right, bottom] = needed;
    const ratio = pixelRatio(p);
    const [width, height] = [
      Math.round((right - left) * ratio),
      Math.round((bottom - top) * ratio),
    ];
    const isSame = this.#covered?.every((edge, n) => edge === needed[n]);
    if (isSame && canvas.width === width && canvas.height === height) return;
    this.#covered = needed;
    Object.assign(canvas.style, {
      display: 'block',
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
    canvas.width = width;
    canvas.height = height;
    context.setTransform(ratio, 0, 0, ratio, -left * ratio, -top * ratio);
  }

  /** Whole tiles, so that a growing line does not make a new canvas each time; never a smaller one. */
  #roomFor(box: Box, { size }: Projection): Box | undefined {
    const [left, top, right, bottom] = union(this.#covered, box);
    const from = (edge: number): number => Math.max(0, Math.floor(edge / tile) * tile);
    const to = (edge: number, end: number): number => Math.min(end, Math.ceil(edge / tile) * tile);
    const room: Box = [from(left), from(top), to(right, size[0]), to(bottom, size[1])];
    return room[0] < room[2] && room[1] < room[3] ? room : undefined;
  }

  /** In this frame still: what comes of the others is handed on before it is painted. */
  #now(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#paintOn();
    });
  }

  #soon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paintOn();
    });
  }

  #paintOn(): void {
    this.paint();
    // Light fades by itself; ink waits for its next point.
    for (const s of this.#strokes.all) if (s.kind === 'laser' || s.isDone) this.#soon();
  }
}

function batchOf(
  { id, ...line }: DrawnLine,
  from: number,
  points: readonly InkPoint[],
  state: WetBatch['state'],
): WetBatch {
  const pressures = points.map((q) => q.pressure);
  return {
    ...line,
    strokeId: id,
    from,
    points: points.map((q): Vec3 => fromPlane(line.plane, q.x, q.y)),
    ...(pressures.every((v) => v !== undefined) && { pressures }),
    state,
  };
}

function boxOfWet(s: WetStroke, p: Projection): Box {
  const t = planeTransform(s.plane, p);
  const margin = s.width / unitsPerPixel(p) + 4;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of [s.points, s.predicted]) {
    for (const q of points) {
      const [x, y] = transformed(t, q.x, q.y);
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  }
  return [left - margin, top - margin, right + margin, bottom + margin];
}

const union = (a: Box | undefined, b: Box): Box =>
  a ? [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])] : b;

const pixelRatio = (p: Projection): number =>
  Math.max(p.devicePixelRatio, window.devicePixelRatio || 1);

/**
 * The canvas in device pixels, its context in CSS pixels.
 * @returns whether the canvas was made anew (and is empty).
 */
export function fit(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  p: Projection,
): boolean {
  const ratio = pixelRatio(p);
  const width = Math.round(p.size[0] * ratio);
  const height = Math.round(p.size[1] * ratio);
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return true;
}
