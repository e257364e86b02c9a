export { croppedGrid, passVoxels, type TensorGrid, tensorGrid } from './grid.ts';
export { type InferOptions, type Inferred, infer, type NetworkPass } from './infer.ts';
export { argmax } from './labels.ts';
export { postProcess } from './post.ts';
