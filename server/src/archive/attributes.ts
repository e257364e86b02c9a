import { type Dataset, type DicomJson, tagHex, toDicomJson } from '@yuepian/dicom';

/** Attributes kept in the index for answers to queries, beside those it counts itself. */
const kept = {
  study: [
    'SpecificCharacterSet',
    'StudyDate',
    'StudyTime',
    'AccessionNumber',
    'IssuerOfAccessionNumberSequence',
    'ReferringPhysicianName',
    'TimezoneOffsetFromUTC',
    'StudyDescription',
    'ProcedureCodeSequence',
    'NameOfPhysiciansReadingStudy',
    'AdmittingDiagnosesDescription',
    'ReferencedStudySequence',
    'PatientName',
    'PatientID',
    'IssuerOfPatientID',
    'OtherPatientIDsSequence',
    'PatientBirthDate',
    'PatientBirthTime',
    'PatientSex',
    'OtherPatientNames',
    'PatientAge',
    'PatientSize',
    'PatientWeight',
    'EthnicGroup',
    'Occupation',
    'AdditionalPatientHistory',
    'PatientComments',
    'StudyInstanceUID',
    'StudyID',
    'InstitutionName',
  ],
  series: [
    'SeriesDate',
    'SeriesTime',
    'Modality',
    'Manufacturer',
    'InstitutionName',
    'InstitutionalDepartmentName',
    'StationName',
    'SeriesDescription',
    'PerformingPhysicianName',
    'OperatorsName',
    'ManufacturerModelName',
    'BodyPartExamined',
    'ProtocolName',
    'PatientPosition',
    'SeriesInstanceUID',
    'SeriesNumber',
    'Laterality',
    'FrameOfReferenceUID',
    'PositionReferenceIndicator',
    'PerformedProcedureStepStartDate',
    'PerformedProcedureStepStartTime',
    'PerformedProcedureStepID',
    'PerformedProcedureStepDescription',
    'RequestAttributesSequence',
  ],
  instance: [
    'ImageType',
    'InstanceCreationDate',
    'InstanceCreationTime',
    'SOPClassUID',
    'SOPInstanceUID',
    'AcquisitionDate',
    'ContentDate',
    'AcquisitionTime',
    'ContentTime',
    'AcquisitionNumber',
    'InstanceNumber',
    'ImagePositionPatient',
    'ImageOrientationPatient',
    'SliceLocation',
    'SliceThickness',
    'NumberOfFrames',
    'SamplesPerPixel',
    'PhotometricInterpretation',
    'Rows',
    'Columns',
    'PixelSpacing',
    'BitsAllocated',
    'BitsStored',
    'ContentLabel',
    'ContentDescription',
    'ConceptNameCodeSequence',
    'CompletionFlag',
    'VerificationFlag',
  ],
} as const;

export type Level = keyof typeof kept;

const tags = {
  study: kept.study.map((keyword) => tagHex(keyword)),
  series: kept.series.map((keyword) => tagHex(keyword)),
  instance: kept.instance.map((keyword) => tagHex(keyword)),
} satisfies Record<Level, string[]>;

/** DICOM JSON of one instance, of one level at a time: study and series are written once. */
export function levelAttributes(dataset: Dataset): (level: Level) => string {
  const all = toDicomJson(dataset);
  return (level) => {
    const some: DicomJson = {};
    for (const tag of tags[level]) {
      const attribute = all[tag];
      if (attribute !== undefined) some[tag] = attribute;
    }
    return JSON.stringify(some);
  };
}
