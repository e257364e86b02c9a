import type { PointerSample } from './sample.ts';

/** What one pointer does from down to up. `cancel` must leave no trace. */
export interface Stroke {
  move(sample: PointerSample): void;
  end(sample: PointerSample): void;
  cancel(): void;
}

/** Movement of two or more fingers on one view since the last call, in CSS pixels. */
export interface Pinch {
  readonly centre: readonly [number, number];
  readonly dx: number;
  readonly dy: number;
  /** Ratio of distances, 1 = none. */
  readonly scale: number;
  /** Degrees, clockwise on the screen. */
  readonly turn: number;
  readonly fingers: number;
}

/** What a view does with pointers. */
export interface PointerTarget {
  /** A pen, mouse or finger goes down; the stroke it begins, or undefined when nothing is to be done. */
  begin(sample: PointerSample): Stroke | undefined;
  pinch(pinch: Pinch): void;
  /** The fingers that pinched are no longer together. */
  pinchEnd?(): void;
  /**
   * How far apart the fingers of one hand can be, CSS px; fingers further apart are two people's. Without
   * it every two fingers are one hand's, as on a tablet.
   */
  readonly handSpan?: (() => number) | undefined;
  /** Width of a contact that is a palm, CSS px; undefined for `palmContact`. */
  readonly palmSpan?: (() => number | undefined) | undefined;
  /** A short contact without movement; `count` 2 for a double tap. */
  tap?(sample: PointerSample, count: number): void;
}

/** A finger that joins another within this time and movement means a pinch, not a second stroke. */
const joinTime = 250;
const joinDistance = 12;
const tapDistance = 6;
const tapTime = 350;
const doubleTapTime = 350;
const doubleTapDistance = 24;
/**
 * A touch or a pen is sometimes followed by a mouse event that the driver makes of it, at the same
 * place: a ghost. A hand does not go from the glass to the mouse in this time.
 */
const ghostTime = 700;
const ghostDistance = 40;

interface Active {
  first: PointerSample;
  last: PointerSample;
  stroke: Stroke | undefined;
  moved: number;
}

/**
 * Pointers of one view, kept apart by pointerId: several people may draw at the same time, each
 * stroke sees only its own samples. Two fingers that land together navigate; a palm does nothing;
 * a cancelled pointer removes its draft. Pure logic, no DOM.
 */
export class PointerRouter {
  readonly #target: PointerTarget;
  readonly #active = new Map<number, Active>();
  /** The fingers each finger pinches with, itself among them, in order of arrival: those of one hand. */
  readonly #hands = new Map<number, Set<number>>();
  /** Where pens and fingers were last, newest at the end. */
  #contacts: { time: number; at: readonly [number, number] }[] = [];
  #lastTap: { time: number; at: readonly [number, number]; count: number } | undefined;

  constructor(target: PointerTarget) {
    this.#target = target;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  down(sample: PointerSample): void {
    if (sample.role === 'palm' || this.#isGhost(sample)) return;
    this.#cancelStale(sample.id);
    const partner = sample.role === 'finger' ? this.#pinchPartner(sample) : undefined;
    const active: Active = { first: sample, last: sample, stroke: undefined, moved: 0 };
    this.#active.set(sample.id, active);
    if (partner) {
      partner.stroke?.cancel();
      partner.stroke = undefined;
      const hand = this.#hands.get(partner.first.id) ?? new Set([partner.first.id]);
      hand.add(sample.id);
      for (const id of hand) this.#hands.set(id, hand);
      return;
    }
    active.stroke = this.#target.begin(sample);
  }

  move(sample: PointerSample): void {
    const active = this.#active.get(sample.id);
    if (!active) return;
    if (sample.role === 'palm') {
      // A palm often lands as a fingertip and grows; what it began must vanish.
      this.cancel(sample.id);
      return;
    }
    const hand = this.#hands.get(sample.id);
    if (hand) {
      this.#movePinch(active, sample, hand);
      return;
    }
    active.moved = Math.max(active.moved, distance(active.first.at, sample.at));
    active.last = sample;
    active.stroke?.move(sample);
  }

  up(sample: PointerSample): void {
    const active = this.#active.get(sample.id);
    if (!active) return;
    if (sample.role !== 'mouse') this.#touched(sample);
    this.#active.delete(sample.id);
    if (this.#leaveHand(sample.id)) return;
    active.stroke?.end(sample);
    const isTap = active.moved < tapDistance && sample.time - active.first.time < tapTime;
    if (isTap) this.#tap(active.first);
    else this.#lastTap = undefined;
  }

  cancel(id: number): void {
    const active = this.#active.get(id);
    if (!active) return;
    this.#active.delete(id);
    active.stroke?.cancel();
    this.#leaveHand(id);
  }

  cancelAll(): void {
    for (const id of [...this.#active.keys()]) this.cancel(id);
  }

  /** The nearest finger that this one may pinch with: another hand's can be in reach, too. */
  #pinchPartner(sample: PointerSample): Active | undefined {
    const span = this.#target.handSpan?.() ?? Number.POSITIVE_INFINITY;
    let found: { other: Active; far: number } | undefined;
    for (const [id, other] of this.#active) {
      if (other.first.role !== 'finger') continue;
      const far = distance(other.last.at, sample.at);
      if (far > span || (found && far >= found.far)) continue;
      const young = sample.time - other.first.time <= joinTime;
      if (this.#hands.has(id) || (young && other.moved <= joinDistance)) found = { other, far };
    }
    return found?.other;
  }

  #movePinch(active: Active, sample: PointerSample, hand: ReadonlySet<number>): void {
    const others = [...hand].filter((id) => id !== sample.id);
    const before = active.last.at;
    active.last = sample;
    const anchor = this.#active.get(others[0] ?? -1)?.last.at;
    if (!anchor) return;
    const n = others.length + 1;
    const [ux, uy] = [before[0] - anchor[0], before[1] - anchor[1]];
    const [vx, vy] = [sample.at[0] - anchor[0], sample.at[1] - anchor[1]];
    const [lengthBefore, lengthNow] = [Math.hypot(ux, uy), Math.hypot(vx, vy)];
    const isPair = n === 2 && lengthBefore > 1 && lengthNow > 1;
    this.#target.pinch({
      centre: [(sample.at[0] + anchor[0]) / 2, (sample.at[1] + anchor[1]) / 2],
      dx: (sample.at[0] - before[0]) / n,
      dy: (sample.at[1] - before[1]) / n,
      scale: isPair ? lengthNow / lengthBefore : 1,
      turn: isPair ? (Math.atan2(ux * vy - uy * vx, ux * vx + uy * vy) * 180) / Math.PI : 0,
      fingers: n,
    });
  }

  #touched(sample: PointerSample): void {
    const recent = this.#contacts.filter((c) => sample.time - c.time <= ghostTime);
    this.#contacts = [...recent, { time: sample.time, at: sample.at }];
  }

  /** A pen that is also a mouse: what it reports twice counts once. */
  #isGhost(sample: PointerSample): boolean {
    if (sample.role !== 'mouse') return false;
    const isHeld = [...this.#active.values()].some(
      (a) => a.first.role !== 'mouse' && distance(a.last.at, sample.at) <= ghostDistance,
    );
    return (
      isHeld ||
      this.#contacts.some(
        (c) => sample.time - c.time <= ghostTime && distance(c.at, sample.at) <= ghostDistance,
      )
    );
  }

  /**
   * The last finger of a pinch stays down without effect until it lifts.
   * @returns whether the finger was pinching
   */
  #leaveHand(id: number): boolean {
    const hand = this.#hands.get(id);
    if (!hand) return false;
    this.#hands.delete(id);
    hand.delete(id);
    if (hand.size === 1) {
      for (const last of hand) {
        this.#active.delete(last);
        this.#hands.delete(last);
      }
      this.#target.pinchEnd?.();
    }
    return true;
  }

  /** A pointerdown for a pointer that never went up: the browser lost its end. */
  #cancelStale(id: number): void {
    if (this.#active.has(id)) this.cancel(id);
  }

  #tap(sample: PointerSample): void {
    const last = this.#lastTap;
    const isNext =
      last !== undefined &&
      sample.time - last.time <= doubleTapTime &&
      distance(last.at, sample.at) <= doubleTapDistance;
    const count = isNext ? last.count + 1 : 1;
    this.#lastTap = { time: sample.time, at: sample.at, count };
    this.#target.tap?.(sample, count);
  }
}

const distance = (a: readonly [number, number], b: readonly [number, number]): number =>
  Math.hypot(a[0] - b[0], a[1] - b[1]);
