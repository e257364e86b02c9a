import {
  type InstanceHeader,
  type SegmentConcept,
  type SourceFrame,
  uidFrom,
  writeSegmentation,
} from '@yuepian/dicom';
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
  /** People had a hand in it. */
  readonly algorithm?: 'SEMIAUTOMATIC';
  readonly concepts?: ReadonlyMap<string, SegmentConcept>;
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
    algorithm: { type: subject.algorithm ?? 'AUTOMATIC', name: source },
    date,
    time,
    contentLabel: 'RECONSTRUCTION',
    ...(subject.concepts ? { concepts: subject.concepts } : {}),
  });
}

const stamp = (at: Date): string[] => at.toISOString().replace(/[-:]/g, '').slice(0, 15).split('T');

/**
 * Patient and study as the images say it. Archives hold values that break the standard's rules; ours
 * must keep them (PS3.5 §6.2), so what is too long is cut and what is no date is left out. The
 * study is told by its UID, not by these.
 */
function patientStudyOf({ patient, study, studyInstanceUid }: InstanceHeader) {
  return {
    patientId: text(patient.id, 64),
    patientName: nameOf(patient.name),
    patientBirthDate: matching(patient.birthDate, /^\d{8}$/),
    patientSex: matching(patient.sex, /^[A-Z]{1,16}$/),
    patientAge: matching(patient.age, /^\d{3}[DWMY]$/),
    studyInstanceUid,
    studyDate: matching(study.date, /^\d{8}$/),
    studyTime: matching(study.time, /^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$/),
    studyId: text(study.id, 16),
    accessionNumber: text(study.accessionNumber, 16),
    studyDescription: text(study.description, 64),
    referringPhysicianName: nameOf(study.referringPhysician),
  };
}

const matching = (value: string, pattern: RegExp): string => (pattern.test(value) ? value : '');
/** By characters, not by UTF-16 halves; no backslash, which parts values, and no controls. */
const text = (value: string, length: number): string =>
  [...value.replace(/[\\\p{Cc}]/gu, ' ')].slice(0, length).join('').trim();
const group = (value: string): string => text(value.replaceAll('=', ' '), 64);
const nameOf = (n: InstanceHeader['patient']['name']) => ({
  ...(n.alphabetic ? { Alphabetic: group(n.alphabetic) } : {}),
  ...(n.ideographic ? { Ideographic: group(n.ideographic) } : {}),
  ...(n.phonetic ? { Phonetic: group(n.phonetic) } : {}),
});
