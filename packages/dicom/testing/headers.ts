import type { Vec3 } from '@yuepian/geometry';
import type { FrameHeader, ImagePixel, InstanceHeader } from '../src/index.ts';

const image: ImagePixel = {
  rows: 4,
  columns: 6,
  numberOfFrames: 1,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  pixelRepresentation: 1,
  planarConfiguration: 0,
  sampleType: 'integer',
};

let serial = 0;

export interface SliceOptions {
  readonly header?: Partial<InstanceHeader>;
  readonly image?: Partial<ImagePixel>;
  readonly frame?: Partial<FrameHeader>;
  /** Give undefined to leave the position out. */
  readonly position?: Vec3 | undefined;
}

export const frame = (o: Partial<FrameHeader> = {}): FrameHeader => ({
  frame: 1,
  position: [0, 0, 0],
  orientation: [1, 0, 0, 0, 1, 0],
  pixelSpacing: [2, 1],
  spacingSource: 'patient',
  imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  rescale: { slope: 1, intercept: 0 },
  unit: 'HU',
  windows: [],
  ...o,
});

/** An instance of one frame at a place; each call makes another one. */
export function slice(position: Vec3 | undefined, o: SliceOptions = {}): InstanceHeader {
  serial++;
  const { position: _, ...unplaced } = frame(o.frame);
  return {
    sopInstanceUid: `1.2.${serial}`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    studyInstanceUid: '1.1',
    seriesInstanceUid: '1.1.1',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    patient: {
      id: '',
      name: { alphabetic: '', ideographic: '', phonetic: '' },
      sex: '',
      birthDate: '',
      age: '',
    },
    study: {
      id: '',
      date: '',
      time: '',
      description: '',
      accessionNumber: '',
      referringPhysician: { alphabetic: '', ideographic: '', phonetic: '' },
    },
    series: {
      modality: 'CT',
      description: '',
      bodyPart: '',
      protocol: '',
      date: '',
      time: '',
      manufacturer: '',
    },
    instanceNumber: serial,
    frameOfReferenceUid: '1.9',
    kind: 'image',
    image: { ...image, ...o.image },
    lossy: false,
    frames: [position ? { ...unplaced, position } : unplaced],
    ...o.header,
  };
}

/** Axial slices at heights z. */
export const stack = (heights: readonly number[], o: SliceOptions = {}): InstanceHeader[] =>
  heights.map((z) => slice([0, 0, z], o));

export const range = (count: number, step = 1, from = 0): number[] =>
  Array.from({ length: count }, (_, n) => from + n * step);

/** The same for every run: sorts by a hash of the place. */
export const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value, n) => ({ value, key: ((n * 7919) % 104729) % 31 }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
