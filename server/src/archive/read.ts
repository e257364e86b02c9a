import { YuepianError } from '@yuepian/contract';
import type { Dataset, InstanceHeader } from '@yuepian/dicom';
import type { BlobStore } from '../storage/index.ts';
import type { Place } from './inspect.ts';
import {
  type ByteSource,
  type DecodePool,
  makePalette,
  type Palette,
  readDatasetHead,
  readFrameBytes,
  type Samples,
  type StoredImage,
  storedSamples,
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
  const bytes = await source.read({ start: 0, end: place.header });
  return (await readDatasetHead(bytes)).dataset;
}

/** Stored samples of a frame, colours untouched. */
export async function readStored(
  source: Reader,
  stored: StoredImage,
  frame: number,
  pool: DecodePool,
): Promise<Samples> {
  const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
  const { image, transferSyntaxUid } = stored;
  return storedSamples(
    await pool.undo({ image, transferSyntaxUid, bytes, options: { bitOffset, vr } }),
  );
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
