import type { CaseDocument } from '../case/index.ts';
import { createStore, type Store } from '../ui/index.ts';

/** Something that was done outside the case document and can be taken back. */
export interface Step {
  undo(): void;
  redo(): void;
}

/**
 * One undo for everything a person does here, in the order it was done: acts in the case document,
 * which has a history of its own, and changes of structures, which are kept elsewhere.
 */
export class History {
  readonly state: Store<{ canUndo: boolean; canRedo: boolean }>;
  readonly #document: CaseDocument;
  readonly #stop: () => void;
  #done: (Step | 'document')[] = [];
  #undone: (Step | 'document')[] = [];

  constructor(document: CaseDocument) {
    this.#document = document;
    this.state = createStore<{ canUndo: boolean; canRedo: boolean }>({
      canUndo: false,
      canRedo: false,
    });
    this.#stop = document.onAct(() => this.#push('document'));
  }

  push(step: Step): void {
    this.#push(step);
  }

  /** What was done to something that is no longer as it was left cannot be taken back. */
  forget(which: (step: Step) => boolean): void {
    const stays = (s: Step | 'document'): boolean => s === 'document' || !which(s);
    this.#done = this.#done.filter(stays);
    this.#undone = this.#undone.filter(stays);
    this.#tell();
  }

  /**
   * Another series is shown. What was done to the structures of the one before is let go with their
   * voxels, and cannot be taken back from here on: it must not stand in the way of what can.
   */
  left(): void {
    this.forget(() => true);
  }

  undo(): void {
    this.#move(this.#done, this.#undone, 'undo');
  }

  redo(): void {
    this.#move(this.#undone, this.#done, 'redo');
  }

  close(): void {
    this.#stop();
  }

  #push(step: Step | 'document'): void {
    this.#done.push(step);
    this.#undone = [];
    this.#tell();
  }

  #move(from: (Step | 'document')[], to: (Step | 'document')[], way: 'undo' | 'redo'): void {
    for (let step = from.pop(); step !== undefined; step = from.pop()) {
      if (step === 'document') {
        // What others have deleted meanwhile leaves nothing to undo: on to the step before.
        if (!this.#document[way]()) continue;
      } else step[way]();
      to.push(step);
      break;
    }
    this.#tell();
  }

  #tell(): void {
    this.state.set({ canUndo: this.#done.length > 0, canRedo: this.#undone.length > 0 });
  }
}
