import type { Mark } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import { traits } from './kinds.ts';
import { heightsOf } from './projection.ts';
import { isInPlace, type MarksPlace } from './shown.ts';

/**
 * Which of many marks a view shows, found without looking at all of them: those drawn on a plane lie
 * sorted by height, so a slice finds its own by halving. Made anew when a mark, the place or the
 * direction of the slices changes; not while they are scrolled.
 */
export class SliceIndex {
  /** Numbers in the list of marks of those on planes, by their lowest point along the normal. */
  readonly #flat: Int32Array;
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** Marks between places anywhere: any slice may cut them. */
  readonly #deep: Int32Array;
  readonly #deepLows: Float64Array;
  readonly #deepHighs: Float64Array;
  /** Where slices do not matter, all that is there. */
  readonly #always: readonly number[] | undefined;
  #found: number[] = [];

  /** @param normal of the slices. */
  constructor(marks: readonly Mark[], place: MarksPlace | undefined, normal: Vec3) {
    const here: number[] = [];
    marks.forEach((mark, n) => {
      if (place && !mark.hidden && isInPlace(place, mark)) here.push(n);
    });
    const cutsSlices = place?.space === 'patient' && place.isSlice;
    this.#always = cutsSlices ? undefined : here;
    const spans = (cutsSlices ? here : []).map((n) => {
      const mark = marks[n] as Mark;
      const [low, high] = heightsOf(mark, normal);
      return { n, low, high, isFlat: traits[mark.kind].space === 'plane' };
    });
    const flat = spans.filter((s) => s.isFlat).sort((a, b) => a.low - b.low);
    const deep = spans.filter((s) => !s.isFlat);
    this.#flat = Int32Array.from(flat, (s) => s.n);
    this.#lows = Float64Array.from(flat, (s) => s.low);
    this.#highs = Float64Array.from(flat, (s) => s.high);
    this.#deep = Int32Array.from(deep, (s) => s.n);
    this.#deepLows = Float64Array.from(deep, (s) => s.low);
    this.#deepHighs = Float64Array.from(deep, (s) => s.high);
  }

  /**
   * Numbers of the marks on a slice, ascending; what isOnSlice says of each.
   * @param height of the slice along the normal, mm. @returns the same array at each call
   */
  at(height: number, reach: number): readonly number[] {
    if (this.#always) return this.#always;
    const found = this.#found;
    found.length = 0;
    const lows = this.#lows;
    for (let i = this.#firstFrom(height - reach); i < lows.length; i++) {
      // What begins above the slice's reach also ends there.
      if ((lows[i] as number) > height + reach) break;
      if ((this.#highs[i] as number) <= height + reach) found.push(this.#flat[i] as number);
    }
    for (let i = 0; i < this.#deep.length; i++) {
      const isCut =
        (this.#deepLows[i] as number) - reach <= height &&
        height <= (this.#deepHighs[i] as number) + reach;
      if (isCut) found.push(this.#deep[i] as number);
    }
    return found.sort(ascending);
  }

  /** The first that lies at this height or above. */
  #firstFrom(height: number): number {
    let [from, to] = [0, this.#lows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#lows[middle] as number) < height) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

const ascending = (a: number, b: number): number => a - b;
