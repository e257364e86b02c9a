export { PhantomCase, type PhantomOptions, type PhantomTruth, type RenderedSlice } from './case.ts';
export { ctAbdomen } from './ct/abdomen.ts';
export { type BoneLevels, boneLevels } from './ct/levels.ts';
export { type PhantomInstance, phantomInstances } from './dicom.ts';
export { mrHead } from './mr/head.ts';
