import { type InstanceHeader, type SourceFrame, uidFrom, writeSegmentation } from '@yuepian/dicom';
import type { LabelMap } from '@yuepian/geometry';

/** What of a series goes into the object that describes its structures. */
export interface SegmentationSubject {
  /** Any image of the series: patient and study are the same in all of them. */
  readonly header: InstanceHeader;
  /** Where each slice of the label map comes from; empty when the grid is resampled. */
  readonly slices: readonly { readonly sopInstanceUid: string; readonly frame: number }[];
  /** e.g. `classical 1`. */
  readonly source: string;
  /** Names what it was made from and what came out: the same result is the same object. */
  readonly content: string;
  /** Now, unless a test says otherwise. */
  readonly at?: Date;
}

export const seriesDescription = 'Yuepian reconstruction (unverified)';

/**
 * UIDs of our own segmentation objects. They follow from the content, so that a reconstruction that
 * is run again with the same outcome is the same object, and one with another outcome stands beside
 * the first in the same series: what somebody has confirmed is never overwritten.
 */
export const segmentationUids = (seriesUid: string, source: string, content: string) => ({
  seriesInstanceUid: uidFrom(`segmentation series ${seriesUid} ${source}`),
  sopInstanceUid: uidFrom(`segmentation ${seriesUid} ${source} ${content}`),
});

/** A DICOM SEG of a label map. @throws YuepianError invalid_request when it holds no voxel. */
export function segmentationOf(labelMap: LabelMap, subject: SegmentationSubject): Uint8Array {
  const { header, slices, source } = subject;
  const multiFrame = (header.image?.numberOfFrames ?? 1) > 1;
  const frames = slices.map(
    ({ sopInstanceUid, frame }): SourceFrame => ({
      sopClassUid: header.sopClassUid,
      sopInstanceUid,
      ...(multiFrame ? { frame } : {}),
    }),
  );
  const [date = '', time = ''] = stamp(subject.at ?? new Date());
  return writeSegmentation({
    labelMap,
    source: {
      patientStudy: patientStudyOf(header),
      seriesInstanceUid: header.seriesInstanceUid,
      ...(frames.length > 0 ? { frames } : {}),
    },
    ...segmentationUids(header.seriesInstanceUid, source, subject.content),
    seriesNumber: 9000 + ((header.series.number ?? 0) % 1000),
    seriesDescription,
    algorithm: { type: 'AUTOMATIC', name: source },
    date,
    time,
    contentLabel: 'RECONSTRUCTION',
  });
}

const stamp = (at: Date): string[] => at.toISOString().replace(/[-:]/g, '').slice(0, 15).split('T');

function patientStudyOf({ patient, study, studyInstanceUid }: InstanceHeader) {
  const name = (n: InstanceHeader['patient']['name']) => ({
    ...(n.alphabetic ? { Alphabetic: n.alphabetic } : {}),
    ...(n.ideographic ? { Ideographic: n.ideographic } : {}),
    ...(n.phonetic ? { Phonetic: n.phonetic } : {}),
  });
  return {
    patientId: patient.id,
    patientName: name(patient.name),
    patientBirthDate: patient.birthDate,
    patientSex: patient.sex,
    patientAge: patient.age,
    studyInstanceUid,
    studyDate: study.date,
    studyTime: study.time,
    studyId: study.id,
    accessionNumber: study.accessionNumber,
    studyDescription: study.description,
    referringPhysicianName: name(study.referringPhysician),
  };
}
