import { constants, inflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import type { ImagePixel } from '@yuepian/dicom';
import { decodeFrame } from './decode.ts';
import { type DecodedFrame, nativeFrameBits } from './image.ts';
import { type ByteSource, fragmentsOfFrame, type PixelLocation } from './locate.ts';
import type { Palette } from './palette.ts';

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
export const maximumInflatedBytes = 2 ** 30;

/** @throws YuepianError truncated, too_large */
export function inflateDataset(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, {
      maxOutputLength: maximumInflatedBytes,
      // The stream may be followed by a padding byte (PS3.5 §A.5).
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new YuepianError('too_large', { limit: '1 GiB' }, { cause: error });
    }
    throw new YuepianError('truncated', { where: 'deflated data set' }, { cause: error });
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
      ? inflateDataset(
          await source.read({ start: stored.datasetOffset, end: source.size }),
        ).subarray(start, end)
      : await source.read({ start, end });
  return { bytes, bitOffset: firstBit % 8, vr: pixels.vr };
}

/** Reads and decodes a 1-based frame in this process. */
export async function readFrame(
  source: ByteSource,
  stored: StoredImage,
  frame: number,
  palette?: Palette,
): Promise<DecodedFrame> {
  const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
  return await decodeFrame(stored.image, stored.transferSyntaxUid, bytes, {
    bitOffset,
    vr,
    ...(palette === undefined ? {} : { palette }),
  });
}
