export { classicalLabels } from './classical/refine.ts';
export * from './classical/segment.ts';
export * from './mesh.ts';
export * from './surfaces/surfaces.ts';
