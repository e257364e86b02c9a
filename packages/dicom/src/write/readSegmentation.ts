import { YuepianError } from '@yuepian/contract';
import { type Affine, cross, dot, norm, scale, type Vec3 } from '@yuepian/geometry';
import type { Dataset } from '../dataset.ts';
import { readDataset } from '../read.ts';
import { isEncapsulated } from '../uids.ts';
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
  readonly type: 'BINARY' | 'FRACTIONAL' | 'LABELMAP';
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

const segmentationTypes = ['BINARY', 'FRACTIONAL', 'LABELMAP'] as const;

/**
 * Reads a DICOM Segmentation of any type, ours or another maker's: BINARY; FRACTIONAL, where a pixel
 * belongs to a segment from half of the largest value on; LABELMAP (PS3.3 A.51, Supplement 243),
 * whose frames hold the numbers of the segments.
 * @throws YuepianError cannot_decode for another type, unsupported_transfer_syntax for compressed
 *   pixels, pixel_data_short, truncated or not_dicom.
 */
export function readSegmentation(input: Uint8Array | Dataset): ReadSegmentation {
  const dataset = input instanceof Uint8Array ? readDataset(input) : input;
  const stated = dataset.string('x00620001');
  const type = segmentationTypes.find((one) => one === stated);
  if (!type) {
    throw new YuepianError('cannot_decode', { reason: `segmentation of type ${stated || '?'}` });
  }
  if (isEncapsulated(dataset.transferSyntaxUid)) {
    throw new YuepianError('unsupported_transfer_syntax', { uid: dataset.transferSyntaxUid });
  }
  const columns = dataset.number('x00280011') ?? 0;
  const rows = dataset.number('x00280010') ?? 0;
  const segments = dataset.sequence('x00620002').map(readSegment);
  const places = readFrames(dataset, type === 'LABELMAP');
  const pixels = pixelsOf(dataset, type, columns * rows, places.length);
  const { frames, mask } =
    type === 'LABELMAP'
      ? splitByLabel(places, segments, pixels)
      : { frames: places, mask: (n: number) => Uint8Array.from(pixels(n), (v) => (v > 0 ? 1 : 0)) };
  const head = {
    sopInstanceUid: dataset.string('x00080018'),
    seriesInstanceUid: dataset.string('x0020000e'),
    frameOfReferenceUid: dataset.string('x00200052'),
    sourceSeriesInstanceUid: dataset.sequence('x00081115')[0]?.string('x0020000e') || undefined,
    description: dataset.string('x0008103e'),
    type,
    columns,
    rows,
    segments,
    frames,
    mask,
  };
  return { ...head, toLabelMap: (grid) => labelMapOf(head, grid) };
}

/** Values of a frame: 0 or 1, or the numbers of segments. */
function pixelsOf(
  dataset: Dataset,
  type: 'BINARY' | 'FRACTIONAL' | 'LABELMAP',
  count: number,
  frames: number,
): (frame: number) => Uint8Array | Uint16Array {
  const bytes = dataset.bytes('x7fe00010') ?? new Uint8Array(0);
  const allocated = dataset.number('x00280100') ?? 0;
  const expected = Math.ceil((count * frames * allocated) / 8);
  if (bytes.length < expected || count === 0) {
    throw new YuepianError('pixel_data_short', { expected, actual: bytes.length });
  }
  if (allocated === 1) return (n) => unpackFrame(bytes, n * count, count);
  if (allocated === 8 && type === 'FRACTIONAL') {
    const half = Math.max(1, Math.ceil((dataset.number('x0062000e') ?? 255) / 2));
    return (n) =>
      Uint8Array.from(bytes.subarray(n * count, (n + 1) * count), (v) => (v >= half ? 1 : 0));
  }
  if (allocated === 8) return (n) => bytes.subarray(n * count, (n + 1) * count);
  if (allocated === 16 && type === 'LABELMAP') {
    return (n) => new Uint16Array(bytes.slice(n * count * 2, (n + 1) * count * 2).buffer);
  }
  throw new YuepianError('cannot_decode', { reason: `${type} of ${allocated} bits` });
}

/** Frames that hold several segments, as one frame for each of them. */
function splitByLabel(
  places: readonly ReadSegmentFrame[],
  segments: readonly ReadSegment[],
  pixels: (frame: number) => Uint8Array | Uint16Array,
): Pick<ReadSegmentation, 'frames' | 'mask'> {
  const frames: ReadSegmentFrame[] = [];
  const stored: number[] = [];
  const numbers = new Set(segments.map((s) => s.number));
  places.forEach((place, n) => {
    for (const number of new Set<number>(pixels(n))) {
      if (!numbers.has(number) || number === 0) continue;
      frames.push({ ...place, segment: number });
      stored.push(n);
    }
  });
  const mask = (n: number): Uint8Array => {
    const number = frames[n]?.segment;
    return Uint8Array.from(pixels(stored[n] ?? 0), (v) => (v === number ? 1 : 0));
  };
  return { frames, mask };
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
function readFrames(dataset: Dataset, labelMap: boolean): ReadSegmentFrame[] {
  const shared = dataset.sequence('x52009229')[0];
  return dataset.sequence('x52009230').map((own, n) => {
    const group = (tag: string): Dataset | undefined =>
      own.sequence(tag)[0] ?? shared?.sequence(tag)[0];
    const p = group('x00209113')?.numbers('x00200032') ?? [];
    const o = group('x00209116')?.numbers('x00200037') ?? [];
    const s = group('x00289110')?.numbers('x00280030') ?? [];
    const segment = labelMap ? 0 : group('x0062000a')?.number('x0062000b');
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
