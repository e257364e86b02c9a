import type { DecodedFrame as FrameOnWire } from '@yuepian/contract';
import { type FrameHeader, type ImagePixel, modalityValues, rangeOf } from '@yuepian/dicom';
import type { DecodedFrame, Samples } from './pixels/index.ts';

/** To be raised when the same file gives other values or another header than before. */
export const presentVersion = 1;

/** A frame as our own pages get it: values with their unit, or 8-bit RGB. */
export function presentFrame(
  frame: DecodedFrame,
  image: ImagePixel,
  header: FrameHeader | undefined,
): { header: FrameOnWire; samples: Samples } {
  const { rows, columns, samplesPerPixel } = frame;
  const samples =
    samplesPerPixel === 3
      ? toBytes(frame.samples, image.bitsStored)
      : modalityValues(frame.samples, header);
  return {
    header: {
      rows,
      columns,
      samplesPerPixel,
      voxelType: typeOf(samples),
      ...(samplesPerPixel === 3 ? {} : { valueRange: rangeOf(samples) }),
    },
    samples,
  };
}

function toBytes(samples: Samples, bitsStored: number): Uint8Array {
  if (samples instanceof Uint8Array) return samples;
  const shift = Math.max(0, bitsStored - 8);
  return Uint8Array.from(samples, (v) => v >> shift);
}

function typeOf(samples: Samples): FrameOnWire['voxelType'] {
  if (samples instanceof Int16Array) return 'int16';
  if (samples instanceof Uint16Array) return 'uint16';
  return samples instanceof Float32Array ? 'float32' : 'uint8';
}
