import type { CaseDocument, ViewPatch } from '../case/index.ts';
import { throttle } from './throttle.ts';

/** How long a hand may rest before where it is goes into the document. */
const driftMs = 300;

/** Where the hand is: told to the document now and then, and no step of undo of its own. */
export class Drifts {
  readonly #document: CaseDocument;
  /** The series a place belongs to; undefined while nothing may be written. */
  readonly #where: () => ViewPatch | undefined;
  readonly #later = throttle<ViewPatch>(driftMs, (v) => this.#write(v));
  #waiting: ViewPatch = {};
  #isEcho = false;

  constructor(document: CaseDocument, where: () => ViewPatch | undefined) {
    this.#document = document;
    this.#where = where;
  }

  /** The document is being told where the engine already is; the engine needs no telling back. */
  get isEcho(): boolean {
    return this.#isEcho;
  }

  add(patch: ViewPatch): void {
    const where = this.#where();
    if (!where) return;
    // The place means nothing without the series it is in.
    this.#waiting = { ...this.#waiting, ...patch, ...where };
    this.#later(this.#waiting);
  }

  /** Writes what is still drifting, so that an act is the last thing in the document. */
  settle(): void {
    this.#later.flush();
  }

  #write(patch: ViewPatch): void {
    this.#waiting = {};
    this.#isEcho = true;
    try {
      this.#document.driftView(patch);
    } finally {
      this.#isEcho = false;
    }
  }
}
