import type { PersonName } from '@yuepian/contract';
import type { InstanceHeader } from '../types.ts';
import { type DicomElements, type DicomName, element, optional } from './elements.ts';

/** Values of the Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1) that every object of a study repeats. */
export interface PatientStudy {
  readonly patientId: string;
  readonly patientName: DicomName;
  /** YYYYMMDD */
  readonly patientBirthDate?: string;
  readonly patientSex?: string;
  /** nnnD, nnnW, nnnM or nnnY */
  readonly patientAge?: string;
  readonly studyInstanceUid: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyId?: string;
  readonly accessionNumber?: string;
  readonly studyDescription?: string;
  readonly referringPhysicianName?: DicomName;
}

export const patientStudyElements = (p: PatientStudy): DicomElements => ({
  '00080020': optional('DA', p.studyDate),
  '00080030': optional('TM', p.studyTime),
  '00080050': optional('SH', p.accessionNumber),
  '00080090': p.referringPhysicianName ? element('PN', p.referringPhysicianName) : element('PN'),
  ...(p.studyDescription ? { '00081030': element('LO', p.studyDescription) } : {}),
  '00100010': element('PN', p.patientName),
  '00100020': optional('LO', p.patientId),
  '00100030': optional('DA', p.patientBirthDate),
  '00100040': optional('CS', p.patientSex),
  ...(p.patientAge ? { '00101010': element('AS', p.patientAge) } : {}),
  '0020000D': element('UI', p.studyInstanceUid),
  '00200010': optional('SH', p.studyId),
});

/** Enhanced General Equipment (PS3.3 C.7.5.2): all four are type 1. */
export const equipmentElements = (modelName: string): DicomElements => ({
  '00080070': element('LO', 'Yuepian'),
  '00081090': element('LO', modelName),
  '00181000': element('LO', '1'),
  '00181020': element('LO', '1'),
});

const nameOf = (name: PersonName): DicomName => ({
  Alphabetic: name.alphabetic,
  Ideographic: name.ideographic,
  Phonetic: name.phonetic,
});

/** The same values from an instance of the study, for what is derived from it. */
export const patientStudyOf = (header: InstanceHeader): PatientStudy => ({
  patientId: header.patient.id,
  patientName: nameOf(header.patient.name),
  patientBirthDate: header.patient.birthDate,
  patientSex: header.patient.sex,
  patientAge: header.patient.age,
  studyInstanceUid: header.studyInstanceUid,
  studyDate: header.study.date,
  studyTime: header.study.time,
  studyId: header.study.id,
  accessionNumber: header.study.accessionNumber,
  studyDescription: header.study.description,
  referringPhysicianName: nameOf(header.study.referringPhysician),
});
