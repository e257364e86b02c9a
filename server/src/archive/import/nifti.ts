import { createHash } from 'node:crypto';
import { YuepianError } from '@yuepian/contract';
import {
  type DicomElements,
  decimalString,
  element,
  equipmentElements,
  patientStudyElements,
  readNifti,
  uidFrom,
  writeInstance,
} from '@yuepian/dicom';
import {
  cross,
  dot,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
  type Volume,
  type VoxelArray,
} from '@yuepian/geometry';

const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const mrImageStorage = '1.2.840.10008.5.1.4.1.1.4';
/** Steps further from a right angle than this (cosine) cannot be told in DICOM. */
const squareness = 1e-3;

/**
 * A NIfTI volume as an ordinary DICOM series, so that it can be read, reconstructed and discussed
 * like any other. It has no patient: it is filed under its file name, patient ID `NIFTI-` and the
 * first digits of the content's hash; UIDs follow from the content, so the same file is the same
 * study.
 *
 * @param bytes the inflated file.
 * @throws not_a_volume, truncated
 */
export function* niftiInstances(bytes: Uint8Array, file: string): Generator<Uint8Array> {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const frameOfReferenceUid = uidFrom(`nifti ${digest} frame of reference`);
  const volume = readNifti(bytes, { frameOfReferenceUid });
  checkSquare(volume);
  const [columns, rows, slices] = volume.size;
  if (columns > 65535 || rows > 65535) {
    throw new YuepianError('not_a_volume', { reason: `${columns} × ${rows}` });
  }
  const scaled = toStored(volume.data);
  const modality = looksLikeCt(volume.data) ? 'CT' : 'MR';
  const shared = sharedElements(volume, file, digest, modality, scaled);
  const length = columns * rows;
  for (let k = 0; k < slices; k++) {
    const pixels = scaled.samples.subarray(k * length, (k + 1) * length);
    yield writeInstance({
      ...shared,
      '00080018': element('UI', uidFrom(`nifti ${digest} slice ${k}`)),
      '00200013': element('IS', k + 1),
      '00200032': element('DS', ...toPatient(volume.affine, [0, 0, k]).map(decimalString)),
      '7FE00010': {
        vr: 'OW',
        bytes: new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength),
      },
    });
  }
}

function sharedElements(
  volume: Volume,
  file: string,
  digest: string,
  modality: 'CT' | 'MR',
  scaled: Stored,
): DicomElements {
  const [columns, rows] = volume.size;
  const [spacingI, spacingJ, spacingK] = spacing(volume.affine);
  const direction = [...unit(stepI(volume.affine)), ...unit(stepJ(volume.affine))];
  const name = fileTitle(file);
  const text = [...name].slice(0, 64).join('').replaceAll('\\', ' ');
  const signed = scaled.samples instanceof Int16Array ? 1 : 0;
  return {
    ...patientStudyElements({
      patientId: `NIFTI-${digest.slice(0, 8)}`,
      patientName: { Alphabetic: text.replace(/[\^=]/g, ' ') || 'NIfTI' },
      studyInstanceUid: uidFrom(`nifti ${digest} study`),
      studyDescription: 'NIfTI import',
    }),
    ...equipmentElements('NIfTI import'),
    '00080008': element('CS', 'DERIVED', 'SECONDARY', 'AXIAL'),
    '00080016': element('UI', modality === 'CT' ? ctImageStorage : mrImageStorage),
    '00080060': element('CS', modality),
    '0008103E': element('LO', text || 'NIfTI'),
    ...(modality === 'MR'
      ? {
          '00180020': element('CS', 'RM'),
          '00180021': element('CS', 'NONE'),
          '00180022': element('CS'),
          '00180023': element('CS', '3D'),
          '00180080': element('DS'),
          '00180081': element('DS'),
          '00180091': element('IS'),
        }
      : { '00180060': element('DS') }),
    '00180050': element('DS', decimalString(spacingK)),
    '00185100': element('CS'),
    '0020000E': element('UI', uidFrom(`nifti ${digest} series`)),
    '00200011': element('IS', 1),
    '00200012': element('IS'),
    '00200037': element('DS', ...direction.map(decimalString)),
    '00200052': element('UI', volume.frameOfReferenceUid),
    '00200060': element('CS'),
    '00201040': element('LO'),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280010': element('US', rows),
    '00280011': element('US', columns),
    '00280030': element('DS', decimalString(spacingJ), decimalString(spacingI)),
    '00280100': element('US', 16),
    '00280101': element('US', 16),
    '00280102': element('US', 15),
    '00280103': element('US', signed),
    '00281052': element('DS', decimalString(scaled.intercept)),
    '00281053': element('DS', decimalString(scaled.slope)),
    ...(modality === 'CT' ? { '00281054': element('LO', 'HU') } : {}),
  };
}

interface Stored {
  readonly samples: Int16Array | Uint16Array;
  readonly slope: number;
  readonly intercept: number;
}

/** 16-bit samples: exact for whole numbers, else the range spread over 65 536 steps. */
function toStored(data: VoxelArray): Stored {
  if (data instanceof Int16Array || data instanceof Uint16Array) {
    return { samples: data, slope: 1, intercept: 0 };
  }
  if (data instanceof Uint8Array) {
    return { samples: Int16Array.from(data), slope: 1, intercept: 0 };
  }
  const [low, high] = range(data);
  const slope = Number(decimalString((high - low) / 65535 || 1));
  const intercept = Number(decimalString(low));
  const samples = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = ((data[i] as number) - intercept) / slope;
    samples[i] = Number.isFinite(value) ? Math.min(65535, Math.max(0, Math.round(value))) : 0;
  }
  return { samples, slope, intercept };
}

function range(data: VoxelArray): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value < low) low = value;
    if (value > high && value !== Number.POSITIVE_INFINITY) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** Air of −1000 HU is in every CT and in nothing else. */
const looksLikeCt = (data: VoxelArray): boolean => range(data)[0] <= -500;

function checkSquare(volume: Volume): void {
  const axes = [stepI(volume.affine), stepJ(volume.affine), stepK(volume.affine)].map(unit);
  const [i, j, k] = axes as [Vec3, Vec3, Vec3];
  const rectangular =
    Math.abs(dot(i, j)) < squareness &&
    // Slices are placed one by one, so only their planes must agree, not the direction of the stack.
    Math.abs(dot(cross(i, j), k)) > squareness;
  if (!rectangular) throw new YuepianError('not_a_volume', { reason: 'its axes are not square' });
}

function unit(v: Vec3): Vec3 {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

const fileTitle = (file: string): string =>
  file
    .slice(file.lastIndexOf('/') + 1)
    .replace(/\.gz$/i, '')
    .replace(/\.nii$/i, '');
