import { YuepianError } from '@yuepian/contract';
import {
  type LabelMap,
  norm,
  type Segment,
  stepI,
  stepJ,
  stepK,
  toPatient,
  unit,
} from '@yuepian/geometry';
import { packFrame } from './bits.ts';
import { cielabOf } from './cielab.ts';
import { codeItem, type DicomElements, element, sequence } from './elements.ts';
import { type WriteOptions, writeInstance } from './instance.ts';
import { equipmentElements, type PatientStudy, patientStudyElements } from './modules.ts';
import { codesOf, colourOf, labelOf, type SegmentConcept } from './segmentCodes.ts';
import { uidFrom } from './uid.ts';

export const segmentationStorage = '1.2.840.10008.5.1.4.1.1.66.4';
export const labelMapSegmentationStorage = '1.2.840.10008.5.1.4.1.1.66.7';

/** The image a slice of the label map was drawn on. */
export interface SourceFrame {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Frame number from 1, for a multi-frame source. */
  readonly frame?: number;
}

export interface SegmentationSource {
  readonly patientStudy: PatientStudy;
  /** The series the label map was made from. */
  readonly seriesInstanceUid: string;
  /**
   * `frames[k]` belongs to slice k of the label map. Leave it out (or leave holes) where the grid is
   * resampled and no stored image lies on that plane.
   */
  readonly frames?: readonly (SourceFrame | undefined)[];
}

export interface SegmentationInput {
  /** Segments may overlap: a segment is the union of its labels. */
  readonly labelMap: LabelMap;
  readonly source: SegmentationSource;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly seriesNumber: number;
  readonly seriesDescription: string;
  /** Who or what drew the segments. The name is needed unless MANUAL (PS3.3 C.8.20.4). */
  readonly algorithm: {
    readonly type: 'AUTOMATIC' | 'SEMIAUTOMATIC' | 'MANUAL';
    readonly name: string;
  };
  /** Names, colours and codes of segments whose keys the table of structures does not know. */
  readonly concepts?: ReadonlyMap<string, SegmentConcept>;
  /** YYYYMMDD and HHMMSS of this object. */
  readonly date: string;
  readonly time: string;
  /** At most 16 capitals, digits, spaces and underscores. */
  readonly contentLabel?: string;
  readonly write?: WriteOptions;
}

interface PlannedFrame {
  /** From 1. */
  readonly segment: number;
  readonly k: number;
}

/**
 * A DICOM Segmentation (PS3.3 A.51) of type BINARY: bits packed, only frames that hold a pixel,
 * ordered by segment and then along the slice normal.
 * @throws YuepianError invalid_request when no segment has a voxel.
 */
export function writeSegmentation(input: SegmentationInput): Uint8Array {
  const { labelMap } = input;
  const members = labelMap.segments.map((segment) => memberTable(segment));
  const frames = planFrames(labelMap, members);
  if (frames.length === 0) {
    throw new YuepianError('invalid_request', { reason: 'no segment has a voxel' });
  }
  const [nx, ny] = labelMap.size;
  const pixels = nx * ny;
  const bits = new Uint8Array(Math.ceil((pixels * frames.length) / 8));
  frames.forEach(({ segment, k }, n) => {
    const slice = labelMap.data.subarray(k * pixels, (k + 1) * pixels);
    packFrame(bits, n * pixels, slice, members[segment - 1] as Uint8Array);
  });
  return writeInstance(
    {
      ...patientStudyElements(input.source.patientStudy),
      ...equipmentElements('Segmentation'),
      ...describeObject(input, frames.length),
      ...describeFrames(input, frames),
      '00620002': sequence(...labelMap.segments.map((s, n) => describeSegment(input, s, n + 1))),
      '7FE00010': { vr: 'OB', bytes: bits },
    },
    input.write,
  );
}

function memberTable(segment: Segment): Uint8Array {
  const table = new Uint8Array(256);
  for (const label of segment.labels) table[label] = 1;
  return table;
}

function planFrames(labelMap: LabelMap, members: readonly Uint8Array[]): PlannedFrame[] {
  const [nx, ny, nz] = labelMap.size;
  const present: number[][] = [];
  for (let k = 0; k < nz; k++) {
    const seen = new Uint8Array(256);
    const end = (k + 1) * nx * ny;
    for (let at = k * nx * ny; at < end; at++) seen[labelMap.data[at] as number] = 1;
    present.push([...seen.keys()].filter((label) => seen[label] === 1));
  }
  return members.flatMap((member, n) =>
    present.flatMap((labels, k) =>
      labels.some((label) => member[label] === 1) ? [{ segment: n + 1, k }] : [],
    ),
  );
}

function describeObject(input: SegmentationInput, frameCount: number): DicomElements {
  const { labelMap, algorithm } = input;
  const owners = new Set<number>();
  const labels = labelMap.segments.flatMap((segment) => segment.labels);
  for (const label of labels) owners.add(label);
  return {
    '00080008': element('CS', 'DERIVED', 'PRIMARY'),
    '00080016': element('UI', segmentationStorage),
    '00080018': element('UI', input.sopInstanceUid),
    '00080021': element('DA', input.date),
    '00080023': element('DA', input.date),
    '00080031': element('TM', input.time),
    '00080033': element('TM', input.time),
    '00080060': element('CS', 'SEG'),
    '0008103E': element('LO', input.seriesDescription),
    '0020000E': element('UI', input.seriesInstanceUid),
    '00200011': element('IS', input.seriesNumber),
    '00200013': element('IS', 1),
    '00200052': element('UI', labelMap.frameOfReferenceUid),
    '00201040': element('LO'),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280008': element('IS', frameCount),
    '00280010': element('US', labelMap.size[1]),
    '00280011': element('US', labelMap.size[0]),
    '00280100': element('US', 1),
    '00280101': element('US', 1),
    '00280102': element('US', 0),
    '00280103': element('US', 0),
    '00282110': element('CS', '00'),
    '00620001': element('CS', 'BINARY'),
    '00620013': element('CS', owners.size < labels.length ? 'YES' : 'NO'),
    '00700080': element('CS', input.contentLabel ?? 'SEGMENTATION'),
    '00700081': element('LO', input.seriesDescription),
    '00700084': element('PN', {
      Alphabetic: algorithm.type === 'MANUAL' ? algorithm.name : 'Software^Yuepian',
    }),
  };
}

function describeSegment(
  input: SegmentationInput,
  segment: Segment,
  number: number,
): DicomElements {
  const concept = input.concepts?.get(segment.key);
  const codes = concept?.codes ?? codesOf(segment.key);
  const { algorithm } = input;
  return {
    '00620003': sequence(codeItem(codes.category)),
    '00620004': element('US', number),
    '00620005': element('LO', cut(concept?.label ?? labelOf(segment.key))),
    '00620008': element('CS', algorithm.type),
    ...(algorithm.type === 'MANUAL' ? {} : { '00620009': element('LO', cut(algorithm.name)) }),
    '0062000D': element('US', ...cielabOf(concept?.colour ?? colourOf(segment.key))),
    '0062000F': sequence({
      ...codeItem(codes.type),
      ...(codes.laterality ? { '00620011': sequence(codeItem(codes.laterality)) } : {}),
    }),
    // Our key, so that our own objects come back under the very name they were written with.
    '00620020': element('UT', segment.key),
    '00620021': element('UI', uidFrom(`segment ${input.sopInstanceUid} ${segment.key}`)),
  };
}

/** LO holds at most 64 characters (PS3.5 §6.2). */
const cut = (text: string): string => [...text].slice(0, 64).join('');

function describeFrames(input: SegmentationInput, frames: readonly PlannedFrame[]): DicomElements {
  const { labelMap, source } = input;
  const m = labelMap.affine;
  const organisation = uidFrom(`dimensions ${input.sopInstanceUid}`);
  const dimension = (pointer: string, group: string, label: string): DicomElements => ({
    '00209164': element('UI', organisation),
    '00209165': element('AT', pointer),
    '00209167': element('AT', group),
    '00209421': element('LO', label),
  });
  const used = [...new Set(frames.map((frame) => frame.k))].sort((a, b) => a - b);
  const positionIndex = new Map(used.map((k, n) => [k, n + 1]));
  const thickness = norm(stepK(m));
  return {
    ...referencedSeries(source, used),
    '00209221': sequence({ '00209164': element('UI', organisation) }),
    '00209222': sequence(
      dimension('0062000B', '0062000A', 'Segment number'),
      dimension('00200032', '00209113', 'Position of the slice'),
    ),
    '52009229': sequence({
      '00209116': sequence({
        '00200037': element('DS', ...unit(stepI(m)), ...unit(stepJ(m))),
      }),
      '00289110': sequence({
        '00180050': element('DS', thickness),
        '00180088': element('DS', thickness),
        '00280030': element('DS', norm(stepJ(m)), norm(stepI(m))),
      }),
    }),
    '52009230': sequence(
      ...frames.map(({ segment, k }) => ({
        '00209111': sequence({
          '00209157': element('UL', segment, positionIndex.get(k) ?? 0),
        }),
        '00209113': sequence({ '00200032': element('DS', ...toPatient(m, [0, 0, k])) }),
        '0062000A': sequence({ '0062000B': element('US', segment) }),
        ...derivation(source.frames?.[k]),
      })),
    ),
  };
}

/** Derivation Image functional group (PS3.3 C.7.6.16.2.6), with codes of CID 7203 and CID 7202. */
function derivation(frame: SourceFrame | undefined): DicomElements {
  if (!frame) return {};
  return {
    '00089124': sequence({
      '00082112': sequence({
        ...referenceItem(frame),
        '0040A170': sequence(
          codeItem({
            value: '121322',
            scheme: 'DCM',
            meaning: 'Source image for image processing operation',
          }),
        ),
      }),
      '00089215': sequence(codeItem({ value: '113076', scheme: 'DCM', meaning: 'Segmentation' })),
    }),
  };
}

const referenceItem = (frame: SourceFrame): DicomElements => ({
  '00081150': element('UI', frame.sopClassUid),
  '00081155': element('UI', frame.sopInstanceUid),
  ...(frame.frame === undefined ? {} : { '00081160': element('IS', frame.frame) }),
});

/** Common Instance Reference (PS3.3 C.12.2): every image that a frame names, once. */
function referencedSeries(source: SegmentationSource, slices: readonly number[]): DicomElements {
  const images = new Map<string, SourceFrame>();
  for (const k of slices) {
    const frame = source.frames?.[k];
    if (frame) images.set(frame.sopInstanceUid, frame);
  }
  if (images.size === 0) return {};
  return {
    '00081115': sequence({
      '0008114A': sequence(
        ...[...images.values()].map(({ sopClassUid, sopInstanceUid }) =>
          referenceItem({ sopClassUid, sopInstanceUid }),
        ),
      ),
      '0020000E': element('UI', source.seriesInstanceUid),
    }),
  };
}
