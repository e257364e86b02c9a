import type { DecodedFrame as FrameOnWire } from '@yuepian/contract';
import type { FrameHeader, ImagePixel } from '@yuepian/dicom';
import type { DecodedFrame, Samples } from './pixels/index.ts';

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
      : toValues(frame.samples, header);
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

/** Modality LUT or rescale (PS3.3 §C.11.1): integers stay integers where that is exact. */
function toValues(stored: Samples, header: FrameHeader | undefined): Samples {
  const lut = header?.modalityLut;
  if (lut !== undefined && lut.values.length > 0) {
    const last = lut.values.length - 1;
    const value = (v: number) =>
      lut.values[Math.min(Math.max(Math.round(v) - lut.first, 0), last)] as number;
    return Float32Array.from(stored, value);
  }
  const { slope, intercept } = header?.rescale ?? { slope: 1, intercept: 0 };
  if (slope === 1 && intercept === 0) return stored;
  const [low, high] = rangeOf(stored).map((v) => v * slope + intercept) as [number, number];
  const exact = Number.isInteger(slope) && Number.isInteger(intercept);
  const fits = Math.min(low, high) >= -32768 && Math.max(low, high) <= 32767;
  const values =
    exact && fits && !(stored instanceof Float32Array)
      ? new Int16Array(stored.length)
      : new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = (stored[i] as number) * slope + intercept;
  return values;
}

function toBytes(samples: Samples, bitsStored: number): Uint8Array {
  if (samples instanceof Uint8Array) return samples;
  const shift = Math.max(0, bitsStored - 8);
  return Uint8Array.from(samples, (v) => v >> shift);
}

function rangeOf(samples: Samples): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < samples.length; i++) {
    const v = samples[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 0];
}

function typeOf(samples: Samples): FrameOnWire['voxelType'] {
  if (samples instanceof Int16Array) return 'int16';
  if (samples instanceof Uint16Array) return 'uint16';
  return samples instanceof Float32Array ? 'float32' : 'uint8';
}
