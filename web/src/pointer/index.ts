export { type AttachOptions, attachPointers } from './attach.ts';
export { type Pinch, PointerRouter, type PointerTarget, type Stroke } from './router.ts';
export {
  keyboardPointer,
  type PointerRole,
  type PointerSample,
  palmContact,
  roleOf,
} from './sample.ts';
