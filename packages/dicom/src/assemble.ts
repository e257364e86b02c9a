import { type VoiWindow, YuepianError } from '@yuepian/contract';
import type { Volume, VoxelArray, VoxelType } from '@yuepian/geometry';
import { allocate } from './allocate.ts';
import { lookUp } from './lut.ts';
import { rectify } from './rectify.ts';
import type {
  FrameSource,
  ModalityLut,
  PaddingRange,
  Rescale,
  SliceRef,
  Tile,
  VolumePlan,
} from './types.ts';

export interface AssembleOptions {
  /** Slices done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Pulls the frames of a plan one at a time into one array, on the stored grid. Values are rescaled:
 * int16 (or uint16) wherever that is exact, else float32. Padding becomes `plan.background`.
 *
 * The affine is the plan's: with unequal gaps it is only the mean, so call `rectify` before anything
 * is measured, or use `buildVolume`.
 * @throws YuepianError job_cancelled when the signal aborts, pixel_data_short when a frame has not
 * rows × columns samples, out_of_memory; whatever `frame` throws passes through.
 */
export async function assembleVolume(
  plan: VolumePlan,
  frame: FrameSource,
  o: AssembleOptions = {},
): Promise<Volume> {
  const [nx, ny, nz] = plan.size;
  const sliceLength = nx * ny;
  let out: VoxelArray | undefined;
  for (const [k, slice] of plan.slices.entries()) {
    if (o.signal?.aborted) throw new YuepianError('job_cancelled');
    const whole = await frame(slice);
    const stored = slice.tile ? cropped(whole, slice.tile, nx, ny) : whole;
    if (stored.length < sliceLength) {
      throw new YuepianError('pixel_data_short', {
        expected: sliceLength * stored.BYTES_PER_ELEMENT,
        actual: stored.byteLength,
      });
    }
    // Only now: a frame that is really there proves that the size is no lie.
    out ??= allocate(initialType(plan, stored), sliceLength * nz);
    const converted = convert(stored.subarray(0, sliceLength), slice, plan.background);
    if (!fits(out, converted)) out = promote(out, sliceLength * k);
    writeSlice(out, sliceLength * k, converted);
    o.onProgress?.(k + 1, nz);
  }
  if (!out) throw new YuepianError('not_a_volume', { reason: 'no slices' });
  return {
    size: plan.size,
    affine: plan.affine,
    frameOfReferenceUid: plan.frameOfReferenceUid,
    data: out,
  };
}

/** One slice of a frame that holds several; short where the frame is. */
function cropped(frame: VoxelArray, tile: Tile, columns: number, rows: number): VoxelArray {
  const start = tile.row * tile.stride + tile.column;
  const length = (rows - 1) * tile.stride + columns;
  if (frame.length < start + length) return frame.subarray(0, 0);
  const out = frame.slice(0, rows * columns);
  for (let j = 0; j < rows; j++) {
    const from = start + j * tile.stride;
    out.set(frame.subarray(from, from + columns), j * columns);
  }
  return out;
}

/**
 * `assembleVolume`, then `rectify`: a volume on an orthogonal, equally spaced grid, whose affine is
 * true everywhere.
 */
export async function buildVolume(
  plan: VolumePlan,
  frame: FrameSource,
  o: AssembleOptions = {},
): Promise<{ readonly volume: Volume; readonly resampled: boolean }> {
  const stored = await assembleVolume(plan, frame, o);
  return { volume: rectify(stored, plan), resampled: !plan.uniform };
}

/** One slice on its way into the volume. */
interface Converted {
  readonly stored: VoxelArray;
  readonly rescale: Rescale;
  readonly lut: ModalityLut | undefined;
  readonly padding: PaddingRange | undefined;
  readonly background: number;
  /** Range of the values after rescale, background included where there is padding. */
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

function convert(stored: VoxelArray, slice: SliceRef, background: number): Converted {
  const { rescale, modalityLut: lut, padding } = slice;
  const range = rangeOf(stored, padding);
  const value = (v: number) => (lut ? lookUp(lut, v) : v * rescale.slope + rescale.intercept);
  // A LUT need not be monotonic: its own range bounds what it can give.
  const ends = lut
    ? lut.values.reduce(minMax, [Infinity, -Infinity])
    : [value(range.min), value(range.max)];
  const whole = lut
    ? lut.values.every(Number.isInteger)
    : Number.isInteger(rescale.slope) && Number.isInteger(rescale.intercept);
  const known = range.min <= range.max ? ends : [];
  const all = range.padded || known.length === 0 ? [...known, background] : known;
  return {
    stored,
    rescale,
    lut,
    padding: range.padded ? padding : undefined,
    background,
    min: Math.min(...all),
    max: Math.max(...all),
    whole: whole && !(stored instanceof Float32Array),
  };
}

const minMax = (r: number[], v: number): number[] => [
  Math.min(r[0] as number, v),
  Math.max(r[1] as number, v),
];

function rangeOf(
  stored: VoxelArray,
  padding: PaddingRange | undefined,
): { min: number; max: number; padded: boolean } {
  let [min, max, padded] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false];
  if (!padding) {
    for (let i = 0; i < stored.length; i++) {
      const v = stored[i] as number;
      if (v < min) min = v;
      if (v > max) max = v;
    }
    return { min, max, padded };
  }
  const { low, high } = padding;
  for (let i = 0; i < stored.length; i++) {
    const v = stored[i] as number;
    if (v >= low && v <= high) padded = true;
    else {
      if (v < min) min = v;
      if (v > max) max = v;
    }
  }
  return { min, max, padded };
}

/**
 * Type to begin with. int16 serves CT, and MR of up to 15 bits; a slice that does not fit makes the
 * volume float32 later, which is exact for every 16-bit sample.
 */
function initialType(plan: VolumePlan, stored: VoxelArray): VoxelType {
  const whole = plan.slices.every(
    (s) =>
      s.modalityLut !== undefined ||
      (Number.isInteger(s.rescale.slope) && Number.isInteger(s.rescale.intercept)),
  );
  if (!whole || stored instanceof Float32Array) return 'float32';
  const identity = plan.slices.every(
    (s) => !s.modalityLut && s.rescale.slope === 1 && s.rescale.intercept === 0,
  );
  const unsigned = plan.image.pixelRepresentation === 0 && plan.background === 0;
  if (identity && unsigned && plan.image.bitsStored <= 8) return 'uint8';
  if (identity && unsigned && plan.image.bitsStored === 16) return 'uint16';
  return 'int16';
}

const limits: Record<VoxelType, readonly [number, number]> = {
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  float32: [-Infinity, Infinity],
};

function fits(out: VoxelArray, c: Converted): boolean {
  if (out instanceof Float32Array) return true;
  const type = out instanceof Uint8Array ? 'uint8' : out instanceof Int16Array ? 'int16' : 'uint16';
  const [low, high] = limits[type];
  return c.whole && c.min >= low && c.max <= high;
}

function promote(out: VoxelArray, done: number): Float32Array {
  const wide = allocate('float32', out.length) as Float32Array;
  wide.set(out.subarray(0, done));
  return wide;
}

function writeSlice(out: VoxelArray, at: number, c: Converted): void {
  const { stored, rescale, lut, padding, background } = c;
  const { slope, intercept } = rescale;
  const n = stored.length;
  if (!lut && !padding && slope === 1 && intercept === 0) {
    out.set(stored, at);
    return;
  }
  if (!lut && !padding && slope === 1) {
    for (let i = 0; i < n; i++) out[at + i] = (stored[i] as number) + intercept;
    return;
  }
  if (!lut && !padding) {
    for (let i = 0; i < n; i++) out[at + i] = (stored[i] as number) * slope + intercept;
    return;
  }
  const low = padding?.low ?? Number.POSITIVE_INFINITY;
  const high = padding?.high ?? Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const v = stored[i] as number;
    if (v >= low && v <= high) out[at + i] = background;
    else out[at + i] = lut ? lookUp(lut, v) : v * slope + intercept;
  }
}

/**
 * A window for a volume whose file gives none: soft tissue for CT, else from the 1st to the 99.5th
 * percentile of what is not background.
 */
export function autoWindow(
  volume: Volume,
  plan: Pick<VolumePlan, 'unit' | 'background'>,
): VoiWindow {
  if (plan.unit === 'HU') return { centre: 40, width: 400, name: '' };
  const step = Math.max(1, Math.floor(volume.data.length / 200_000));
  const samples: number[] = [];
  for (let i = 0; i < volume.data.length; i += step) {
    const v = volume.data[i] as number;
    if (v !== plan.background && Number.isFinite(v)) samples.push(v);
  }
  samples.sort((a, b) => a - b);
  const low = samples[Math.floor(samples.length * 0.01)] ?? 0;
  const high = samples[Math.min(samples.length - 1, Math.floor(samples.length * 0.995))] ?? 1;
  return { centre: (low + high) / 2, width: Math.max(high - low, 1e-6), name: '' };
}
