import type { ImagePixel } from '@yuepian/dicom';

export type Samples = Uint8Array | Int16Array | Uint16Array | Float32Array;

/** One frame ready to show or to measure: stored values, before rescale and window. */
export interface DecodedFrame {
  readonly rows: number;
  readonly columns: number;
  /** 1, or 3 for RGB interleaved as R1G1B1R2G2B2… */
  readonly samplesPerPixel: 1 | 3;
  readonly photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB';
  readonly samples: Samples;
}

/** Bits of one frame of unencapsulated pixel data; frames follow each other without a gap. */
export function nativeFrameBits(image: ImagePixel): number {
  const pixels = image.rows * image.columns;
  // 4:2:2 keeps one Cb and one Cr for two Y (PS3.3 §C.7.6.3.1.2).
  const perPixel = /_422$/.test(image.photometricInterpretation) ? 2 : image.samplesPerPixel;
  return pixels * perPixel * image.bitsAllocated;
}
