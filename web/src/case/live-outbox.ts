import {
  type Cursor,
  caseLimits,
  type InkBatch,
  type LeadView,
  type LiveRequest,
} from '@yuepian/contract';

export const nextFrame = (callback: () => void): void => {
  if (globalThis.requestAnimationFrame) globalThis.requestAnimationFrame(callback);
  else setTimeout(callback, caseLimits.tickMs);
};

/** 0.001 mm is below any voxel and saves half the bytes of a coordinate. */
const rounded = (v: number): number => Math.round(v * 1000) / 1000;
const roundedPlace = (p: readonly [number, number, number]): [number, number, number] => [
  rounded(p[0]),
  rounded(p[1]),
  rounded(p[2]),
];

/**
 * Numbers of one batch, four a point: the contract's limit. A message holds no more either; several full
 * batches would be longer than a message may be (caseLimits.liveBytes).
 */
const numbersAtMost = 1_024;
const batchesAtMost = 8;

/** When ink goes out: at once (0 ms: before the next task), or so many ms from now. */
export interface InkClock {
  now(): number;
  after(ms: number, callback: () => void): void;
}
const pageClock: InkClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    if (ms > 0) setTimeout(callback, ms);
    else queueMicrotask(callback);
  },
};

/**
 * What goes out: the latest cursor and, while leading, the latest view once an animation frame; every
 * point of ink at most once a tick. Ink does not wait for a frame: a page that is slow to paint would
 * make its line late on every other screen, too.
 */
export class LiveOutbox {
  readonly #send: (request: LiveRequest) => void;
  readonly #onFrame: (callback: () => void) => void;
  readonly #clock: InkClock;
  #cursor: Cursor | null | undefined;
  #hasCursor = false;
  #view: LeadView | undefined;
  #sentView = '';
  #isLeading = false;
  #ink: InkBatch[] = [];
  #isDue = false;
  #isInkDue = false;
  #inkSentAt = Number.NEGATIVE_INFINITY;

  constructor(
    send: (request: LiveRequest) => void,
    onFrame: (callback: () => void) => void,
    clock: InkClock = pageClock,
  ) {
    this.#send = send;
    this.#onFrame = onFrame;
    this.#clock = clock;
  }

  cursor(cursor: Cursor | null): void {
    if (cursor === null && !this.#hasCursor) return;
    this.#hasCursor = cursor !== null;
    this.#cursor = cursor && {
      ...cursor,
      at: roundedPlace(cursor.at),
      ...(cursor.look && { look: roundedPlace(cursor.look) }),
    };
    this.#soon();
  }

  view(view: LeadView): void {
    this.#view = view;
    if (this.#isLeading) this.#soon();
  }

  /** @param batch of any length: a pen whose page was busy has much to tell at once. */
  ink(batch: InkBatch): void {
    for (const part of partsOf(batch)) this.#addInk(part);
    if (this.#isInkDue) return;
    this.#isInkDue = true;
    const rest = this.#inkSentAt + caseLimits.tickMs - this.#clock.now();
    this.#clock.after(Math.max(0, rest), () => this.#flushInk());
  }

  /** Whether views go out; who begins to lead shows the present one. */
  lead(isLeading: boolean): void {
    if (isLeading === this.#isLeading) return;
    this.#isLeading = isLeading;
    this.#sentView = '';
    if (isLeading && this.#view) this.#soon();
  }

  /** The line is down: what was on its way is of no use later. */
  reset(): void {
    this.#cursor = undefined;
    this.#hasCursor = false;
    this.#ink = [];
    this.#isLeading = false;
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#onFrame(() => this.#flush());
  }

  #flush(): void {
    this.#isDue = false;
    if (this.#cursor !== undefined) {
      this.#send({ type: 'cursor', cursor: this.#cursor });
      this.#cursor = undefined;
    }
    if (this.#isLeading && this.#view) {
      const text = JSON.stringify(this.#view);
      if (text !== this.#sentView) {
        this.#sentView = text;
        this.#send({ type: 'view', view: this.#view });
      }
    }
  }

  #flushInk(): void {
    this.#isInkDue = false;
    if (this.#ink.length > 0) this.#inkSentAt = this.#clock.now();
    while (this.#ink.length > 0) {
      this.#send({ type: 'ink', batches: this.#ink.splice(0, this.#fitting()) });
    }
  }

  #addInk(batch: InkBatch): void {
    const last = this.#ink.at(-1);
    const carriesOn =
      last?.stroke === batch.stroke &&
      last.end === undefined &&
      last.from + last.points.length / 4 === batch.from &&
      last.points.length + batch.points.length <= numbersAtMost;
    if (last && carriesOn) {
      const points = [...last.points, ...batch.points];
      this.#ink[this.#ink.length - 1] = { ...last, points, ...(batch.end && { end: batch.end }) };
    } else this.#ink.push(batch);
  }

  /** How many of the batches that wait go into one message; one at least. */
  #fitting(): number {
    let numbers = 0;
    const over = this.#ink.findIndex((batch, n) => {
      numbers += batch.points.length;
      return n > 0 && (n >= batchesAtMost || numbers > numbersAtMost);
    });
    return over < 0 ? this.#ink.length : over;
  }
}

/** Batches that the contract takes; only the last one ends the stroke. */
function partsOf(batch: InkBatch): InkBatch[] {
  const parts: InkBatch[] = [];
  let rest = batch;
  while (rest.points.length > numbersAtMost) {
    const { end: _, ...begun } = rest;
    parts.push({ ...begun, points: rest.points.slice(0, numbersAtMost) });
    const from = rest.from + numbersAtMost / 4;
    rest = { ...rest, from, points: rest.points.slice(numbersAtMost) };
  }
  return [...parts, rest];
}
