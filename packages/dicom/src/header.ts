import { uidPattern, YuepianError } from '@yuepian/contract';
import type { Dataset } from './dataset.ts';
import { frameHeaders } from './frames.ts';
import { pixelDataTag } from './parse.ts';
import { imagePixel, nativeLength } from './pixels.ts';
import { suvOf } from './suv.ts';
import type { ImagePixel, InstanceHeader } from './types.ts';
import { dicomdirSopClass, isEncapsulated, isLossySyntax, sopClassKind } from './uids.ts';

/** More frames than any device makes in one object; a larger number is a lie that would cost memory. */
const maxFrames = 100_000;

/**
 * What the index and the volume layout need of an instance.
 * @param dataset a whole instance; pixel data may be unread.
 * @throws YuepianError missing_uid or invalid_uid. Faults of the image are told in `problem`, so that
 * the object can be kept all the same.
 */
export function describeInstance(dataset: Dataset): InstanceHeader {
  const text = (keyword: string) => dataset.string(keyword);
  const number = dataset.number('SeriesNumber');
  const instanceNumber = dataset.number('InstanceNumber');
  const cineRate = rateOf(dataset);
  const sopClassUid = requireUid(dataset, 'SOPClassUID');
  return {
    sopInstanceUid: requireUid(dataset, 'SOPInstanceUID'),
    sopClassUid,
    studyInstanceUid: requireUid(dataset, 'StudyInstanceUID'),
    seriesInstanceUid: requireUid(dataset, 'SeriesInstanceUID'),
    transferSyntaxUid: dataset.transferSyntaxUid,
    patient: {
      id: text('PatientID'),
      name: dataset.personName('PatientName'),
      sex: text('PatientSex'),
      birthDate: text('PatientBirthDate'),
      age: text('PatientAge'),
    },
    study: {
      id: text('StudyID'),
      date: text('StudyDate'),
      time: text('StudyTime'),
      description: text('StudyDescription'),
      accessionNumber: text('AccessionNumber'),
      referringPhysician: dataset.personName('ReferringPhysicianName'),
    },
    series: {
      ...(number === undefined ? {} : { number: Math.trunc(number) }),
      modality: text('Modality'),
      description: text('SeriesDescription'),
      bodyPart: text('BodyPartExamined'),
      protocol: text('ProtocolName'),
      date: text('SeriesDate'),
      time: text('SeriesTime'),
      manufacturer: text('Manufacturer'),
    },
    ...(instanceNumber === undefined ? {} : { instanceNumber: Math.trunc(instanceNumber) }),
    frameOfReferenceUid: text('FrameOfReferenceUID'),
    lossy: text('LossyImageCompression') === '01' || isLossySyntax(dataset.transferSyntaxUid),
    ...(cineRate === undefined ? {} : { cineRate }),
    ...imageOf(dataset, sopClassUid),
  };
}

/** True for a DICOMDIR: it names files and is nothing to store; `describeInstance` refuses it. */
export const isDicomdir = (dataset: Dataset): boolean =>
  dataset.string('MediaStorageSOPClassUID') === dicomdirSopClass ||
  dataset.has('DirectoryRecordSequence');

type ImagePart = Pick<InstanceHeader, 'kind' | 'image' | 'problem' | 'frames' | 'suv'>;

function imageOf(dataset: Dataset, sopClassUid: string): ImagePart {
  const byClass = sopClassKind(sopClassUid);
  let image: ImagePixel | undefined;
  try {
    image = imagePixel(dataset);
    if (!image) return { kind: 'document', frames: [] };
    checkSize(dataset, image);
  } catch (error) {
    if (!(error instanceof YuepianError)) throw error;
    const problem = { code: error.code, details: error.details };
    return { kind: byClass, ...(image ? { image } : {}), problem, frames: [] };
  }
  const suv = suvOf(dataset);
  return { kind: byClass, image, frames: frameHeaders(dataset, image), ...(suv ? { suv } : {}) };
}

function checkSize(dataset: Dataset, image: ImagePixel): void {
  if (image.numberOfFrames > maxFrames) {
    throw new YuepianError('cannot_decode', { reason: `${image.numberOfFrames} frames` });
  }
  if (isEncapsulated(dataset.transferSyntaxUid) || image.sampleType !== 'integer') return;
  const actual = dataset.element(pixelDataTag)?.length ?? 0;
  const expected = nativeLength(image);
  if (actual < expected) throw new YuepianError('pixel_data_short', { expected, actual });
}

function requireUid(dataset: Dataset, keyword: string): string {
  const uid = dataset.string(keyword);
  if (uid === '') throw new YuepianError('missing_uid', { tag: keyword });
  if (uid.length > 64 || !uidPattern.test(uid))
    throw new YuepianError('invalid_uid', { tag: keyword });
  return uid;
}

/** Frames per second: Cine Rate, Recommended Display Frame Rate, or 1000 / Frame Time (PS3.3 C.7.6.5). */
function rateOf(dataset: Dataset): number | undefined {
  const frameTime = dataset.number('FrameTime');
  const candidates = [
    dataset.number('RecommendedDisplayFrameRate'),
    dataset.number('CineRate'),
    frameTime ? 1000 / frameTime : undefined,
  ];
  return candidates.find((rate) => rate !== undefined && rate > 0 && rate <= 1000);
}
