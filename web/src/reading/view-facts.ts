import { useSyncExternalStore } from 'react';
import type { SliceInfo, View } from '../engine/index.ts';
import type { Room } from './room.ts';

/** What is written around an image; plain values, so that an equal frame costs no drawing of text. */
export interface ViewFacts {
  /** Undefined where the file does not say which side is which. */
  readonly edges: ReturnType<View['edges']>;
  readonly slice: SliceInfo | undefined;
  readonly scale: { readonly pixels: number; readonly label: string } | undefined;
}

/**
 * The facts of the picture on the screen; undefined before the first one. React draws a change of an
 * outside store before the browser paints, but its own state only when the thread is free: with a
 * heavy 3D frame next in line a new slice would stand under the number of the old one for a second.
 */
export class FactsStore {
  readonly stop: () => void;
  #facts: ViewFacts | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(room: Room, view: View) {
    this.stop = view.onRendered(() => {
      const next = factsOf(room, view);
      if (isSameFacts(this.#facts, next)) return;
      this.#facts = next;
      for (const changed of this.#listeners) changed();
    });
  }

  readonly get = (): ViewFacts | undefined => this.#facts;
  readonly subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  };
}

const nothing = { get: () => undefined, subscribe: () => () => undefined };

export const useFacts = (store: FactsStore | undefined): ViewFacts | undefined =>
  useSyncExternalStore((store ?? nothing).subscribe, (store ?? nothing).get);

function factsOf(room: Room, view: View): ViewFacts | undefined {
  const p = view.projection();
  const edges = view.edges();
  if (!p) return undefined;
  const bar = room.scaleBar(p.mmPerPixel, Math.max(60, Math.min(p.size[0] * 0.28, 240)));
  return {
    edges,
    slice: view.sliceInfo(),
    scale: bar && { pixels: Math.round(bar.pixels * 2) / 2, label: bar.label },
  };
}

const isSameFacts = (a: ViewFacts | undefined, b: ViewFacts | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
