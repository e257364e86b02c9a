import type { PointerSample, Stroke } from '../pointer/index.ts';

/**
 * A stroke that can be dropped while the pointer is still down: it may be told where the pointer goes
 * and that it was let go, and does nothing any more. It also ends where another image comes to be shown.
 */
export class RunningStroke implements Stroke {
  readonly #stroke: Stroke;
  readonly #running: Set<RunningStroke>;
  readonly #isHere: () => boolean;
  /** Whose hand draws it, where several draw at once. */
  readonly owner: string | undefined;

  /** @param running all that run; this one is in it until its end. */
  constructor(
    stroke: Stroke,
    running: Set<RunningStroke>,
    isHere: () => boolean = () => true,
    owner?: string,
  ) {
    this.#stroke = stroke;
    this.#running = running;
    this.#isHere = isHere;
    this.owner = owner;
    running.add(this);
  }

  move(sample: PointerSample): void {
    if (this.#goesOn()) this.#stroke.move(sample);
  }

  end(sample: PointerSample): void {
    if (!this.#goesOn()) return;
    this.#running.delete(this);
    this.#stroke.end(sample);
  }

  cancel(): void {
    if (this.#running.delete(this)) this.#stroke.cancel();
  }

  #goesOn(): boolean {
    if (!this.#running.has(this)) return false;
    if (this.#isHere()) return true;
    this.cancel();
    return false;
  }
}
