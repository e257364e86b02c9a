import type { Mark, MarkId, MarkKind } from '@yuepian/contract';
import { add, canvasPoint, type PatientPoint, scale, subtract, type Vec3 } from '@yuepian/geometry';
import type { Pick, Projection } from '../engine/index.ts';
import { keyboardPointer, type PointerSample, type Stroke } from '../pointer/index.ts';
import { moved, withHandle } from './drafting.ts';
import type { Hit } from './hit.ts';
import { type DrawnSink, drawFreely } from './inking.ts';
import { type DrawingTool, isInk, traits } from './kinds.ts';
import { PlacedDrafts } from './placing.ts';
import { RunningStroke } from './running.ts';
import type { Point } from './shape.ts';
import { isSamePlace, type MarksPlace } from './shown.ts';

/** Whose hand a pointer is and what it holds; see Hands of the reading room. */
export interface Hand {
  /** One person, or one island of a board: who began a mark by a click also ends it. */
  readonly owner: string;
  /** Undefined while looking. */
  readonly tool: DrawingTool | undefined;
  readonly colour: string;
  /** Who is to be named as the author, where that is not whoever is signed in. */
  readonly name?: string;
}

/** Where a mark is and what it is made of; the room adds who, when and in which space. */
export interface MarkGeometry {
  readonly points: readonly Vec3[];
  readonly plane: Mark['plane'];
  readonly stroke?: Uint8Array;
  readonly width?: number;
  readonly structureKey?: string;
}

/** What the editor needs of the room around it. */
export interface MarkEditorHost {
  projection(): Projection | undefined;
  /** The image or the space that is shown now; a mark lies where it was begun. */
  place(): MarksPlace | undefined;
  /** What lies under a point of the view. */
  hit(at: Point, reach: number): Hit | undefined;
  markOf(id: MarkId): Mark | undefined;
  hand(sample: PointerSample): Hand;
  /** False for an observer: marks can be selected, not changed. */
  mayEdit(): boolean;
  /** The 3D view: the surface or the voxel under a point. A plane has none: its points are where they are. */
  readonly pick?: (at: Point) => Pick | undefined;
  /** A complete mark (id, author, space) from its geometry. */
  compose(kind: MarkKind, geometry: MarkGeometry, hand: Hand): Mark;
  commit(mark: Mark): void;
  change(id: MarkId, patch: Partial<Pick_<Mark, 'points' | 'plane'>>): void;
  select(id: MarkId | undefined): void;
  /** A text was placed: ask whoever placed it for its words, then commit it. */
  askText(mark: Mark, owner: string): void;
  /** This one goes on to something else: a text they are still writing is kept as it is. */
  endText?(owner: string): void;
  /** Shows a line while it is drawn, here and elsewhere. */
  readonly wet?: DrawnSink;
  /** Drafts changed: draw again. */
  redraw(): void;
}
type Pick_<T, K extends keyof T> = { [P in K]: T[P] };

const reachOf = (sample: Pick_<PointerSample, 'role'>): number =>
  sample.role === 'finger' ? 22 : 9;

/**
 * Draws and edits marks in one view. Both ways of drawing work: press, drag and let go, or click
 * place by place. Every pointer has a draft of its own. While it is drawn, a mark is a local draft;
 * the case document gets one change at the end, which is one step to undo.
 */
export class MarkEditor {
  readonly #host: MarkEditorHost;
  readonly #placing: PlacedDrafts;
  readonly #free = new Map<number, Mark>();
  readonly #edits = new Map<number, Mark>();
  #cursor: Point | undefined;
  #held: Stroke | undefined;
  /** Whoever drives a stroke goes on telling it where the pointer is after it was dropped. */
  readonly #running = new Set<RunningStroke>();

  constructor(host: MarkEditorHost) {
    this.#host = host;
    this.#placing = new PlacedDrafts(host);
  }

  /** Marks to draw instead of those with the same id, and those not yet committed. */
  drafts(p = this.#host.projection()): Mark[] {
    if (!p) return [];
    return [...this.#edits.values(), ...this.#free.values(), ...this.#placing.drafts(p)];
  }

  get isDrafting(): boolean {
    return this.#placing.isDrafting;
  }

  /** @returns the stroke, or undefined when the pointer means something else here. */
  begin(sample: PointerSample): Stroke | undefined {
    const place = this.#host.place();
    const hand = this.#host.hand(sample);
    this.#host.endText?.(hand.owner);
    const stroke = this.#begin(sample, hand, place);
    const isHere = (): boolean => isSamePlace(place, this.#host.place());
    return stroke && new RunningStroke(stroke, this.#running, isHere, hand.owner);
  }

  #begin(sample: PointerSample, hand: Hand, place: MarksPlace | undefined): Stroke | undefined {
    const p = this.#host.projection();
    if (!p) return undefined;
    const waiting = this.#placing.waitingOf(hand.owner, place);
    if (waiting) return this.#placing.continue(waiting, sample);
    const hit = this.#hitFor(hand, sample);
    const mark = hit && this.#host.markOf(hit.id);
    if (hit && mark) return this.#edit(mark, hit, sample, p);
    const { tool } = hand;
    if (!tool || !this.#host.mayEdit() || !this.#canDraw(tool)) {
      this.#host.select(undefined);
      return undefined;
    }
    this.#host.select(undefined);
    if (tool === 'laser' || traits[tool].input === 'drawn') {
      return drawFreely(this.#host, tool, hand, sample, p, (draft) => {
        if (draft) this.#free.set(sample.id, draft);
        else this.#free.delete(sample.id);
        this.#host.redraw();
      });
    }
    return this.#placing.create(tool, hand, sample, p, place);
  }

  /** The free end of a mark that waits for its next click follows the mouse of whoever began it. */
  hover(sample: PointerSample): void {
    const p = this.#host.projection();
    if (!p || !this.#placing.isDrafting) return;
    this.#placing.hover(sample.at, p, this.#host.hand(sample).owner);
  }

  hitAt(sample: Pick_<PointerSample, 'at' | 'role'>): Hit | undefined {
    return this.#host.hit(sample.at, reachOf(sample));
  }

  /** Drops what one person has begun by clicks and not finished. @returns whether there was anything */
  cancelOf(owner: string): boolean {
    this.#host.endText?.(owner);
    const had = this.#placing.cancel(owner);
    if (had) this.#host.redraw();
    return had;
  }

  /**
   * Drops the keyboard's cursor and every unfinished draft.
   * @param owner of this one only. @returns whether there was anything
   */
  cancel(owner?: string): boolean {
    const had = this.#cursor !== undefined;
    this.#cursor = undefined;
    const hadDraft = this.drop(owner);
    if (had && !hadDraft) this.#host.redraw();
    return had || hadDraft;
  }

  /** Drops unfinished drafts, all where another image is shown. @returns whether there was one */
  drop(owner?: string): boolean {
    const strokes = [...this.#running].filter((s) => owner === undefined || s.owner === owner);
    for (const stroke of strokes) stroke.cancel();
    const hadWaiting = this.#placing.cancel(owner);
    if (owner === undefined || strokes.some((s) => s === this.#held)) this.#held = undefined;
    const had = strokes.length > 0 || hadWaiting;
    if (had) this.#host.redraw();
    return had;
  }

  // --- without a mouse ---------------------------------------------------------------------------

  /** Where the keyboard would place a point, CSS px of the view. */
  get cursor(): Point | undefined {
    return this.#cursor;
  }

  /** The cursor appears in the middle and moves by CSS px. */
  moveCursor(dx: number, dy: number): void {
    const p = this.#host.projection();
    if (!p) return;
    const [x, y] = this.#cursor ?? [p.size[0] / 2, p.size[1] / 2];
    const within = (v: number, most: number): number => Math.max(0, Math.min(most, v));
    this.#cursor = [within(x + dx, p.size[0]), within(y + dy, p.size[1])];
    if (this.#held) this.#held.move(this.#keySample());
    else this.hover(this.#keySample());
    this.#host.redraw();
  }

  /** Enter: places a point; a line that is drawn starts with one Enter and ends with the next. */
  pressCursor(): boolean {
    if (!this.#cursor) return false;
    const sample = this.#keySample();
    if (this.#held) {
      this.#held.end(sample);
      this.#held = undefined;
      return true;
    }
    const stroke = this.begin(sample);
    const { tool } = this.#host.hand(sample);
    if (tool && (tool === 'laser' || traits[tool].input === 'drawn')) this.#held = stroke;
    else stroke?.end(sample);
    return stroke !== undefined;
  }

  #keySample(): PointerSample {
    const [x, y] = this.#cursor ?? [0, 0];
    return {
      id: keyboardPointer,
      role: 'mouse',
      at: canvasPoint(x, y),
      buttons: 1,
      shift: false,
      control: false,
      pressure: 0.5,
      time: 0,
    };
  }

  /** Moves a mark along the screen's axes by mm (pixels on a frame); one step to undo. */
  nudge(mark: Mark, right: number, down: number): void {
    const p = this.#host.projection();
    if (!p || !this.#host.mayEdit()) return;
    const by = add(scale(p.plane.right, right), scale(p.plane.up, -down));
    this.#host.change(mark.id, movedPatch(mark, by));
  }

  // --- editing -----------------------------------------------------------------------------------

  /**
   * With a tool in the hand, a press means a new mark unless it takes hold of a handle; ink goes over
   * everything. What is selected makes no difference: on a board it may be somebody else's.
   */
  #hitFor({ tool }: Hand, sample: PointerSample): Hit | undefined {
    if (tool === 'laser' || (tool && traits[tool].input === 'drawn')) return undefined;
    const hit = this.#host.hit(sample.at, reachOf(sample));
    return tool && hit?.handle === undefined ? undefined : hit;
  }

  #canDraw(tool: DrawingTool): boolean {
    if (tool === 'keyImage') return false;
    const isSolid = this.#host.pick !== undefined;
    const space = tool === 'laser' ? 'plane' : traits[tool].space;
    return isSolid ? space !== 'plane' || tool === 'laser' : space !== 'surface';
  }

  #edit(mark: Mark, hit: Hit, sample: PointerSample, start: Projection): Stroke {
    this.#host.select(mark.id);
    const { pick } = this.#host;
    const isFixed =
      pick !== undefined && (traits[mark.kind].space === 'plane' || hit.handle === undefined);
    if (!this.#host.mayEdit() || isFixed) return { move() {}, end() {}, cancel() {} };
    const from = start.toWorld(sample.at);
    const patchAt = (s: PointerSample): Partial<Pick_<Mark, 'points' | 'plane'>> => {
      const p = this.#host.projection() ?? start;
      const to = p.toWorld(s.at);
      if (hit.handle === undefined) return movedPatch(mark, subtract(to, from));
      // A handle keeps its own depth, so that a mark on a plane stays on it.
      const old = mark.points[hit.handle] as Vec3;
      const depth = p.space === 'patient' ? p.depth(old as unknown as PatientPoint) : 0;
      const lifted = add(to, scale(p.plane.normal, depth - p.depth(to)));
      return { points: withHandle(mark, hit.handle, lifted).map(copy) };
    };
    let hasMoved = false;
    const drop = (): void => {
      this.#edits.delete(sample.id);
      this.#host.redraw();
    };
    return {
      move: (s) => {
        hasMoved ||= Math.hypot(s.at[0] - sample.at[0], s.at[1] - sample.at[1]) > 2;
        if (!hasMoved) return;
        this.#edits.set(sample.id, { ...mark, ...patchAt(s) });
        this.#host.redraw();
      },
      end: (s) => {
        const patch = pick ? this.#onSurface(mark, hit.handle ?? 0, pick(s.at)) : patchAt(s);
        if (hasMoved && patch) this.#host.change(mark.id, patch);
        drop();
      },
      cancel: drop,
    };
  }

  /** In 3D a handle goes where the surface is; a mark of one model stays on that model. */
  #onSurface(
    mark: Mark,
    handle: number,
    found: Pick | undefined,
  ): Partial<Pick_<Mark, 'points' | 'plane'>> | undefined {
    const isElsewhere =
      traits[mark.kind].space === 'surface' && found?.structureKey !== mark.structureKey;
    if (!found || isElsewhere) return undefined;
    return { points: withHandle(mark, handle, found.point).map(copy) };
  }
}

const copy = (p: Vec3): [number, number, number] => [p[0], p[1], p[2]];

/** Ink moves with its plane's point: the bytes stay as they are. */
function movedPatch(mark: Mark, by: Vec3): Partial<Pick_<Mark, 'points' | 'plane'>> {
  const plane = { ...mark.plane, point: copy(add(mark.plane.point, by)) };
  return isInk(mark.kind) ? { plane } : { points: moved(mark.points, by).map(copy) };
}
