/**
 * The engine: pixels on the screen. The only room that knows Cornerstone or vtk; none of their types
 * leave it. Loaded on demand (`await import`) because it is most of the bundle.
 */
export { createEngine } from './engine.ts';
export { defaultWindowsFor } from './presets.ts';
export { scaleBar } from './scale-bar.ts';
export type * from './types.ts';
