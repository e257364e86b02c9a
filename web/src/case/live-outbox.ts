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

/** Points of one message; the contract's limit. */
const pointsAtMost = 1_024;
const batchesAtMost = 8;

/**
 * What goes out, at most once an animation frame: the latest cursor, the latest view while leading,
 * and every point of ink.
 */
export class LiveOutbox {
  readonly #send: (request: LiveRequest) => void;
  readonly #onFrame: (callback: () => void) => void;
  #cursor: Cursor | null | undefined;
  #hasCursor = false;
  #view: LeadView | undefined;
  #sentView = '';
  #isLeading = false;
  #ink: InkBatch[] = [];
  #isDue = false;

  constructor(send: (request: LiveRequest) => void, onFrame: (callback: () => void) => void) {
    this.#send = send;
    this.#onFrame = onFrame;
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

  ink(batch: InkBatch): void {
    const last = this.#ink.at(-1);
    const carriesOn =
      last?.stroke === batch.stroke &&
      last.end === undefined &&
      last.from + last.points.length / 4 === batch.from &&
      last.points.length + batch.points.length <= pointsAtMost;
    if (last && carriesOn) {
      const points = [...last.points, ...batch.points];
      this.#ink[this.#ink.length - 1] = { ...last, points, ...(batch.end && { end: batch.end }) };
    } else this.#ink.push(batch);
    this.#soon();
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
    while (this.#ink.length > 0) {
      this.#send({ type: 'ink', batches: this.#ink.splice(0, batchesAtMost) });
    }
  }
}
