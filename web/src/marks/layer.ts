import type { Mark } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import { dot } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { type Hit, hitPlaced } from './hit.ts';
import { heightsOf, isOnSlice, reachOf } from './projection.ts';
import { type Box, boxOf, handlesOf, type Piece, type Point, piecesOf } from './shape.ts';
import { isInPlace, type MarksPlace } from './shown.ts';

/** A mark as it lies on the canvas. */
export interface Placed {
  readonly mark: Mark;
  readonly pieces: readonly Piece[];
  readonly handles: readonly Point[];
  readonly box: Box;
}

/**
 * The marks of one view, remembered from frame to frame. Scrolling leaves the map from millimetres to
 * pixels as it is, so what was placed stays placed and only the plane is compared: two numbers a mark.
 */
export class MarkLayer {
  #marks: readonly Mark[] = [];
  #normal: Vec3 = [Number.NaN, 0, 0];
  /** Lowest and highest of each mark along the normal. */
  #heights: (readonly [number, number])[] = [];
  #map = '';
  #placed = new Map<Mark, Placed>();
  #visible: readonly Placed[] = [];
  #key = '';
  /** Grows whenever `visible` changes. */
  revision = 0;

  /** @param marks in the order they are drawn; the same array while nothing changed. */
  update(marks: readonly Mark[], place: MarksPlace | undefined, p: Projection): readonly Placed[] {
    this.#index(marks, p.plane.normal);
    const map = p.worldToCanvas.join();
    if (map !== this.#map) {
      this.#map = map;
      this.#placed = new Map();
    }
    const found = place ? this.#find(place, p) : [];
    const key = `${map};${p.size.join()};${found.join()}`;
    if (key === this.#key) return this.#visible;
    this.#key = key;
    this.revision++;
    this.#visible = found.map((n) => this.#place(marks[n] as Mark, p));
    return this.#visible;
  }

  get visible(): readonly Placed[] {
    return this.#visible;
  }

  hit(at: Point, reach: number): Hit | undefined {
    return hitPlaced(this.#visible, at, reach);
  }

  #index(marks: readonly Mark[], normal: Vec3): void {
    const isTurned = normal.some((x, n) => x !== this.#normal[n]);
    if (marks === this.#marks && !isTurned) return;
    this.#heights = marks.map((mark) => heightsOf(mark, normal));
    this.#normal = [...normal] as unknown as Vec3;
    if (marks === this.#marks) return;
    // A mark that was changed is another object; the old one is of no more use.
    const kept = new Set(marks);
    for (const mark of this.#placed.keys()) if (!kept.has(mark)) this.#placed.delete(mark);
    this.#marks = marks;
    this.#key = '';
  }

  /** Numbers in the list of marks that belong in the view. */
  #find(place: MarksPlace, p: Projection): number[] {
    const height = dot(this.#normal, p.plane.point);
    const reach = reachOf(p);
    const cutsSlices = place.space === 'patient' && place.isSlice;
    const found: number[] = [];
    for (let n = 0; n < this.#marks.length; n++) {
      const mark = this.#marks[n] as Mark;
      if (mark.hidden || !isInPlace(place, mark)) continue;
      const heights = this.#heights[n] as readonly [number, number];
      if (!cutsSlices || isOnSlice(mark.kind, heights, height, reach)) found.push(n);
    }
    return found;
  }

  #place(mark: Mark, p: Projection): Placed {
    const known = this.#placed.get(mark);
    if (known) return known;
    const made = placed(mark, p);
    this.#placed.set(mark, made);
    return made;
  }
}

export function placed(mark: Mark, p: Projection): Placed {
  const pieces = piecesOf(mark, p);
  const handles = handlesOf(mark, p);
  return { mark, pieces, handles, box: boxOf(pieces, handles) };
}
