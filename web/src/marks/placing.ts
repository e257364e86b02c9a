import type { Mark, MarkKind } from '@yuepian/contract';
import {
  add,
  canvasPoint,
  intersectRay,
  type PatientPoint,
  plane as planeOf,
  scale,
  type Vec3,
} from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { isTooSmall, pointsFrom } from './drafting.ts';
import type { Hand, MarkEditorHost } from './editor.ts';
import { traits } from './kinds.ts';
import { toCanvas, unitsPerPixel } from './projection.ts';
import type { Point } from './shape.ts';
import { isSamePlace, type MarksPlace } from './shown.ts';

/** A mark that is given place by place. */
interface Draft {
  readonly kind: MarkKind;
  readonly owner: string;
  readonly place: MarksPlace | undefined;
  readonly colour: string;
  readonly plane: Mark['plane'];
  /** The last one is the free end. */
  readonly inputs: Vec3[];
  readonly mark: Mark;
  /** The model under the first place. */
  readonly structureKey: string | undefined;
  /** Pointer that draws now; undefined between two clicks. */
  pointer: number | undefined;
}

const dragDistance = 5;
/** A place given within this of another one is that one, CSS px. */
const sameDistance = 9;

/** Kinds whose second line is a stroke of its own: press and drag, or two clicks. */
const hasTwoLines = (kind: MarkKind): boolean => kind === 'bidirectional' || kind === 'cobb';

/** Marks that are given place by place, by clicks or by dragging. */
export class PlacedDrafts {
  readonly #host: MarkEditorHost;
  /** Of each owner at most one waits between clicks. */
  readonly #drafts = new Set<Draft>();

  constructor(host: MarkEditorHost) {
    this.#host = host;
  }

  get isDrafting(): boolean {
    return this.#drafts.size > 0;
  }

  drafts(p: Projection): Mark[] {
    return [...this.#drafts].map((d) => this.#compose(d, p));
  }

  /** What this one has begun here; what was begun on another image can never be finished on this one. */
  waitingOf(owner: string, place: MarksPlace | undefined): Draft | undefined {
    const draft = [...this.#drafts].find((d) => d.pointer === undefined && d.owner === owner);
    if (!draft || isSamePlace(draft.place, place)) return draft;
    this.#drafts.delete(draft);
    return undefined;
  }

  /** @param owner only what this one has begun. @returns whether there was anything */
  cancel(owner?: string): boolean {
    const gone = [...this.#drafts].filter((d) => owner === undefined || d.owner === owner);
    for (const draft of gone) this.#drafts.delete(draft);
    return gone.length > 0;
  }

  /** The free end of what this one has begun goes along; what others have begun stays as it is. */
  hover(at: Point, p: Projection, owner: string): void {
    for (const d of this.#drafts) {
      if (d.pointer === undefined && d.owner === owner) this.#place(d, at, p);
    }
  }

  create(
    kind: MarkKind,
    hand: Hand,
    sample: PointerSample,
    p: Projection,
    place: MarksPlace | undefined,
  ): Stroke | undefined {
    const found = this.#host.pick?.(sample.at);
    const misses = this.#host.pick !== undefined && !found;
    const needsModel = traits[kind].space === 'surface' && found?.structureKey === undefined;
    // Where there is nothing to put a point on, the hand turns the picture.
    if (misses || needsModel) return undefined;
    const at = found?.point ?? p.toWorld(sample.at);
    const plane = { point: copy(at), normal: copy(p.plane.normal) };
    const structureKey = found?.structureKey;
    const draft: Draft = {
      kind,
      owner: hand.owner,
      place,
      colour: hand.colour,
      plane,
      inputs: [at, at],
      structureKey,
      mark: this.#host.compose(
        kind,
        { points: [at], plane, ...(structureKey !== undefined && { structureKey }) },
        hand,
      ),
      pointer: sample.id,
    };
    this.#drafts.add(draft);
    this.#host.redraw();
    return this.#stroke(draft, sample, false);
  }

  continue(draft: Draft, sample: PointerSample): Stroke {
    draft.pointer = sample.id;
    const p = this.#host.projection();
    if (p) this.#place(draft, sample.at, p);
    if (hasTwoLines(draft.kind) && draft.inputs.length === 3) {
      draft.inputs.push(draft.inputs[2] as Vec3);
      return this.#stroke(draft, sample, false);
    }
    // A click that continues counts by itself, without having moved.
    return this.#stroke(draft, sample, true);
  }

  #stroke(draft: Draft, first: PointerSample, isNextClick: boolean): Stroke {
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
        if (!p || !this.#drafts.has(draft)) return;
        const isOnIt = this.#settle(draft, sample.at, p);
        const isSingle = traits[draft.kind].places === 1;
        if (isOnIt && (hasMoved || isSingle)) this.#advance(draft, p);
      },
      cancel: () => {
        this.#drafts.delete(draft);
        this.#host.redraw();
      },
    };
  }

  /** Moves the free end; in 3D at the depth of the place before it, since a search a move is too slow. */
  #place(draft: Draft, at: Point, p: Projection): void {
    const free = traits[draft.kind].places === 1 ? 0 : draft.inputs.length - 1;
    draft.inputs[free] = this.#worldAt(draft, at, p, draft.inputs[Math.max(0, free - 1)]);
    this.#host.redraw();
  }

  /** The free end comes to rest. @returns false where there is nothing to rest on (3D). */
  #settle(draft: Draft, at: Point, p: Projection): boolean {
    const { pick } = this.#host;
    if (!pick) {
      this.#place(draft, at, p);
      return true;
    }
    const found = pick(at);
    const isOther =
      traits[draft.kind].space === 'surface' && found?.structureKey !== draft.structureKey;
    if (!found || isOther) return false;
    draft.inputs[traits[draft.kind].places === 1 ? 0 : draft.inputs.length - 1] = found.point;
    this.#host.redraw();
    return true;
  }

  #worldAt(draft: Draft, at: Point, p: Projection, before: Vec3 | undefined): Vec3 {
    const world = p.toWorld(canvasPoint(at[0], at[1]));
    if (this.#host.pick && before) {
      const depth = p.depth(before as unknown as PatientPoint) - p.depth(world);
      return add(world, scale(p.plane.normal, depth));
    }
    if (traits[draft.kind].space !== 'plane' || p.space === 'frame') return world;
    // However far the slices were scrolled meanwhile, all of it lies on the plane it began on.
    const plane = planeOf(draft.plane.point as unknown as PatientPoint, draft.plane.normal);
    return intersectRay(plane, world, p.plane.normal) ?? world;
  }

  #advance(draft: Draft, p: Projection): void {
    const { input, places, isClosed } = traits[draft.kind];
    if (input === 'open') {
      if (this.#isMeantAsLast(draft, p, isClosed)) {
        draft.inputs.pop();
        if (draft.inputs.length >= places) {
          this.#finish(draft, p);
          return;
        }
      }
      draft.inputs.push(draft.inputs.at(-1) as Vec3);
      this.#host.redraw();
      return;
    }
    if (draft.inputs.length < places) {
      draft.inputs.push(draft.inputs.at(-1) as Vec3);
      this.#host.redraw();
      return;
    }
    this.#finish(draft, p);
  }

  /** The same place again, or back at the first. */
  #isMeantAsLast(draft: Draft, p: Projection, isClosed: boolean): boolean {
    const [last, before] = [draft.inputs.at(-1), draft.inputs.at(-2)];
    const [first] = draft.inputs;
    if (!last || !before || !first || draft.inputs.length < 3) return false;
    const near = (a: Vec3, b: Vec3): boolean => {
      const [q, r] = [toCanvas(p, a), toCanvas(p, b)];
      return Math.hypot(q[0] - r[0], q[1] - r[1]) < sameDistance;
    };
    return near(last, before) || (isClosed && draft.inputs.length > 3 && near(last, first));
  }

  #finish(draft: Draft, p: Projection): void {
    this.#drafts.delete(draft);
    const mark = this.#compose(draft, p);
    if (!isTooSmall(draft.kind, mark.points, 2 * unitsPerPixel(p))) {
      if (draft.kind === 'text') this.#host.askText(mark, draft.owner);
      else {
        this.#host.commit(mark);
        this.#host.select(mark.id);
      }
    }
    this.#host.redraw();
  }

  #compose(draft: Draft, p: Projection): Mark {
    const inputs = traits[draft.kind].places === 1 ? draft.inputs.slice(0, 1) : draft.inputs;
    const points = pointsFrom(draft.kind, inputs, p.plane.right, p.plane.up);
    return { ...draft.mark, points: points.map(copy) };
  }
}

const copy = (p: Vec3): [number, number, number] => [p[0], p[1], p[2]];
