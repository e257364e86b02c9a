import type { PixelCoding } from './syntaxes.ts';

/** What the codestream itself says about the image; trusted over the header for its sample width. */
export interface CodestreamSize {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
  /** The stream ends with its end marker, so nothing is cut off. */
  readonly complete: boolean;
}

/**
 * Reads dimensions from a compressed frame before a decoder sees it, so that a stream that claims
 * a huge image is refused instead of allocated. Undefined when there is no such header.
 */
export function codestreamSize(coding: PixelCoding, bytes: Uint8Array): CodestreamSize | undefined {
  switch (coding) {
    case 'jpeg':
    case 'jpeg-ls':
      return jpegSize(bytes);
    case 'jpeg-2000':
    case 'htj2k':
      return jpeg2000Size(bytes);
    default:
      return undefined;
  }
}

/** Start of Frame of JPEG (ITU-T T.81 §B.2.2) and JPEG-LS (T.87 §C.2.2, marker F7). */
function jpegSize(bytes: Uint8Array): CodestreamSize | undefined {
  if (u16(bytes, 0) !== 0xffd8) return undefined;
  let p = 2;
  while (p + 9 < bytes.length) {
    if (bytes[p] !== 0xff) return undefined;
    const marker = bytes[p + 1] as number;
    if (marker === 0xff) {
      p++;
      continue;
    }
    const frame =
      (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
    if (frame) {
      return {
        precision: bytes[p + 4] as number,
        rows: u16(bytes, p + 5),
        columns: u16(bytes, p + 7),
        components: bytes[p + 9] as number,
        complete: hasEndMarker(bytes),
      };
    }
    // Markers without a length: TEM, RSTn, SOI.
    const bare = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    p += bare ? 2 : 2 + u16(bytes, p + 2);
  }
  return undefined;
}

/** SIZ of a JPEG 2000 codestream (ITU-T T.800 §A.5.1), also inside a JP2 box. */
function jpeg2000Size(bytes: Uint8Array): CodestreamSize | undefined {
  let p = 0;
  // DICOM holds bare codestreams (PS3.5 §A.4.4); some makers store a whole JP2 file.
  if (u16(bytes, 0) !== 0xff4f) {
    p = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 65536)).indexOf(
      Buffer.from([0xff, 0x4f, 0xff, 0x51]),
    );
    if (p < 0) return undefined;
  }
  if (u16(bytes, p + 2) !== 0xff51 || bytes.length < p + 45) return undefined;
  return {
    columns: u32(bytes, p + 8) - u32(bytes, p + 16),
    rows: u32(bytes, p + 12) - u32(bytes, p + 20),
    components: u16(bytes, p + 40),
    precision: ((bytes[p + 42] as number) & 0x7f) + 1,
    complete: hasEndMarker(bytes),
  };
}

/** EOI and EOC are both FFD9, which entropy-coded data cannot contain; padding may follow. */
function hasEndMarker(bytes: Uint8Array): boolean {
  const last = Math.max(0, bytes.length - 64);
  for (let p = bytes.length - 2; p >= last; p--) if (u16(bytes, p) === 0xffd9) return true;
  return false;
}

const u16 = (b: Uint8Array, p: number): number => ((b[p] ?? 0) << 8) | (b[p + 1] ?? 0);
const u32 = (b: Uint8Array, p: number): number => u16(b, p) * 65536 + u16(b, p + 2);
