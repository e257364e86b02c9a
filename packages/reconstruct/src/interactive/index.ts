/**
 * Editing a structure by hand. Every tool takes a mask in a voxel box with its own affine
 * (`MaskBox`; the caller crops) and points in LPS mm, changes nothing, and answers with an `Edit`:
 * the changed box and a compact diff that can be applied, inverted, encoded and stored. All of it
 * runs in a worker and in Node.
 */
export * from './box.ts';
export { type BrushMode, brush, sliceBrush } from './brush.ts';
export * from './combine.ts';
export {
  applyDiff,
  decodeDiff,
  type Edit,
  editBetween,
  editOf,
  encodeDiff,
  invertDiff,
  type MaskDiff,
} from './diff.ts';
export * from './growcut.ts';
export {
  dropIslands,
  type FillOptions,
  fillHoles,
  type Island,
  islands,
  keepIsland,
} from './islands.ts';
export * from './remesh.ts';
export * from './scissors.ts';
export * from './segment.ts';
export * from './shape.ts';
export * from './smart.ts';
