import type { Stage } from './stage.ts';

/** Cornerstone, vtk.js and what of ours needs them: most of the bundle, a chunk of its own. */
export type Graphics = typeof import('./graphics.ts');

/** The graphics card, ready to draw. */
export interface Card {
  readonly graphics: Graphics;
  readonly stage: Stage;
}

/**
 * Loads the chunk and sets it up.
 * @throws when the chunk cannot be had or the browser refuses the context
 */
export async function loadCard(): Promise<Card> {
  const graphics = await import('./graphics.ts');
  return { graphics, stage: new graphics.Stage() };
}
