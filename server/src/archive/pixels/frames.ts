import { promisify } from 'node:util';
import { constants, inflateRaw, inflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import { type Dataset, type ImagePixel, readDataset } from '@yuepian/dicom';
import { nativeFrameBits } from './image.ts';
import { type ByteSource, fragmentsOfFrame, type PixelLocation } from './locate.ts';

/** All that is needed to read the frames of one instance; plain JSON, for another process too. */
export interface StoredImage {
  readonly transferSyntaxUid: string;
  readonly image: ImagePixel;
  readonly pixels: PixelLocation;
  /** Where the data set starts in the file; only needed for deflated ones. */
  readonly datasetOffset: number;
}

export interface FrameBytes {
  /** As stored: native samples or a compressed codestream. */
  readonly bytes: Uint8Array;
  /** Where a bit-packed frame starts in the first byte. */
  readonly bitOffset: number;
  readonly vr: string;
}

/** An inflated data set larger than this is taken for a bomb. */
const maximumInflatedBytes = 256 << 20;
// The stream may be followed by a padding byte (PS3.5 §A.5).
const inflateOptions = {
  maxOutputLength: maximumInflatedBytes,
  finishFlush: constants.Z_SYNC_FLUSH,
} as const;
const inflateBeside = promisify<Uint8Array, typeof inflateOptions, Buffer>(inflateRaw);

/** For a child process, where nobody waits. @throws YuepianError truncated, too_large */
export function inflateDataset(bytes: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(bytes, inflateOptions));
  } catch (error) {
    throw inflateError(error);
  }
}

/** The same in a thread of its own. */
export async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return new Uint8Array(await inflateBeside(bytes, inflateOptions));
  } catch (error) {
    throw inflateError(error);
  }
}

function inflateError(error: unknown): YuepianError {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ERR_BUFFER_TOO_LARGE'
    ? new YuepianError('too_large', { limit: '256 MiB' }, { cause: error })
    : new YuepianError('truncated', { where: 'deflated data set' }, { cause: error });
}

/**
 * Reads a data set up to its pixels without blocking for a deflated one.
 *
 * @param whole false when `bytes` is only the beginning of the file: a deflated data set cannot be
 *   read in part and throws truncated then.
 */
export async function readDatasetHead(
  bytes: Uint8Array,
  whole = true,
): Promise<{ dataset: Dataset; deflatedFrom: number | undefined }> {
  let deflated: Uint8Array | undefined;
  try {
    const inflateRaw = (rest: Uint8Array): Uint8Array => {
      deflated = rest;
      throw new YuepianError('truncated', { where: 'deflated data set' });
    };
    const dataset = readDataset(bytes, { stopAtPixelData: true, inflateRaw });
    return { dataset, deflatedFrom: undefined };
  } catch (error) {
    if (deflated === undefined || !whole) throw error;
    const inflated = await inflate(deflated);
    const deflatedFrom = deflated.byteOffset - bytes.byteOffset;
    const dataset = readDataset(bytes, { stopAtPixelData: true, inflateRaw: () => inflated });
    return { dataset, deflatedFrom };
  }
}

/**
 * The stored bytes of a 1-based frame.
 * @throws no_pixels, not_found, cannot_decode, pixel_data_short
 */
export async function readFrameBytes(
  source: ByteSource,
  stored: StoredImage,
  frame: number,
): Promise<FrameBytes> {
  const { image, pixels } = stored;
  if (pixels.kind === 'none') throw new YuepianError('no_pixels');
  if (frame < 1 || frame > image.numberOfFrames) {
    throw new YuepianError('not_found', { what: `frame ${frame}` });
  }
  if (pixels.kind === 'encapsulated') {
    const ranges = fragmentsOfFrame(pixels, frame);
    const parts = await Promise.all(ranges.map((range) => source.read(range)));
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    return { bytes, bitOffset: 0, vr: 'OB' };
  }
  const bits = nativeFrameBits(image);
  const firstBit = bits * (frame - 1);
  const start = pixels.offset + Math.floor(firstBit / 8);
  const end = pixels.offset + Math.ceil((firstBit + bits) / 8);
  if (end > pixels.offset + pixels.length) {
    throw new YuepianError('pixel_data_short', {
      expected: end - pixels.offset,
      actual: pixels.length,
    });
  }
  const bytes =
    pixels.deflated === true
      ? (
          await inflate(await source.read({ start: stored.datasetOffset, end: source.size }))
        ).subarray(start, end)
      : await source.read({ start, end });
  return { bytes, bitOffset: firstBit % 8, vr: pixels.vr };
}
