import { YuepianError } from '@yuepian/contract';
import { type Dataset, type InstanceHeader, readDataset } from '@yuepian/dicom';
import type { BlobStore } from '../storage/index.ts';
import type { Place } from './inspect.ts';
import {
  type ByteSource,
  decodeStored,
  inflateDataset,
  makePalette,
  type Palette,
  readFrameBytes,
  type StoredImage,
  type StoredSamples,
} from './pixels/index.ts';
import type { ArchivedInstance } from './stored.ts';

export type Reader = ByteSource;

/** Random access to a stored instance's file. */
export const readerOf = (
  blobs: BlobStore,
  instance: Pick<ArchivedInstance, 'blob' | 'size'>,
): Reader => ({ size: instance.size, read: (range) => blobs.bytes(instance.blob, range) });

/** What is needed to read its frames; undefined when it holds no image. */
export function imageOf(
  header: InstanceHeader,
  transferSyntaxUid: string,
  place: Place,
): StoredImage | undefined {
  if (header.image === undefined || place.pixels.kind === 'none') return undefined;
  return {
    transferSyntaxUid,
    image: header.image,
    pixels: place.pixels,
    datasetOffset: place.dataset,
  };
}

/** Its attributes without the pixels. */
export async function readHeader(source: Reader, place: Place): Promise<Dataset> {
  return readDataset(await source.read({ start: 0, end: place.header }), {
    stopAtPixelData: true,
    inflateRaw: inflateDataset,
  });
}

/** Stored samples of a frame, colours untouched, decoded in this process. */
export async function readStored(
  source: Reader,
  stored: StoredImage,
  frame: number,
): Promise<StoredSamples> {
  const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
  return await decodeStored(stored.image, stored.transferSyntaxUid, bytes, { bitOffset, vr });
}

/** The colour tables of a PALETTE COLOR image. @throws cannot_decode when they are missing. */
export function paletteOf(dataset: Dataset): Palette {
  const channel = (n: 1 | 2 | 3) => {
    const segmented = dataset.has(0x00281220 + n);
    const element = dataset.element((segmented ? 0x00281220 : 0x00281200) + n);
    const data = element && dataset.bytes(element.tag);
    const descriptor = dataset.numbers(0x00281100 + n);
    if (element === undefined || data === undefined || descriptor.length < 3) {
      throw new YuepianError('cannot_decode', { reason: 'the colour palette is missing' });
    }
    return { descriptor, data, segmented, bigEndian: !element.littleEndian };
  };
  return makePalette([channel(1), channel(2), channel(3)]);
}
