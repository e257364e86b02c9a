import type { SliceInfo, View } from '../engine/index.ts';
import type { Room } from './room.ts';

/** What is written around an image; plain values, so that an equal frame costs no drawing of text. */
export interface ViewFacts {
  /** Undefined where the file does not say which side is which. */
  readonly edges: ReturnType<View['edges']>;
  readonly slice: SliceInfo | undefined;
  readonly scale: { readonly pixels: number; readonly label: string } | undefined;
}

export function factsOf(room: Room, view: View): ViewFacts | undefined {
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

export const isSameFacts = (a: ViewFacts | undefined, b: ViewFacts | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
