export {
  type CodedConcept,
  codeItem,
  type DicomElement,
  type DicomElements,
  type DicomName,
  type DicomValue,
  element,
  optional,
  sequence,
} from './elements.ts';
export {
  deflatedLittleEndian,
  explicitLittleEndian,
  implementationClassUid,
  implementationVersionName,
  implicitLittleEndian,
  type WriteOptions,
  writeInstance,
} from './instance.ts';
export {
  equipmentElements,
  type PatientStudy,
  patientStudyElements,
  patientStudyOf,
} from './modules.ts';
export {
  type ReadSegment,
  type ReadSegmentation,
  type ReadSegmentFrame,
  readSegmentation,
} from './readSegmentation.ts';
export {
  labelMapSegmentationStorage,
  type SegmentationInput,
  type SegmentationSource,
  type SourceFrame,
  segmentationStorage,
  writeSegmentation,
} from './segmentation.ts';
export type { SegmentationGrid } from './segmentationGrid.ts';
export type { SegmentConcept } from './segmentCodes.ts';
export { isUid, randomUid, uidFrom } from './uid.ts';
export { decimalString } from './values.ts';
