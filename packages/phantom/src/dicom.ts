import {
  type DicomElements,
  element,
  optional,
  patientStudyElements,
  type SourceFrame,
  uidFrom,
  writeInstance,
  writeSegmentation,
} from '@yuepian/dicom';
import type { PhantomCase } from './case.ts';

export interface PhantomInstance {
  /** e.g. `CT/0001.dcm`; the ground truth is `SEG/truth.dcm`. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const mrImageStorage = '1.2.840.10008.5.1.4.1.1.4';

/**
 * The case as DICOM files, one at a time: every slice from the feet up, then the ground truth as a
 * DICOM SEG. Memory: one slice and the labels of all slices (one byte a voxel).
 */
export function* phantomInstances(phantom: PhantomCase): Generator<PhantomInstance> {
  const { modality } = phantom.identity;
  const [nx, ny, nz] = phantom.size;
  const labels = new Uint8Array(nx * ny * nz);
  const frames: SourceFrame[] = [];
  for (let k = 0; k < nz; k++) {
    const slice = phantom.renderSlice(k);
    labels.set(slice.labels, k * nx * ny);
    const sopClassUid = modality === 'CT' ? ctImageStorage : mrImageStorage;
    const sopInstanceUid = uidFrom(`${phantom.identity.seriesInstanceUid} ${k}`);
    frames.push({ sopClassUid, sopInstanceUid });
    yield {
      fileName: `${modality}/${String(k + 1).padStart(4, '0')}.dcm`,
      bytes: writeInstance({
        ...describeSlice(phantom, k),
        '00080016': element('UI', sopClassUid),
        '00080018': element('UI', sopInstanceUid),
        ...(modality === 'CT' ? ctElements() : mrElements(slice.values)),
        '7FE00010': { vr: 'OW', bytes: storedBytes(slice.values, modality === 'CT' ? 1024 : 0) },
      }),
    };
  }
  yield { fileName: 'SEG/truth.dcm', bytes: truthSegmentation(phantom, labels, frames) };
}

function truthSegmentation(
  phantom: PhantomCase,
  data: Uint8Array,
  frames: readonly SourceFrame[],
): Uint8Array {
  const { identity } = phantom;
  return writeSegmentation({
    labelMap: {
      size: phantom.size,
      affine: phantom.affine,
      frameOfReferenceUid: phantom.frameOfReferenceUid,
      data,
      segments: phantom.segments,
    },
    source: {
      patientStudy: identity.patientStudy,
      seriesInstanceUid: identity.seriesInstanceUid,
      frames,
    },
    seriesInstanceUid: uidFrom(`${identity.seriesInstanceUid} truth series`),
    sopInstanceUid: uidFrom(`${identity.seriesInstanceUid} truth`),
    seriesNumber: 1000 + identity.seriesNumber,
    seriesDescription: '真值分割 Ground truth',
    algorithm: { type: 'AUTOMATIC', name: 'Yuepian phantom' },
    contentLabel: 'GROUND_TRUTH',
    date: identity.patientStudy.studyDate ?? '20261120',
    time: identity.patientStudy.studyTime ?? '120000',
  });
}

/** Pixels as stored: unsigned with the rescale intercept taken off (CT), as they are (MR). */
function storedBytes(values: Int16Array | Uint16Array, offset: number): Uint8Array {
  const stored = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) stored[i] = (values[i] as number) + offset;
  if (!littleEndian) {
    for (let i = 0; i < stored.length; i++) {
      const v = stored[i] as number;
      stored[i] = ((v & 0xff) << 8) | (v >> 8);
    }
  }
  return new Uint8Array(stored.buffer);
}
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Patient, study, series, equipment, frame of reference and image plane (PS3.3 A.3.3, A.4.3). */
function describeSlice(phantom: PhantomCase, k: number): DicomElements {
  const { identity, affine: m, size } = phantom;
  const { studyDate, studyTime } = identity.patientStudy;
  const position = [m[3], m[7], m[11] + k * m[10]];
  return {
    ...patientStudyElements(identity.patientStudy),
    '00080021': optional('DA', studyDate),
    '00080022': optional('DA', studyDate),
    '00080023': optional('DA', studyDate),
    '00080031': optional('TM', studyTime),
    '00080032': optional('TM', studyTime),
    '00080033': optional('TM', studyTime),
    '00080060': element('CS', identity.modality),
    '00080070': element('LO', 'Yuepian'),
    '00080080': element('LO', '阅片宝示例医院'),
    '0008103E': element('LO', identity.seriesDescription),
    '00081090': element('LO', 'Synthetic patient'),
    '00180015': element('CS', identity.bodyPart),
    '00180050': element('DS', m[10]),
    '00181020': element('LO', '1'),
    '00181030': element('LO', identity.protocolName),
    '00185100': element('CS', 'HFS'),
    '0020000E': element('UI', identity.seriesInstanceUid),
    '00200011': element('IS', identity.seriesNumber),
    '00200012': element('IS', 1),
    '00200013': element('IS', k + 1),
    '00200032': element('DS', ...position),
    '00200037': element('DS', 1, 0, 0, 0, 1, 0),
    '00200052': element('UI', phantom.frameOfReferenceUid),
    '00201040': element('LO'),
    '00201041': element('DS', position[2] as number),
    '00204000': element('LT', 'Synthetic data; no real patient'),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280010': element('US', size[1]),
    '00280011': element('US', size[0]),
    '00280030': element('DS', m[5], m[0]),
    '00280100': element('US', 16),
    '00280103': element('US', 0),
    '00280301': element('CS', 'NO'),
  };
}

const ctElements = (): DicomElements => ({
  '00080008': element('CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
  '00180010': element('LO', 'Iodine'),
  '00180022': element('CS', 'HELICAL MODE'),
  '00180060': element('DS', 120),
  '00180090': element('DS', 500),
  '00181100': element('DS', 400),
  '00181120': element('DS', 0),
  '00181151': element('IS', 260),
  '00181150': element('IS', 500),
  '00181210': element('SH', 'SOFT'),
  '00280101': element('US', 12),
  '00280102': element('US', 11),
  '00281050': element('DS', 50, 400, -600),
  '00281051': element('DS', 400, 1800, 1500),
  '00281052': element('DS', -1024),
  '00281053': element('DS', 1),
  '00281054': element('LO', 'HU'),
  '00281055': element('LO', 'SOFT', 'BONE', 'LUNG'),
});

function mrElements(values: Int16Array | Uint16Array): DicomElements {
  let [low, high] = [65535, 0];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return {
    '00080008': element('CS', 'ORIGINAL', 'PRIMARY', 'M', 'NONE'),
    '00180020': element('CS', 'GR'),
    '00180021': element('CS', 'SP', 'MP'),
    '00180022': element('CS', 'NONE'),
    '00180023': element('CS', '3D'),
    '00180080': element('DS', 1900),
    '00180081': element('DS', 2.9),
    '00180083': element('DS', 1),
    '00180084': element('DS', 127.7),
    '00180085': element('SH', '1H'),
    '00180087': element('DS', 3),
    '00180091': element('IS', 1),
    '00181314': element('DS', 9),
    '00280101': element('US', 12),
    '00280102': element('US', 11),
    '00280106': element('US', low),
    '00280107': element('US', high),
    '00281050': element('DS', 400),
    '00281051': element('DS', 820),
  };
}
