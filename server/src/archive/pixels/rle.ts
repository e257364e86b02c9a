import { YuepianError } from '@yuepian/contract';
import type { ImagePixel } from '@yuepian/dicom';

/**
 * RLE Lossless (PS3.5 Annex G) of one frame → little-endian bytes, by pixel or by plane as Planar
 * Configuration says.
 *
 * One segment per byte of each sample, the most significant byte first.
 */
export function decodeRle(image: ImagePixel, bytes: Uint8Array): Uint8Array {
  // Single bits stay packed, eight to a byte (PS3.5 §G.2).
  const pixels = Math.ceil((image.rows * image.columns) / (image.bitsAllocated === 1 ? 8 : 1));
  const sampleBytes = Math.ceil(image.bitsAllocated / 8);
  const wanted = image.samplesPerPixel * sampleBytes;
  if (bytes.byteLength < 64) throw broken('the RLE header is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== wanted || segments > 15) {
    throw broken(`${segments} RLE segments where ${wanted} belong`);
  }
  const planar = image.planarConfiguration === 1;
  const stride = planar ? sampleBytes : wanted;
  const out = new Uint8Array(pixels * wanted);
  for (let s = 0; s < segments; s++) {
    const start = view.getUint32(4 + 4 * s, true);
    const end = s + 1 < segments ? view.getUint32(8 + 4 * s, true) : bytes.byteLength;
    if (start < 64 || start > end || end > bytes.byteLength) throw broken('RLE segment offsets');
    const sample = Math.floor(s / sampleBytes);
    const first = planar ? sample * pixels * sampleBytes : sample * sampleBytes;
    const place = first + (sampleBytes - 1 - (s % sampleBytes));
    decodeSegment(bytes.subarray(start, end), out, place, stride, pixels);
  }
  return out;
}

function decodeSegment(
  bytes: Uint8Array,
  out: Uint8Array,
  place: number,
  stride: number,
  pixels: number,
): void {
  const end = bytes.length;
  const stop = place + pixels * stride;
  let p = 0;
  let o = place;
  while (o < stop && p < end) {
    const control = bytes[p++] as number;
    if (control < 128) {
      for (let n = control + 1; n > 0 && o < stop; n--, o += stride) {
        if (p >= end) throw broken('an RLE segment is cut off');
        out[o] = bytes[p++] as number;
      }
    } else if (control > 128) {
      if (p >= end) throw broken('an RLE segment is cut off');
      const value = bytes[p++] as number;
      for (let n = 257 - control; n > 0 && o < stop; n--, o += stride) out[o] = value;
    }
  }
  if (o < stop) throw broken('an RLE segment is too short');
}

const broken = (reason: string): YuepianError => new YuepianError('cannot_decode', { reason });
