export * from './affine.ts';
export * from './digest.ts';
export * from './measure.ts';
export * from './orientation.ts';
export * from './plane.ts';
export * from './units.ts';
export * from './vector.ts';
export * from './volume.ts';
