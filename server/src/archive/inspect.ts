import { YuepianError } from '@yuepian/contract';
import {
  type Dataset,
  describeInstance,
  type InstanceHeader,
  isDicomdir,
  isEncapsulated,
} from '@yuepian/dicom';
import type { StagedBlob } from '../storage/index.ts';
import {
  type ByteSource,
  locateFragments,
  nativeFrameBits,
  noPixels,
  type PixelLocation,
  readDatasetHead,
  transferSyntax,
} from './pixels/index.ts';

/** Where things lie in an instance's file, so that nothing is parsed twice. Plain JSON. */
export interface Place {
  /** First byte of the data set, after preamble and meta information. */
  readonly dataset: number;
  /** First byte after the attributes before the pixels: all that a reader of the header needs. */
  readonly header: number;
  readonly pixels: PixelLocation;
}

/** What was found out about a file before it may be stored. */
export interface Inspected {
  readonly header: InstanceHeader;
  readonly place: Place;
  readonly dataset: Dataset;
}

const pixelTags = [0x7fe00008, 0x7fe00009, 0x7fe00010];
const extendedOffsetTable = 0x7fe00001;
const undefinedLength = 0xffffffff;
/** First look; long headers (thousands of frames) make it grow. */
const headBytes = 1 << 16;
/** A header beyond this is no header; it bounds what one file can make the server hold. */
const maximumHeadBytes = 256 << 20;

/**
 * Reads the header of a received file, checks it, and finds its pixels.
 *
 * @throws empty_file, not_dicom, truncated, damaged_dicom, missing_uid, invalid_uid,
 *   pixel_data_short
 */
export async function inspect(staged: StagedBlob): Promise<Inspected> {
  if (staged.size === 0) throw new YuepianError('empty_file');
  const source: ByteSource = { size: staged.size, read: (range) => staged.read(range) };
  const { dataset, datasetOffset, deflated } = await readHead(source);
  if (isDicomdir(dataset)) throw new YuepianError('not_dicom', { kind: 'DICOMDIR' });
  const header = describeInstance(dataset);
  const pixels = await locatePixels(source, dataset, header, deflated);
  return {
    header,
    place: { dataset: datasetOffset, header: headEnd(source, dataset, deflated), pixels },
    dataset,
  };
}

async function readHead(
  source: ByteSource,
): Promise<{ dataset: Dataset; datasetOffset: number; deflated: boolean }> {
  for (let length = headBytes; ; length *= 4) {
    const bytes = await source.read({ start: 0, end: Math.min(length, source.size) });
    try {
      const { dataset, deflatedFrom } = await readDatasetHead(bytes, bytes.length === source.size);
      const datasetOffset = deflatedFrom ?? startOf(dataset);
      return { dataset, datasetOffset, deflated: deflatedFrom !== undefined };
    } catch (error) {
      const more = bytes.length < source.size && length < maximumHeadBytes;
      if (!(more && error instanceof YuepianError && error.code !== 'not_dicom')) throw error;
    }
  }
}

/** Where the first element of the data set begins: its value's offset less its own header. */
function startOf(dataset: Dataset): number {
  const length = dataset.meta?.element(0x00020000);
  if (length === undefined) return 0;
  return length.offset + 4 + (dataset.number(0x00020000) ?? 0);
}

function pixelElement(dataset: Dataset) {
  return pixelTags.map((tag) => dataset.element(tag)).find((e) => e !== undefined);
}

/** The whole file when it has no pixels, or cannot be read in part. */
function headEnd(source: ByteSource, dataset: Dataset, deflated: boolean): number {
  const element = pixelElement(dataset);
  return element === undefined || deflated ? source.size : element.offset;
}

async function locatePixels(
  source: ByteSource,
  dataset: Dataset,
  header: InstanceHeader,
  deflated: boolean,
): Promise<PixelLocation> {
  const element = pixelElement(dataset);
  if (element === undefined) return noPixels;
  const { offset, length, vr } = element;
  const { image } = header;
  if (length === undefinedLength) {
    const location = await locateFragments(source, offset, {
      frames: image?.numberOfFrames ?? 1,
      coding: transferSyntax(header.transferSyntaxUid)?.coding,
      extendedOffsets: dataset.numbers(extendedOffsetTable),
    });
    if (location.kind === 'encapsulated' && location.fragments.length === 0) {
      throw new YuepianError('pixel_data_short', { expected: 1, actual: 0 });
    }
    return location;
  }
  const size = deflated ? dataset.source.length : source.size;
  if (offset + length > size) throw new YuepianError('truncated', { where: 'PixelData' });
  if (image !== undefined && !isEncapsulated(header.transferSyntaxUid)) {
    const expected = Math.ceil((nativeFrameBits(image) * image.numberOfFrames) / 8);
    if (length < expected) throw new YuepianError('pixel_data_short', { expected, actual: length });
  }
  return { kind: 'native', offset, length, vr, ...(deflated ? { deflated: true as const } : {}) };
}
