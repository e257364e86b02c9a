import { YuepianError } from '@yuepian/contract';
import { type Affine, cross, dot, norm, scale, type Vec3 } from '@yuepian/geometry';
import type { Dataset } from '../dataset.ts';
import { readDataset } from '../read.ts';
import { unpackFrame } from './bits.ts';
import { colourOfCielab } from './cielab.ts';
import type { CodedConcept } from './elements.ts';
import { labelMapOf, type SegmentationGrid } from './segmentationGrid.ts';
import { keyOfCodes, type SegmentCodes } from './segmentCodes.ts';

export interface ReadSegment {
  readonly number: number;
  /** The key it was written with (ours), or that its codes stand for, or `segment_<number>`. */
  readonly key: string;
  readonly label: string;
  readonly codes: SegmentCodes;
  readonly algorithmType: string;
  readonly algorithmName: string;
  /** `#rrggbb`, when the object recommends one. */
  readonly colour?: string;
}

export interface ReadSegmentFrame {
  /** ReadSegment.number */
  readonly segment: number;
  /** Centre of the first pixel, LPS mm. */
  readonly position: Vec3;
  /** Direction cosines along a row, then along a column. */
  readonly orientation: readonly [Vec3, Vec3];
  /** mm between columns, then between rows. */
  readonly spacing: readonly [number, number];
  readonly source?: { readonly sopInstanceUid: string; readonly frame?: number };
}

export interface ReadSegmentation {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly frameOfReferenceUid: string;
  /** Series and images it was drawn on, as far as it says. */
  readonly sourceSeriesInstanceUid: string | undefined;
  readonly description: string;
  readonly columns: number;
  readonly rows: number;
  readonly segments: readonly ReadSegment[];
  readonly frames: readonly ReadSegmentFrame[];
  /** rows × columns bytes, 0 or 1. */
  mask(frame: number): Uint8Array;
  /**
   * Segments as exclusive labels on a grid: that of the source volume, or, when left out, the
   * object's own. Where segments overlap, a label of its own stands for each combination, and each
   * segment lists all labels it owns. Voxels between the object's planes stay background.
   * @throws YuepianError cannot_decode for more than 255 combinations, not_a_volume when the object
   * has no uniform grid of its own and none is given.
   */
  toLabelMap(grid?: SegmentationGrid): ReturnType<typeof labelMapOf>;
}

/**
 * Reads a DICOM Segmentation of type BINARY, ours or another maker's.
 * @throws YuepianError cannot_decode for another type, pixel_data_short, truncated or not_dicom.
 */
export function readSegmentation(input: Uint8Array | Dataset): ReadSegmentation {
  const dataset = input instanceof Uint8Array ? readDataset(input) : input;
  const type = dataset.string('x00620001');
  if (type !== 'BINARY') {
    throw new YuepianError('cannot_decode', { reason: `segmentation of type ${type || '?'}` });
  }
  const columns = dataset.number('x00280011') ?? 0;
  const rows = dataset.number('x00280010') ?? 0;
  const frames = readFrames(dataset);
  const bits = dataset.bytes('x7fe00010') ?? new Uint8Array(0);
  const expected = Math.ceil((columns * rows * frames.length) / 8);
  if (bits.length < expected || columns * rows === 0) {
    throw new YuepianError('pixel_data_short', { expected, actual: bits.length });
  }
  const segments = dataset.sequence('x00620002').map(readSegment);
  const mask = (frame: number) => unpackFrame(bits, frame * columns * rows, columns * rows);
  const head = {
    sopInstanceUid: dataset.string('x00080018'),
    seriesInstanceUid: dataset.string('x0020000e'),
    frameOfReferenceUid: dataset.string('x00200052'),
    sourceSeriesInstanceUid: dataset.sequence('x00081115')[0]?.string('x0020000e') || undefined,
    description: dataset.string('x0008103e'),
    columns,
    rows,
    segments,
    frames,
    mask,
  };
  return { ...head, toLabelMap: (grid) => labelMapOf(head, grid) };
}

function readSegment(item: Dataset): ReadSegment {
  const number = item.number('x00620004') ?? 0;
  const typeItem = item.sequence('x0062000f')[0];
  const laterality = typeItem?.sequence('x00620011')[0];
  const codes: SegmentCodes = {
    category: readCode(item.sequence('x00620003')[0]),
    type: readCode(typeItem),
    ...(laterality ? { laterality: readCode(laterality) } : {}),
  };
  const lab = item.numbers('x0062000d');
  const [l, a, b] = lab;
  const label = item.string('x00620005');
  return {
    number,
    key: keyOf(item.string('x00620020'), codes) ?? `segment_${number}`,
    label,
    codes,
    algorithmType: item.string('x00620008'),
    algorithmName: item.string('x00620009'),
    ...(l !== undefined && a !== undefined && b !== undefined
      ? { colour: colourOfCielab([l, a, b]) }
      : {}),
  };
}

/** Our tracking ID is trusted only when the codes agree: other makers use it for other names. */
function keyOf(trackingId: string | undefined, codes: SegmentCodes): string | undefined {
  const coded = keyOfCodes(codes);
  if (coded && trackingId?.replace(/_\d+$/, '') === coded) return trackingId;
  return coded;
}

const readCode = (item: Dataset | undefined): CodedConcept => ({
  value: item?.string('x00080100') || item?.string('x00080119') || '',
  scheme: item?.string('x00080102') ?? '',
  meaning: item?.string('x00080104') ?? '',
});

/** Functional groups, per frame first, then shared (PS3.3 C.7.6.16). */
function readFrames(dataset: Dataset): ReadSegmentFrame[] {
  const shared = dataset.sequence('x52009229')[0];
  return dataset.sequence('x52009230').map((own, n) => {
    const group = (tag: string): Dataset | undefined =>
      own.sequence(tag)[0] ?? shared?.sequence(tag)[0];
    const p = group('x00209113')?.numbers('x00200032') ?? [];
    const o = group('x00209116')?.numbers('x00200037') ?? [];
    const s = group('x00289110')?.numbers('x00280030') ?? [];
    const segment = group('x0062000a')?.number('x0062000b');
    if (p.length < 3 || o.length < 6 || s.length < 2 || segment === undefined) {
      throw new YuepianError('cannot_decode', { reason: `frame ${n + 1} has no place or segment` });
    }
    const image = group('x00089124')?.sequence('x00082112')[0];
    const sopInstanceUid = image?.string('x00081155');
    const frame = image?.number('x00081160');
    return {
      segment,
      position: vec3(p, 0),
      orientation: [vec3(o, 0), vec3(o, 3)],
      spacing: [s[1] as number, s[0] as number],
      ...(sopInstanceUid
        ? { source: { sopInstanceUid, ...(frame === undefined ? {} : { frame }) } }
        : {}),
    };
  });
}

const vec3 = (v: readonly number[], at: number): Vec3 => [
  v[at] as number,
  v[at + 1] as number,
  v[at + 2] as number,
];

/** Affine of one frame's pixels; the third column is the unit normal. */
export function frameAffine(frame: ReadSegmentFrame): Affine {
  const [u, v] = frame.orientation;
  const [i, j, n, o] = [
    scale(u, frame.spacing[0]),
    scale(v, frame.spacing[1]),
    cross(u, v),
    frame.position,
  ];
  if (!(norm(n) > 0.5) || !Number.isFinite(dot(i, j))) {
    throw new YuepianError('cannot_decode', { reason: 'orientation of a frame' });
  }
  return [i[0], j[0], n[0], o[0], i[1], j[1], n[1], o[1], i[2], j[2], n[2], o[2]];
}
