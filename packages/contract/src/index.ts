export * from './case.ts';
export * from './errors.ts';
export * from './identity.ts';
export * from './ids.ts';
export * from './structure.ts';
export * from './study.ts';
export * from './volume.ts';
export * from './warnings.ts';
