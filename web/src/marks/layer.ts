import type { Mark } from '@yuepian/contract';
import { dot, type Vec3 } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { type Hit, hitPlaced } from './hit.ts';
import { type CanvasMap, reachOf } from './projection.ts';
import { type Box, boxOf, handlesOf, type Piece, type Point, piecesOf } from './shape.ts';
import { isSamePlace, type MarksPlace } from './shown.ts';
import { SliceIndex } from './slice-index.ts';

/** A mark as it lies on the canvas, up to the layer's shift. */
export interface Placed {
  readonly mark: Mark;
  readonly pieces: readonly Piece[];
  readonly handles: readonly Point[];
  readonly box: Box;
}

/** A move of less than this is rounding: scrolling an oblique slice leaves some, CSS px. */
const noMove = 1e-6;

/**
 * The marks of one view, remembered from frame to frame. Scrolling leaves the map from millimetres to
 * pixels as it is, and panning shifts it: what was placed stays placed, and only which marks are on the
 * slice is looked up. Placed anew is what a zoom or a turn changes.
 */
export class MarkLayer {
  #marks: readonly Mark[] = [];
  #indexed: { place: MarksPlace | undefined; normal: Vec3 } | undefined;
  #index = new SliceIndex([], undefined, [0, 0, 1]);
  #map: CanvasMap = { worldToCanvas: [0, 0, 0, 0, 0, 0, 0, 0] };
  #placed = new Map<Mark, Placed>();
  #found: readonly number[] = [];
  #visible: readonly Placed[] = [];
  #shift: Point = [0, 0];
  /** Grows whenever `visible` changes. */
  revision = 0;

  /**
   * @param marks in the order they are drawn; the same array while nothing changed.
   * @returns those that show, placed by `map`; the same array while nothing changed
   */
  update(marks: readonly Mark[], place: MarksPlace | undefined, p: Projection): readonly Placed[] {
    const isSameIndex = this.#keepIndex(marks, place, p.plane.normal);
    const isSameMap = this.#keepMap(p.worldToCanvas);
    const found = this.#index.at(dot(p.plane.normal, p.plane.point), reachOf(p));
    if (isSameIndex && isSameMap && isSameList(found, this.#found)) return this.#visible;
    this.#found = found.slice();
    this.revision++;
    this.#visible = this.#found.map((n) => this.#place(marks[n] as Mark));
    return this.#visible;
  }

  get visible(): readonly Placed[] {
    return this.#visible;
  }

  /** Where `visible` was placed: the map of the view but for `shift`. */
  get map(): CanvasMap {
    return this.#map;
  }

  /** How far the view has been panned since, CSS px: added to what was placed it is where it shows. */
  get shift(): Point {
    return this.#shift;
  }

  hit(at: Point, reach: number): Hit | undefined {
    return hitPlaced(this.#visible, [at[0] - this.#shift[0], at[1] - this.#shift[1]], reach);
  }

  #keepIndex(marks: readonly Mark[], place: MarksPlace | undefined, normal: Vec3): boolean {
    const known = this.#indexed;
    const isSame =
      known !== undefined &&
      marks === this.#marks &&
      isSamePlace(place, known.place) &&
      normal.every((x, n) => x === known.normal[n]);
    if (isSame) return true;
    this.#index = new SliceIndex(marks, place, normal);
    this.#indexed = { place, normal: [normal[0], normal[1], normal[2]] };
    if (marks === this.#marks) return false;
    // A mark that was changed is another object; the old one is of no more use.
    const kept = new Set(marks);
    for (const mark of this.#placed.keys()) if (!kept.has(mark)) this.#placed.delete(mark);
    this.#marks = marks;
    return false;
  }

  #keepMap(m: CanvasMap['worldToCanvas']): boolean {
    const old = this.#map.worldToCanvas;
    const isOnlyMoved = m.every((x, n) => n === 3 || n === 7 || x === old[n]);
    if (isOnlyMoved) {
      const [x, y] = [m[3] - old[3], m[7] - old[7]];
      const isNewShift =
        Math.abs(x - this.#shift[0]) > noMove || Math.abs(y - this.#shift[1]) > noMove;
      if (isNewShift) this.#shift = [x, y];
      return true;
    }
    this.#map = { worldToCanvas: m };
    this.#shift = [0, 0];
    this.#placed = new Map();
    return false;
  }

  #place(mark: Mark): Placed {
    const known = this.#placed.get(mark);
    if (known) return known;
    const made = placed(mark, this.#map);
    this.#placed.set(mark, made);
    return made;
  }
}

export function placed(mark: Mark, map: CanvasMap): Placed {
  const pieces = piecesOf(mark, map);
  const handles = handlesOf(mark, map);
  return { mark, pieces, handles, box: boxOf(pieces, handles) };
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}
