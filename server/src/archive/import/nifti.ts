import { createHash } from 'node:crypto';
import { YuepianError } from '@yuepian/contract';
import {
  type DicomElements,
  decimalString,
  element,
  equipmentElements,
  type NiftiVolume,
  type PatientStudy,
  patientStudyElements,
  readNifti,
  uidFrom,
  writeInstance,
  writeSegmentation,
} from '@yuepian/dicom';
import {
  cross,
  dot,
  type LabelMap,
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

/** A NIfTI file that was read. */
export interface NiftiFile {
  /** As it was uploaded. */
  readonly file: string;
  readonly title: string;
  /** SHA-256 of the content. */
  readonly digest: string;
  readonly volume: NiftiVolume;
}

/** An image that was imported: what a label map needs to know of it, without its voxels. */
export interface NiftiImage extends Omit<NiftiFile, 'volume'> {
  readonly modality: 'CT' | 'MR';
  readonly grid: Pick<LabelMap, 'size' | 'affine' | 'frameOfReferenceUid'>;
}

export const niftiImage = (nifti: NiftiFile): NiftiImage => {
  const { size, affine, frameOfReferenceUid } = nifti.volume;
  const { file, title, digest } = nifti;
  const modality = modalityOf(nifti);
  return { file, title, digest, modality, grid: { size, affine, frameOfReferenceUid } };
};

/**
 * @param bytes the inflated file.
 * @throws not_a_volume, truncated
 */
export function openNifti(bytes: Uint8Array, file: string): NiftiFile {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const frameOfReferenceUid = uidFrom(`nifti ${digest} frame of reference`);
  const volume = readNifti(bytes, { frameOfReferenceUid });
  checkSquare(volume);
  const [columns, rows] = volume.size;
  if (columns > 65535 || rows > 65535) {
    throw new YuepianError('not_a_volume', { reason: `${columns} × ${rows}` });
  }
  return { file, title: fileTitle(file), digest, volume };
}

/**
 * A NIfTI volume as an ordinary DICOM series, so that it can be read, reconstructed and discussed
 * like any other. It has no patient: it is filed under its file name, patient ID `NIFTI-` and the
 * first digits of the content's hash; UIDs follow from the content, so the same file is the same
 * study.
 */
export function* niftiInstances(nifti: NiftiFile): Generator<Uint8Array> {
  const { digest, volume } = nifti;
  const [columns, rows, slices] = volume.size;
  const scaled = toStored(volume.data);
  const shared = sharedElements(nifti, modalityOf(nifti), scaled);
  const length = columns * rows;
  for (let k = 0; k < slices; k++) {
    const pixels = scaled.samples.subarray(k * length, (k + 1) * length);
    yield writeInstance({
      ...shared,
      '00080018': element('UI', niftiSlice(digest, k)),
      '00200013': element('IS', k + 1),
      '00200032': element('DS', ...toPatient(volume.affine, [0, 0, k]).map(decimalString)),
      '7FE00010': {
        vr: 'OW',
        bytes: new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength),
      },
    });
  }
}

/** SOP Instance UID of slice k, from 0. */
const niftiSlice = (digest: string, k: number): string => uidFrom(`nifti ${digest} slice ${k}`);
const niftiSeries = (digest: string): string => uidFrom(`nifti ${digest} series`);

const textOf = (title: string): string => [...title].slice(0, 64).join('').replaceAll('\\', ' ');

const patientStudyOf = ({ digest, title }: Pick<NiftiFile, 'digest' | 'title'>): PatientStudy => ({
  patientId: `NIFTI-${digest.slice(0, 8)}`,
  patientName: { Alphabetic: textOf(title).replace(/[\^=]/g, ' ') || 'NIfTI' },
  studyInstanceUid: uidFrom(`nifti ${digest} study`),
  studyDescription: 'NIfTI import',
});

/**
 * A label map as a DICOM segmentation of the image that it was drawn on.
 * @param labels on the grid of `image`.
 */
export function niftiSegmentation(
  labels: LabelMap,
  drawn: Pick<NiftiFile, 'title' | 'digest'>,
  image: NiftiImage,
): Uint8Array {
  const sopClassUid = image.modality === 'CT' ? ctImageStorage : mrImageStorage;
  const name = `nifti ${drawn.digest} on ${image.digest}`;
  return writeSegmentation({
    labelMap: { ...labels, frameOfReferenceUid: image.grid.frameOfReferenceUid },
    source: {
      patientStudy: patientStudyOf(image),
      seriesInstanceUid: niftiSeries(image.digest),
      frames: Array.from({ length: image.grid.size[2] }, (_, k) => ({
        sopClassUid,
        sopInstanceUid: niftiSlice(image.digest, k),
      })),
    },
    seriesInstanceUid: uidFrom(`${name} series`),
    sopInstanceUid: uidFrom(name),
    seriesNumber: 2,
    seriesDescription: textOf(drawn.title) || 'NIfTI',
    // Who drew it, a person or a program, the file does not say.
    algorithm: { type: 'SEMIAUTOMATIC', name: 'NIfTI import' },
    // A fixed date: the same files are the same object.
    date: '19000101',
    time: '000000',
    contentLabel: 'NIFTI',
  });
}

function sharedElements(nifti: NiftiFile, modality: 'CT' | 'MR', scaled: Stored): DicomElements {
  const { digest, volume } = nifti;
  const [columns, rows] = volume.size;
  const [spacingI, spacingJ, spacingK] = spacing(volume.affine);
  const direction = [...unit(stepI(volume.affine)), ...unit(stepJ(volume.affine))];
  const signed = scaled.samples instanceof Int16Array ? 1 : 0;
  return {
    ...patientStudyElements(patientStudyOf(nifti)),
    ...equipmentElements('NIfTI import'),
    '00080008': element('CS', 'DERIVED', 'SECONDARY', 'AXIAL'),
    '00080016': element('UI', modality === 'CT' ? ctImageStorage : mrImageStorage),
    '00080060': element('CS', modality),
    '0008103E': element('LO', textOf(nifti.title) || 'NIfTI'),
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
    '0020000E': element('UI', niftiSeries(digest)),
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

/**
 * CT or MR; NIfTI does not say. Air of −1000 HU is in every CT and in nothing else. Where the air was
 * cut away (an atlas, a brain without its skull) HU are told by their values: whole, fat and rim a
 * little below 0, and nearly everything within the HU of soft tissue. A name decides where it speaks.
 */
function modalityOf({ volume: { data }, title }: NiftiFile): 'CT' | 'MR' {
  const [low, high] = range(data);
  if (low <= -500) return 'CT';
  const says = (words: RegExp): boolean => words.test(title);
  if (says(/(^|[^a-z])(mri?|t1w?|t2w?|flair|dwi|adc|swi)([^a-z]|$)/i)) return 'MR';
  const inHu = low >= -500 && high <= 4095;
  if (inHu && low < 0 && says(/(^|[^a-z])cta?([^a-z]|$)/i)) return 'CT';
  return inHu && low < 0 && high > 90 && softTissueShare(data) > 0.95 ? 'CT' : 'MR';
}

/** Of the voxels that are not 0, the share between fat and muscle in whole HU (−150…100). */
function softTissueShare(data: VoxelArray): number {
  let [soft, all] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value === 0) continue;
    all++;
    if (value >= -150 && value <= 100 && Number.isInteger(value)) soft++;
  }
  return all === 0 ? 0 : soft / all;
}

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
