export { type DecodeOptions, decodeFrame, storedSamples } from './decode.ts';
export {
  type FrameBytes,
  inflate,
  inflateDataset,
  readDatasetHead,
  readFrameBytes,
  type StoredImage,
} from './frames.ts';
export { type DecodedFrame, nativeFrameBits, type Samples } from './image.ts';
export {
  type ByteSource,
  locateFragments,
  noPixels,
  type PixelLocation,
} from './locate.ts';
export { makePalette, type Palette } from './palette.ts';
export { DecodePool } from './pool.ts';
export * from './syntaxes.ts';
export { type NativeFrame, undoCoding } from './undo.ts';
