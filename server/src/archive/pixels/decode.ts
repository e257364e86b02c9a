import { YuepianError } from '@yuepian/contract';
import { type ImagePixel, unpackBits, unpackNative } from '@yuepian/dicom';
import { expand422, interleave, ybrToRgb } from './colour.ts';
import type { DecodedFrame, Samples } from './image.ts';
import { applyPalette, type Palette } from './palette.ts';
import { type NativeFrame, type UndoOptions, undoCoding } from './undo.ts';

export interface DecodeOptions extends UndoOptions {
  /** Needed for PALETTE COLOR. */
  readonly palette?: Palette;
}

/**
 * One frame as stored values: monochrome with the sign extended, or RGB interleaved (YBR and
 * palettes converted, planes interleaved). Holds no server state; may run in any process.
 *
 * @param bytes the frame's bytes: a slice of native pixel data, or its fragments joined.
 * @throws unsupported_transfer_syntax, cannot_decode, pixel_data_short
 */
export async function decodeFrame(
  image: ImagePixel,
  transferSyntaxUid: string,
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedFrame> {
  const stored = await decodeStored(image, transferSyntaxUid, bytes, options);
  const frame = finish(image, stored, options.palette);
  // The result owns its memory: it may be handed to another thread, and pins no larger buffer.
  const { samples } = frame;
  return samples.byteLength === samples.buffer.byteLength && samples.buffer !== bytes.buffer
    ? frame
    : { ...frame, samples: samples.slice() };
}

/** Samples with the coding undone and nothing else; may be a view of the frame's bytes. */
interface StoredSamples {
  readonly samples: Samples;
  readonly photometric: string;
  /** RRR…GGG…BBB… instead of RGBRGB… */
  readonly planar: boolean;
}

/** Like `decodeFrame`, but colours stay as they are stored. */
async function decodeStored(
  image: ImagePixel,
  transferSyntaxUid: string,
  bytes: Uint8Array,
  options: UndoOptions = {},
): Promise<StoredSamples> {
  const native = await undoCoding(image, transferSyntaxUid, bytes, options);
  return {
    samples: storedSamples(native),
    photometric: native.image.photometricInterpretation,
    planar: native.image.planarConfiguration === 1 && image.samplesPerPixel > 1,
  };
}

/** One typed element a sample, in stored order; a view of the bytes where nothing has to change. */
export const storedSamples = ({ image, bytes }: NativeFrame): Samples =>
  image.bitsAllocated === 1
    ? unpackBits(bytes, 0, image.rows * image.columns)
    : unpackNative(image, bytes);

function finish(
  image: ImagePixel,
  { samples, photometric, planar }: StoredSamples,
  palette: Palette | undefined,
): DecodedFrame {
  const { rows, columns } = image;
  const rgb = (colour: Samples): DecodedFrame => ({
    rows,
    columns,
    samplesPerPixel: 3,
    photometric: 'RGB',
    samples: colour,
  });
  switch (photometric) {
    case 'MONOCHROME1':
    case 'MONOCHROME2':
      if (image.samplesPerPixel !== 1) break;
      return { rows, columns, samplesPerPixel: 1, photometric, samples };
    case 'PALETTE COLOR':
      if (palette === undefined) {
        throw new YuepianError('cannot_decode', { reason: 'the colour palette is missing' });
      }
      return rgb(applyPalette(samples, palette));
    case 'RGB':
      if (image.samplesPerPixel !== 3) break;
      return rgb(planar ? byPixel(samples) : samples);
    case 'YBR_FULL':
    case 'YBR_PARTIAL':
    case 'YBR_FULL_422':
    case 'YBR_PARTIAL_422': {
      if (!(samples instanceof Uint8Array) || image.samplesPerPixel !== 3) break;
      const whole = photometric.endsWith('_422')
        ? expand422(samples, rows * columns)
        : planar
          ? interleave(samples, new Uint8Array(samples.length))
          : samples;
      return rgb(ybrToRgb(whole, photometric.startsWith('YBR_PARTIAL')));
    }
  }
  throw new YuepianError('cannot_decode', {
    reason: `${photometric.slice(0, 32)} with ${image.samplesPerPixel} samples per pixel`,
  });
}

function byPixel(samples: Samples): Samples {
  if (samples instanceof Uint8Array) return interleave(samples, new Uint8Array(samples.length));
  if (samples instanceof Uint16Array) return interleave(samples, new Uint16Array(samples.length));
  if (samples instanceof Int16Array) return interleave(samples, new Int16Array(samples.length));
  throw new YuepianError('cannot_decode', { reason: 'colour planes of more than 16 bits' });
}
