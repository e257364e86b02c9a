import type { MarkId } from '@yuepian/contract';
import { fromPlane, type InkPoint, type Vec3 } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { PatchCanvas, union } from '../ui/index.ts';
import { planeTransform, transformed } from './ink.ts';
import type { DrawnLine, DrawnSink } from './inking.ts';
import type { LiveInk, WetBatch } from './live.ts';
import { unitsPerPixel } from './projection.ts';
import type { Box } from './shape.ts';
import type { MarksPlace } from './shown.ts';
import { drawWet, isWetShown, type WetStroke, WetStrokes } from './wet.ts';

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
 * are painted the moment a pointer reports, those of others in the frame in which they are heard of. The
 * canvas is a patch: over the whole view it costs more to show than a line costs to draw.
 */
export class WetCanvas implements DrawnSink {
  readonly #parts: WetCanvasParts;
  readonly #patch: PatchCanvas;
  readonly #strokes = new WetStrokes();
  readonly #stop: () => void;
  #painted: Box | undefined;
  #frame = 0;
  #isDue = false;

  constructor(parts: WetCanvasParts) {
    this.#parts = parts;
    this.#patch = new PatchCanvas(parts.canvas, { desynchronized: true });
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
    const { context, covered } = this.#patch;
    if (!context || (this.#strokes.isEmpty && !covered)) return;
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
    this.#patch.cover(box, p?.size ?? [0, 0], p ? pixelRatio(p) : 1, true);
    if (!p) return;
    for (const s of shown) drawWet(context, p, s, now);
    this.#painted = box;
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
