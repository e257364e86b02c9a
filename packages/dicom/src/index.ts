/**
 * DICOM instances and series: reading, geometry, volumes. Pure; decoding of compressed pixels is the
 * caller's (see `frameBytes` and `maskStored`).
 */
export { type AssembleOptions, assembleVolume, autoWindow, buildVolume } from './assemble.ts';
export { Dataset, parsePersonName } from './dataset.ts';
export {
  keywordOf,
  type Tag,
  tagHex,
  tagName,
  tagNumber,
  tagOfKeyword,
  vrOf,
} from './dictionary.ts';
export { edgesOf, type FrameEdges } from './edges.ts';
export { describeInstance, isDicomdir } from './header.ts';
export { type DicomJson, type DicomJsonAttribute, type JsonOptions, toDicomJson } from './json.ts';
export { layoutSeries } from './layout.ts';
export { modalityValues, rangeOf, type VoiTable, voiTables } from './lut.ts';
export { type NiftiVolume, readNifti } from './nifti.ts';
export { niftiLabelMap } from './niftiLabels.ts';
export type { Element, ElementMap, Span } from './parse.ts';
export {
  frameBytes,
  imagePixel,
  maskStored,
  nativeFrame,
  nativeLength,
  type PixelData,
  pixelData,
  unpackBits,
  unpackNative,
} from './pixels.ts';
export { type ReadOptions, readDataset } from './read.ts';
export { rectify } from './rectify.ts';
export {
  contoursToLabelMap,
  type RtStructure,
  type RtStructureSet,
  readRtStructureSet,
  rtStructureSetStorage,
} from './rtstruct.ts';
export { suvOf, suvUnit } from './suv.ts';
export type * from './types.ts';
export { dicomdirSopClass, isEncapsulated, isLossySyntax, transferSyntax } from './uids.ts';
export * from './write/index.ts';
