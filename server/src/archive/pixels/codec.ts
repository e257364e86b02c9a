import { createRequire } from 'node:module';
import { YuepianError } from '@yuepian/contract';
import type { Context, NativeCodecs } from 'dcmjs-codecs';
import type { PixelCoding } from './syntaxes.ts';

/**
 * The WebAssembly codecs: libjpeg (8, 12 and 16 bit), CharLS, OpenJPEG, OpenJPH, libjxl.
 * The package is CommonJS and is loaded on first use: most requests decode nothing.
 */
type Codecs = typeof import('dcmjs-codecs');
export type CompressedCoding = Exclude<PixelCoding, 'native' | 'rle' | 'deflate'>;

const decoders = {
  jpeg: 'decodeJpeg',
  'jpeg-ls': 'decodeJpegLs',
  'jpeg-2000': 'decodeJpeg2000',
  htj2k: 'decodeHtJpeg2000',
  'jpeg-xl': 'decodeJpegXl',
} as const satisfies Record<CompressedCoding, keyof typeof NativeCodecs>;

let loaded: Promise<Codecs> | undefined;

async function codecs(): Promise<Codecs> {
  loaded ??= (async () => {
    const module = createRequire(import.meta.url)('dcmjs-codecs') as Codecs;
    await module.NativeCodecs.initializeAsync();
    return module;
  })();
  return await loaded;
}

export interface CodecFrame {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly pixelRepresentation: number;
}

/**
 * Decodes one compressed frame to little-endian samples, colour by pixel.
 *
 * A garbled stream can trap in WebAssembly and leave its memory unsound, so after any failure the
 * instance is thrown away and the next call starts a fresh one. The call itself is synchronous:
 * where time must be bounded, run it in a worker (see pool.ts).
 */
export async function decodeCompressed(
  coding: CompressedCoding,
  frame: CodecFrame,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const module = await codecs();
  const context: Context = new module.Context({
    width: frame.columns,
    height: frame.rows,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    samplesPerPixel: frame.samplesPerPixel,
    pixelRepresentation: frame.pixelRepresentation,
    planarConfiguration: 0,
    photometricInterpretation: frame.photometricInterpretation,
    encodedBuffer: bytes,
  });
  try {
    const decoded = module.NativeCodecs[decoders[coding]](context, {}).getDecodedBuffer();
    const expected = frame.rows * frame.columns * frame.samplesPerPixel * (frame.bitsAllocated / 8);
    if (decoded === undefined || decoded.byteLength !== expected) {
      throw new Error(`${expected} bytes expected, ${decoded?.byteLength ?? 0} decoded`);
    }
    return decoded;
  } catch (error) {
    loaded = undefined;
    module.NativeCodecs.release();
    const reason = error instanceof Error ? error.message : String(error);
    throw new YuepianError('cannot_decode', { reason: reason.slice(0, 200) }, { cause: error });
  }
}
