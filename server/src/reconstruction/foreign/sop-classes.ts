import {
  labelMapSegmentationStorage,
  rtStructureSetStorage,
  segmentationStorage,
} from '@yuepian/dicom';

/** SOP classes whose objects hold structures of other series. */
export const foreignSopClasses: ReadonlySet<string> = new Set([
  segmentationStorage,
  labelMapSegmentationStorage,
  rtStructureSetStorage,
]);
