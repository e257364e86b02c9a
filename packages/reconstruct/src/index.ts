export { classicalLabels } from './classical/refine.ts';
export * from './classical/segment.ts';
export * from './export/glb.ts';
export * from './export/stl.ts';
export * from './memory.ts';
export * from './mesh.ts';
export * from './report.ts';
export * from './simplify.ts';
export * from './surfaces/surfaces.ts';
