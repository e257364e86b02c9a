import type { PatientPoint, Plane } from '@yuepian/geometry';
import { sentenceOf } from '../../api/index.ts';
import type { View, ViewKind } from '../../engine/index.ts';
import { RunningStroke } from '../../marks/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import { notify } from '../../ui/index.ts';
import { widened } from './mask-box.ts';
import type { Act } from './messages.ts';
import type { EditSession, HandTool } from './session.ts';

/** What is being drawn right now, for the overlay. */
export interface Draft {
  readonly view: ViewKind;
  readonly kind: 'stroke' | 'outline' | 'box';
  readonly tool: HandTool;
  readonly points: readonly PatientPoint[];
}

/** Where the brush hovers. */
export interface Hover {
  readonly view: ViewKind;
  readonly at: readonly [number, number];
}

/** CSS pixels between samples of an outline that are worth keeping. */
const outlineStep = 3;

/** The hand of one person on a structure: which stroke a tool begins, and what it does at its end. */
export class EditHand {
  readonly #session: EditSession;
  #draft: Draft | undefined;
  #hover: Hover | undefined;
  readonly #running = new Set<RunningStroke>();

  constructor(session: EditSession) {
    this.#session = session;
  }

  get draft(): Draft | undefined {
    return this.#draft;
  }

  get hover(): Hover | undefined {
    return this.#hover;
  }

  hoverAt(view: ViewKind, at: readonly [number, number] | undefined): void {
    if (!this.#session.state.get().tool) return;
    this.#hover = at && { view, at };
    this.#session.redraw();
  }

  /** @returns undefined when the hand holds no tool. */
  begin(view: View, first: PointerSample): Stroke | undefined {
    const stroke = this.#begin(view, first);
    return stroke && new RunningStroke(stroke, this.#running);
  }

  #begin(view: View, first: PointerSample): Stroke | undefined {
    const { tool, isPreparing, isBusy } = this.#session.state.get();
    if (!tool || view.kind === 'frame') return undefined;
    if (isPreparing || isBusy) return nothing;
    this.#hover = undefined;
    switch (tool) {
      case 'brush':
      case 'eraser':
      case 'smart_brush':
        return this.#paint(view, first, tool);
      case 'scissors':
        return this.#outline(view, first);
      case 'islands':
        return this.#tap(view, first);
      case 'box':
        return view.kind === 'volume' ? nothing : this.#box(view, first);
    }
  }

  /** Drops what is being drawn. @returns whether there was anything */
  cancel(): boolean {
    const had = this.#draft !== undefined || this.#running.size > 0;
    for (const stroke of [...this.#running]) stroke.cancel();
    this.#dropDraft();
    return had;
  }

  #dropDraft(): void {
    if (this.#draft === undefined) return;
    this.#draft = undefined;
    this.#session.redraw();
  }

  #paint(view: View, first: PointerSample, tool: 'brush' | 'eraser' | 'smart_brush'): Stroke {
    const points: PatientPoint[] = [];
    const take = (s: PointerSample): void => {
      const point = placeOf(view, s.at);
      if (point) points.push(point);
      this.#hover = { view: view.kind, at: s.at };
      this.#draw({ view: view.kind, kind: 'stroke', tool, points });
    };
    const plane = planeOf(view);
    take(first);
    return {
      move: take,
      end: () => {
        const { radius, isDisc } = this.#session.state.get();
        this.#finish(points.length > 0, () => {
          if (tool !== 'smart_brush') {
            const disc = isDisc && view.kind !== 'volume' ? plane : undefined;
            return { tool, stroke: points, radius, plane: disc };
          }
          const box = this.#session.boxAround(points, radius + 3);
          return box && { tool, stroke: points, radius, placed: this.#session.image(box) };
        });
      },
      cancel: () => this.#dropDraft(),
    };
  }

  #outline(view: View, first: PointerSample): Stroke {
    const points: PatientPoint[] = [];
    let last: readonly [number, number] | undefined;
    const take = (s: PointerSample): void => {
      if (last && Math.hypot(s.at[0] - last[0], s.at[1] - last[1]) < outlineStep) return;
      last = s.at;
      const point = view.projection()?.toWorld(s.at);
      if (point) points.push(point);
      this.#draw({ view: view.kind, kind: 'outline', tool: 'scissors', points });
    };
    take(first);
    return {
      move: take,
      end: () => {
        const normal = view.projection()?.plane.normal;
        const { remove } = this.#session.state.get();
        this.#finish(
          points.length >= 3,
          () => normal && { tool: 'scissors', outline: points, direction: normal, remove },
        );
      },
      cancel: () => this.#dropDraft(),
    };
  }

  #tap(view: View, first: PointerSample): Stroke {
    const at = placeOf(view, first.at);
    return {
      move: () => undefined,
      end: () => this.#finish(at !== undefined, () => at && { tool: 'islands', at }),
      cancel: () => undefined,
    };
  }

  #box(view: View, first: PointerSample): Stroke {
    const start = placeOf(view, first.at);
    const projection = view.projection();
    let end = first.at;
    const corners = (): PatientPoint[] => {
      if (!start || !projection) return [];
      const a = first.at;
      return [a, [end[0], a[1]], end, [a[0], end[1]]].map((p) => projection.toWorld(p as typeof a));
    };
    return {
      move: (s) => {
        end = s.at;
        this.#draw({ view: view.kind, kind: 'box', tool: 'box', points: corners() });
      },
      end: () => {
        const points = corners();
        const [a, , c] = points;
        const isBox = Math.min(Math.abs(end[0] - first.at[0]), Math.abs(end[1] - first.at[1])) > 5;
        this.#finish(isBox && a !== undefined && c !== undefined, () =>
          a && c && projection ? this.#segment(points, a, c, projection.plane.normal) : undefined,
        );
      },
      cancel: () => this.#dropDraft(),
    };
  }

  /** The box reaches as far before and behind the slice; its middle is inside. */
  #segment(
    corners: readonly PatientPoint[],
    a: PatientPoint,
    c: PatientPoint,
    normal: readonly [number, number, number],
  ): Act | undefined {
    const { depth, hint } = this.#session.state.get();
    const sides = [1, 3].map((n) => {
      const p = corners[n] ?? a;
      return Math.hypot(p[0] - a[0], p[1] - a[1], p[2] - a[2]);
    });
    const half = (depth ?? Math.max(...sides)) / 2;
    const moved = (p: PatientPoint, by: number): PatientPoint =>
      [p[0] + normal[0] * by, p[1] + normal[1] * by, p[2] + normal[2] * by] as never;
    const points = corners.flatMap((p) => [moved(p, half), moved(p, -half)]);
    const box = this.#session.boxAround(points, 0);
    const middle = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2, (a[2] + c[2]) / 2] as never;
    const size = this.#session.volumeSize();
    if (!box || !size) return undefined;
    const around = widened(box, 1, size);
    const first = box.first.map((f, n) => f - (around.first[n] as number));
    return {
      tool: 'growcut',
      placed: this.#session.image(around),
      drawn: { first: first as never, size: box.size },
      inside: [middle],
      hint,
    };
  }

  #draw(draft: Draft): void {
    this.#draft = draft;
    this.#session.redraw();
  }

  /** The draft stays on the screen until the change is there. */
  #finish(isWorth: boolean, actOf: () => Act | undefined): void {
    const draft = this.#draft;
    const drop = (): void => {
      if (this.#draft !== draft) return;
      this.#draft = undefined;
      this.#session.redraw();
    };
    try {
      const act = isWorth ? actOf() : undefined;
      if (act) void this.#session.act(act).finally(drop);
      else drop();
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
      drop();
    }
  }
}

/** A stroke that does nothing: the hand waits. */
const nothing: Stroke = { move: () => undefined, end: () => undefined, cancel: () => undefined };

/** On slices the plane's point, in 3D the surface under the pointer. */
function placeOf(view: View, at: PointerSample['at']): PatientPoint | undefined {
  return view.kind === 'volume' ? view.pick(at)?.point : view.projection()?.toWorld(at);
}

function planeOf(view: View): Plane | undefined {
  return view.projection()?.plane;
}
