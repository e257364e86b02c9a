import type { Mark, MarkId, MarkKind } from '@yuepian/contract';
import { add, canvasPoint, type PatientPoint, scale, subtract, type Vec3 } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { inputsOf, isTooSmall, moved, pointsFrom, withHandle } from './drafting.ts';
import { type Hit, hitTest } from './hit.ts';

/** What the editor needs of the room around it. */
export interface MarkEditorHost {
  projection(): Projection | undefined;
  /** Marks shown in this view now. */
  shown(): readonly Mark[];
  /** Kind the active tool draws; undefined while looking. */
  tool(): MarkKind | undefined;
  /** False for an observer: marks can be selected, not changed. */
  mayEdit(): boolean;
  /** A complete mark (id, author, colour, space) from its geometry. */
  compose(kind: MarkKind, points: readonly Vec3[], plane: Mark['plane']): Mark;
  commit(mark: Mark): void;
  change(id: MarkId, points: readonly Vec3[]): void;
  select(id: MarkId | undefined): void;
  /** Drafts changed: draw again. */
  redraw(): void;
}

interface Pending {
  readonly kind: MarkKind;
  readonly inputs: Vec3[];
  readonly mark: Mark;
  /** Pointer that draws now; undefined between two clicks. */
  pointer: number | undefined;
}

const dragDistance = 5;
const reachOf = (sample: PointerSample): number => (sample.role === 'finger' ? 22 : 9);

/**
 * Draws and edits marks in one view. Both ways of drawing work: press, drag and let go, or click
 * place by place. Every pointer has a draft of its own. While it is drawn, a mark is a local draft;
 * the case document gets one change at the end, which is one step to undo.
 */
export class MarkEditor {
  readonly #host: MarkEditorHost;
  /** Drafts being drawn; at most one waits between clicks. */
  readonly #pending = new Set<Pending>();
  readonly #edits = new Map<number, Mark>();

  constructor(host: MarkEditorHost) {
    this.#host = host;
  }

  /** Marks to draw instead of those with the same id, and those not yet committed. */
  drafts(): Mark[] {
    const p = this.#host.projection();
    if (!p) return [];
    return [...this.#edits.values(), ...[...this.#pending].map((d) => this.#compose(d, p))];
  }

  get isDrafting(): boolean {
    return this.#pending.size > 0;
  }

  /** @returns the stroke, or undefined when the pointer means something else here. */
  begin(sample: PointerSample): Stroke | undefined {
    const p = this.#host.projection();
    if (!p) return undefined;
    const waiting = [...this.#pending].find((d) => d.pointer === undefined);
    if (waiting) return this.#continue(waiting, sample);
    const hit = hitTest(this.#host.shown(), p, sample.at, reachOf(sample));
    if (hit) return this.#edit(hit, sample);
    const kind = this.#host.tool();
    if (!kind || !this.#host.mayEdit()) {
      this.#host.select(undefined);
      return undefined;
    }
    return this.#create(kind, sample, p);
  }

  /** The free end of a mark that waits for its next click follows the mouse. */
  hover(at: readonly [number, number]): void {
    const p = this.#host.projection();
    const waiting = [...this.#pending].find((d) => d.pointer === undefined);
    if (!p || !waiting) return;
    this.#place(waiting, at, p);
  }

  hitAt(sample: Pick<PointerSample, 'at' | 'role'>): Hit | undefined {
    const p = this.#host.projection();
    return p && hitTest(this.#host.shown(), p, sample.at, sample.role === 'finger' ? 22 : 9);
  }

  /** Drops every unfinished draft. @returns whether there was one. */
  cancel(): boolean {
    const had = this.#pending.size + this.#edits.size > 0;
    this.#pending.clear();
    this.#edits.clear();
    if (had) this.#host.redraw();
    return had;
  }

  #create(kind: MarkKind, sample: PointerSample, p: Projection): Stroke {
    const at = p.toWorld(sample.at);
    const plane = {
      point: [...at] as [number, number, number],
      normal: [...p.plane.normal] as [number, number, number],
    };
    const points = pointsFrom(kind, [at], p.plane.right, p.plane.up);
    const draft: Pending = {
      kind,
      inputs: [at, at],
      mark: this.#host.compose(kind, points, plane),
      pointer: sample.id,
    };
    this.#pending.add(draft);
    this.#host.select(undefined);
    this.#host.redraw();
    return this.#stroke(draft, sample);
  }

  #continue(draft: Pending, sample: PointerSample): Stroke {
    draft.pointer = sample.id;
    const p = this.#host.projection();
    if (p) this.#place(draft, sample.at, p);
    // A click that continues counts by itself, without having moved.
    return this.#stroke(draft, sample, true);
  }

  #stroke(draft: Pending, first: PointerSample, isNextClick = false): Stroke {
    let hasMoved = isNextClick;
    return {
      move: (sample) => {
        const far = Math.hypot(sample.at[0] - first.at[0], sample.at[1] - first.at[1]);
        hasMoved ||= far > dragDistance;
        const p = this.#host.projection();
        if (p) this.#place(draft, sample.at, p);
      },
      end: (sample) => {
        const p = this.#host.projection();
        draft.pointer = undefined;
        if (!p || !this.#pending.has(draft)) return;
        this.#place(draft, sample.at, p);
        if (hasMoved || inputsOf[draft.kind] === 1) this.#advance(draft, p);
      },
      cancel: () => {
        this.#pending.delete(draft);
        this.#host.redraw();
      },
    };
  }

  /** The last input is the free end. */
  #place(draft: Pending, at: readonly [number, number], p: Projection): void {
    const world = p.toWorld(canvasPoint(at[0], at[1]));
    draft.inputs[inputsOf[draft.kind] === 1 ? 0 : draft.inputs.length - 1] = world;
    this.#host.redraw();
  }

  #advance(draft: Pending, p: Projection): void {
    const needed = inputsOf[draft.kind];
    if (draft.inputs.length < needed) {
      draft.inputs.push(draft.inputs.at(-1) as Vec3);
      this.#host.redraw();
      return;
    }
    this.#pending.delete(draft);
    const mark = this.#compose(draft, p);
    const pixel = Number.isFinite(p.mmPerPixel) && p.space === 'patient' ? p.mmPerPixel : 1;
    if (!isTooSmall(draft.kind, mark.points, 2 * pixel)) {
      this.#host.commit(mark);
      this.#host.select(mark.id);
    }
    this.#host.redraw();
  }

  #compose(draft: Pending, p: Projection): Mark {
    const inputs = draft.inputs.slice(0, inputsOf[draft.kind]);
    const points = pointsFrom(draft.kind, inputs, p.plane.right, p.plane.up);
    return { ...draft.mark, points: points.map((q) => [...q] as [number, number, number]) };
  }

  #edit(hit: Hit, sample: PointerSample): Stroke | undefined {
    const mark = this.#host.shown().find((m) => m.id === hit.id);
    const start = this.#host.projection();
    if (!mark || !start) return undefined;
    this.#host.select(mark.id);
    if (!this.#host.mayEdit()) return { move() {}, end() {}, cancel() {} };
    const from = start.toWorld(sample.at);
    const pointsAt = (s: PointerSample): Vec3[] => {
      const p = this.#host.projection() ?? start;
      const to = p.toWorld(s.at);
      if (hit.handle === undefined) return moved(mark.points, subtract(to, from));
      // A handle keeps its own depth: it may lie anywhere within the slab.
      const old = mark.points[hit.handle] as Vec3;
      const depth = p.space === 'patient' ? p.depth(old as unknown as PatientPoint) : 0;
      const lifted = add(to, scale(p.plane.normal, depth));
      return withHandle(mark, hit.handle, lifted);
    };
    let hasMoved = false;
    return {
      move: (s) => {
        hasMoved ||= Math.hypot(s.at[0] - sample.at[0], s.at[1] - sample.at[1]) > 2;
        if (!hasMoved) return;
        this.#edits.set(sample.id, {
          ...mark,
          points: pointsAt(s).map((q) => [...q] as [number, number, number]),
        });
        this.#host.redraw();
      },
      end: (s) => {
        this.#edits.delete(sample.id);
        if (hasMoved) this.#host.change(mark.id, pointsAt(s));
        this.#host.redraw();
      },
      cancel: () => {
        this.#edits.delete(sample.id);
        this.#host.redraw();
      },
    };
  }
}
