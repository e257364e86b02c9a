import { inflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import type { ImagePixel } from '@yuepian/dicom';
import { type CompressedCoding, decodeCompressed } from './codec.ts';
import { type CodestreamSize, codestreamSize } from './codestream.ts';
import { nativeFrameBits } from './image.ts';
import { decodeRle } from './rle.ts';
import { explicitBigEndian, transferSyntax } from './syntaxes.ts';

/** A frame larger than this is refused: 1 GiB of samples is no image anybody reads. */
const maximumFrameBytes = 1 << 30;

export interface UndoOptions {
  /** Where the frame starts in its first byte, for native frames packed bit by bit. */
  readonly bitOffset?: number;
  /** Value representation of native Pixel Data; matters for 8-bit big-endian ones. Default OW. */
  readonly vr?: string;
}

/** One frame as explicit VR little endian would store it. */
export interface NativeFrame {
  /** Little-endian samples; bits above High Bit are as they were. */
  readonly bytes: Uint8Array;
  /** How to read them: what the codec changed is changed here too. */
  readonly image: ImagePixel;
}

/**
 * Undoes the coding of one frame and nothing else: colours and unused bits stay as they are.
 *
 * @param bytes a slice of native pixel data, or the frame's fragments joined.
 * @throws unsupported_transfer_syntax, cannot_decode, pixel_data_short
 */
export async function undoCoding(
  image: ImagePixel,
  transferSyntaxUid: string,
  bytes: Uint8Array,
  options: UndoOptions = {},
): Promise<NativeFrame> {
  const syntax = transferSyntax(transferSyntaxUid);
  if (syntax === undefined) {
    throw new YuepianError('unsupported_transfer_syntax', { uid: transferSyntaxUid });
  }
  checkSize(image);
  // A Buffer's `slice` shares memory where a Uint8Array's copies.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (syntax.coding) {
    case 'native': {
      const whole = cut(image, plain, options.bitOffset ?? 0);
      const big = syntax.uid === explicitBigEndian;
      return { bytes: big ? swapped(image, whole, options.vr ?? 'OW') : whole, image };
    }
    case 'deflate':
      return { bytes: cut(image, inflateFrame(image, plain), 0), image };
    case 'rle': {
      // Segments are 4:4:4, whatever the photometric interpretation is called (PS3.5 §G.2).
      const photometricInterpretation = image.photometricInterpretation.replace('_422', '');
      return { bytes: decodeRle(image, plain), image: { ...image, photometricInterpretation } };
    }
    default:
      return await decompress(image, syntax.coding, plain);
  }
}

async function decompress(
  image: ImagePixel,
  coding: CompressedCoding,
  bytes: Uint8Array,
): Promise<NativeFrame> {
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
      photometricInterpretation: image.photometricInterpretation,
      bitsAllocated,
      bitsStored: precision,
      pixelRepresentation: image.pixelRepresentation,
    },
    bytes,
  );
  const bitsStored = Math.min(image.bitsStored, bitsAllocated);
  return {
    bytes: decoded,
    image: {
      ...image,
      bitsAllocated,
      bitsStored,
      // Codecs put the value into the low bits, whatever High Bit says.
      highBit: bitsStored - 1,
      planarConfiguration: 0,
      sampleType: 'integer',
      photometricInterpretation: afterCodec(coding, image.photometricInterpretation),
    },
  };
}

/** What the samples mean once the codec has undone its own colour transform. */
function afterCodec(coding: CompressedCoding, photometric: string): string {
  if (photometric === 'YBR_RCT' || photometric === 'YBR_ICT') return 'RGB';
  if (coding === 'jpeg-xl' && /^(YBR|XYB)/.test(photometric)) return 'RGB';
  return photometric.replace('_422', '');
}

/** Exactly the frame's bytes; a bit-packed one is moved to start on a byte. */
function cut(image: ImagePixel, bytes: Uint8Array, bitOffset: number): Uint8Array {
  const bits = nativeFrameBits(image);
  const expected = Math.ceil((bits + bitOffset) / 8);
  if (bytes.byteLength < expected) {
    throw new YuepianError('pixel_data_short', { expected, actual: bytes.byteLength });
  }
  if (bitOffset === 0) return bytes.subarray(0, expected);
  const out = new Uint8Array(Math.ceil(bits / 8));
  for (let i = 0; i < out.length; i++) {
    const next = bytes[i + 1] ?? 0;
    out[i] = ((bytes[i] as number) >> bitOffset) | (next << (8 - bitOffset));
  }
  return out;
}

/** Big to little endian; 8-bit samples in OW come in pairs (PS3.5 §8.1.1). */
function swapped(image: ImagePixel, bytes: Uint8Array, vr: string): Uint8Array {
  const width = image.bitsAllocated <= 8 ? (vr === 'OB' ? 1 : 2) : image.bitsAllocated / 8;
  if (width === 1) return bytes;
  const out = new Uint8Array(Math.ceil(bytes.length / width) * width);
  out.set(bytes);
  const view = Buffer.from(out.buffer);
  if (width === 2) view.swap16();
  else if (width === 4) view.swap32();
  else view.swap64();
  return out.subarray(0, bytes.length);
}

/** Deflated Image Frame Compression (PS3.5 §A.4.13): one raw DEFLATE stream a frame. */
function inflateFrame(image: ImagePixel, bytes: Uint8Array): Uint8Array {
  try {
    const maxOutputLength = Math.ceil(nativeFrameBits(image) / 8) + 1;
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new YuepianError('cannot_decode', { reason }, { cause: error });
  }
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
