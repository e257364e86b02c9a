import { inflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import { type ImagePixel, unpackBits, unpackNative } from '@yuepian/dicom';
import { type CompressedCoding, decodeCompressed } from './codec.ts';
import { type CodestreamSize, codestreamSize } from './codestream.ts';
import { expand422, interleave, ybrToRgb } from './colour.ts';
import { type DecodedFrame, nativeFrameBits, type Samples } from './image.ts';
import { applyPalette, type Palette } from './palette.ts';
import { decodeRle } from './rle.ts';
import { explicitBigEndian, type TransferSyntax, transferSyntax } from './syntaxes.ts';

/** A frame larger than this is refused: 1 GiB of samples is no image anybody reads. */
const maximumFrameBytes = 1 << 30;

export interface DecodeOptions {
  /** Needed for PALETTE COLOR. */
  readonly palette?: Palette;
  /** Where the frame starts in its first byte, for native frames packed bit by bit. */
  readonly bitOffset?: number;
  /** Value representation of native Pixel Data; matters for 8-bit big-endian ones. Default OW. */
  readonly vr?: string;
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

/** Samples with the codec undone and nothing else. */
export interface StoredSamples {
  readonly samples: Samples;
  /** What the samples mean now; a codec may have undone its own colour transform. */
  readonly photometric: string;
  /** RRR…GGG…BBB… instead of RGBRGB… */
  readonly planar: boolean;
}

/** Like `decodeFrame`, but colours stay as they are stored: lossless, for transcoding. */
export async function decodeStored(
  image: ImagePixel,
  transferSyntaxUid: string,
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Promise<StoredSamples> {
  const syntax = transferSyntax(transferSyntaxUid);
  if (syntax === undefined) {
    throw new YuepianError('unsupported_transfer_syntax', { uid: transferSyntaxUid });
  }
  checkSize(image);
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (syntax.coding === 'native') return native(image, syntax, plain, options);
  if (syntax.coding === 'deflate') return native(image, syntax, inflateFrame(image, plain), {});
  if (syntax.coding === 'rle') return rle(image, plain);
  return await compressed(image, syntax.coding, plain);
}

/** Deflated Image Frame Compression (PS3.5 §8.2.16, §A.4.15): one raw DEFLATE stream a frame. */
function inflateFrame(image: ImagePixel, bytes: Uint8Array): Uint8Array {
  try {
    const maxOutputLength = Math.ceil(nativeFrameBits(image) / 8) + 1;
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new YuepianError('cannot_decode', { reason }, { cause: error });
  }
}

function native(
  image: ImagePixel,
  syntax: TransferSyntax,
  bytes: Uint8Array,
  options: DecodeOptions,
): StoredSamples {
  const bits = nativeFrameBits(image);
  const bitOffset = options.bitOffset ?? 0;
  const expected = Math.ceil((bits + bitOffset) / 8);
  if (bytes.byteLength < expected) {
    throw new YuepianError('pixel_data_short', { expected, actual: bytes.byteLength });
  }
  const samples =
    image.bitsAllocated === 1
      ? unpackBits(bytes, bitOffset, bits)
      : unpackNative(image, bytes, {
          littleEndian: syntax.uid !== explicitBigEndian,
          vr: options.vr ?? 'OW',
        });
  return {
    samples,
    photometric: image.photometricInterpretation,
    planar: image.planarConfiguration === 1,
  };
}

function rle(image: ImagePixel, bytes: Uint8Array): StoredSamples {
  const decoded = decodeRle(image, bytes);
  // Segments are 4:4:4, whatever the photometric interpretation is called (PS3.5 §G.2).
  const photometric = image.photometricInterpretation.replace('_422', '');
  const samples =
    image.bitsAllocated === 1
      ? unpackBits(decoded, 0, image.rows * image.columns)
      : unpackNative({ ...image, photometricInterpretation: photometric }, decoded);
  return { samples, photometric, planar: false };
}

async function compressed(
  image: ImagePixel,
  coding: CompressedCoding,
  bytes: Uint8Array,
): Promise<StoredSamples> {
  const photometric = image.photometricInterpretation;
  const size = codestreamSize(coding, bytes);
  if (coding !== 'jpeg-xl') checkCodestream(image, size);
  const precision = size?.precision ?? image.bitsStored;
  const bitsAllocated = precision > 8 ? 16 : 8;
  const decoded = await decodeCompressed(
    coding,
    {
      rows: image.rows,
      columns: image.columns,
      samplesPerPixel: image.samplesPerPixel,
      photometricInterpretation: photometric,
      bitsAllocated,
      bitsStored: precision,
      pixelRepresentation: image.pixelRepresentation,
    },
    bytes,
  );
  const bitsStored = Math.min(image.bitsStored, bitsAllocated);
  const samples = unpackNative(
    {
      ...image,
      bitsAllocated,
      bitsStored,
      // Codecs put the value into the low bits, whatever High Bit says.
      highBit: bitsStored - 1,
      sampleType: 'integer',
      photometricInterpretation: 'decoded',
    },
    decoded,
  );
  return { samples, photometric: afterCodec(coding, photometric), planar: false };
}

/** What the samples mean once the codec has undone its own colour transform. */
function afterCodec(coding: CompressedCoding, photometric: string): string {
  if (photometric === 'YBR_RCT' || photometric === 'YBR_ICT') return 'RGB';
  if (coding === 'jpeg-xl' && /^(YBR|XYB)/.test(photometric)) return 'RGB';
  return photometric.replace('_422', '');
}

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
      return { rows, columns, samplesPerPixel: 1, photometric, samples };
    case 'PALETTE COLOR':
      if (palette === undefined) {
        throw new YuepianError('cannot_decode', { reason: 'the colour palette is missing' });
      }
      return rgb(applyPalette(samples, palette));
    case 'RGB':
      return rgb(planar ? byPixel(samples) : samples);
    case 'YBR_FULL':
    case 'YBR_PARTIAL':
    case 'YBR_FULL_422':
    case 'YBR_PARTIAL_422': {
      if (!(samples instanceof Uint8Array)) break;
      const whole = photometric.endsWith('_422')
        ? expand422(samples, rows * columns)
        : planar
          ? interleave(samples, new Uint8Array(samples.length))
          : samples;
      return rgb(ybrToRgb(whole, photometric.startsWith('YBR_PARTIAL')));
    }
  }
  throw new YuepianError('cannot_decode', {
    reason: `photometric interpretation ${photometric.slice(0, 32)}`,
  });
}

function byPixel(samples: Samples): Samples {
  if (samples instanceof Uint8Array) return interleave(samples, new Uint8Array(samples.length));
  if (samples instanceof Uint16Array) return interleave(samples, new Uint16Array(samples.length));
  if (samples instanceof Int16Array) return interleave(samples, new Int16Array(samples.length));
  throw new YuepianError('cannot_decode', { reason: 'colour planes of more than 16 bits' });
}

function checkSize(image: ImagePixel): void {
  const { rows, columns, samplesPerPixel, bitsAllocated } = image;
  const bytes = (rows * columns * samplesPerPixel * bitsAllocated) / 8;
  if (!(rows > 0 && columns > 0) || (samplesPerPixel !== 1 && samplesPerPixel !== 3)) {
    throw new YuepianError('cannot_decode', {
      reason: `${columns} × ${rows}, ${samplesPerPixel} samples per pixel`,
    });
  }
  if (bytes > maximumFrameBytes) {
    throw new YuepianError('cannot_decode', { reason: `a frame of ${Math.round(bytes)} bytes` });
  }
}

function checkCodestream(image: ImagePixel, size: CodestreamSize | undefined): void {
  if (size === undefined) {
    throw new YuepianError('cannot_decode', { reason: 'no compressed image found' });
  }
  if (
    size.rows !== image.rows ||
    size.columns !== image.columns ||
    size.components !== image.samplesPerPixel
  ) {
    throw new YuepianError('cannot_decode', {
      reason:
        `the compressed image is ${size.columns} × ${size.rows} × ${size.components}, ` +
        `the header says ${image.columns} × ${image.rows} × ${image.samplesPerPixel}`,
    });
  }
  if (!size.complete) {
    throw new YuepianError('cannot_decode', { reason: 'the compressed image is cut off' });
  }
}
