import { YuepianError } from '@yuepian/contract';
import type { VoxelArray } from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import { type Element, pixelDataTag, type Span } from './parse.ts';
import type { ImagePixel } from './types.ts';

const floatPixelTag = 0x7fe00008;
const doublePixelTag = 0x7fe00009;

/**
 * Image Pixel module, undefined when the object holds no image. Attributes that a file leaves out
 * take the only value they could have; rows and columns have none.
 * @throws YuepianError cannot_decode when the numbers contradict each other.
 */
export function imagePixel(dataset: Dataset): ImagePixel | undefined {
  const rows = dataset.number('Rows') ?? 0;
  const columns = dataset.number('Columns') ?? 0;
  const tag = [pixelDataTag, floatPixelTag, doublePixelTag].find((t) => dataset.has(t));
  if (tag === undefined) return undefined;
  const samplesPerPixel = dataset.number('SamplesPerPixel') ?? 1;
  const bitsAllocated = dataset.number('BitsAllocated') ?? 0;
  const bitsStored = dataset.number('BitsStored') ?? bitsAllocated;
  const image: ImagePixel = {
    rows,
    columns,
    numberOfFrames: Math.max(1, dataset.number('NumberOfFrames') ?? 1),
    samplesPerPixel,
    photometricInterpretation: dataset.string('PhotometricInterpretation') || 'MONOCHROME2',
    bitsAllocated,
    bitsStored,
    highBit: dataset.number('HighBit') ?? bitsStored - 1,
    pixelRepresentation: dataset.number('PixelRepresentation') === 1 ? 1 : 0,
    planarConfiguration: dataset.number('PlanarConfiguration') === 1 ? 1 : 0,
    sampleType: tag === floatPixelTag ? 'float32' : tag === doublePixelTag ? 'float64' : 'integer',
  };
  const problem = contradiction(image);
  if (problem) throw new YuepianError('cannot_decode', { reason: problem });
  return image;
}

function contradiction(i: ImagePixel): string | undefined {
  const whole = [i.rows, i.columns, i.numberOfFrames, i.samplesPerPixel, i.bitsAllocated];
  if (!whole.every((n) => Number.isInteger(n) && n > 0)) {
    return `${i.rows} × ${i.columns} × ${i.numberOfFrames}, ${i.bitsAllocated} bits`;
  }
  if (i.samplesPerPixel !== 1 && i.samplesPerPixel !== 3 && i.samplesPerPixel !== 4) {
    return `${i.samplesPerPixel} samples per pixel`;
  }
  if (![1, 8, 16, 32, 64].includes(i.bitsAllocated)) return `${i.bitsAllocated} bits allocated`;
  if (i.bitsStored < 1 || i.bitsStored > i.bitsAllocated || i.highBit >= i.bitsAllocated) {
    return `${i.bitsStored} of ${i.bitsAllocated} bits, high bit ${i.highBit}`;
  }
  if (i.highBit - i.bitsStored + 1 < 0) return `high bit ${i.highBit} below ${i.bitsStored} bits`;
  return undefined;
}

/** Where the pixels of an instance lie. Offsets count from the start of `dataset.source`. */
export type PixelData =
  | {
      readonly kind: 'native';
      readonly offset: number;
      readonly length: number;
      readonly littleEndian: boolean;
      readonly vr: string;
    }
  | {
      readonly kind: 'encapsulated';
      /** Byte ranges of the codec's data, one list per frame. */
      readonly frames: readonly (readonly Span[])[];
    };

/**
 * @throws YuepianError no_pixels when there are none or reading stopped before them; cannot_decode
 * when fragments cannot be told apart into frames.
 */
export function pixelData(dataset: Dataset): PixelData {
  const e =
    dataset.element(pixelDataTag) ??
    dataset.element(floatPixelTag) ??
    dataset.element(doublePixelTag);
  if (!e || e.unread) throw new YuepianError('no_pixels');
  if (!e.fragments) {
    const { offset, length, littleEndian, vr } = e;
    return { kind: 'native', offset, length, littleEndian, vr };
  }
  return { kind: 'encapsulated', frames: framesOf(dataset, e, e.fragments) };
}

function framesOf(dataset: Dataset, e: Element, spans: readonly Span[]): (readonly Span[])[] {
  const count = Math.max(1, dataset.number('NumberOfFrames') ?? 1);
  const [table, ...fragments] = spans;
  if (!table || fragments.length === 0) {
    throw new YuepianError('cannot_decode', { reason: 'no fragments' });
  }
  if (count === 1) return [fragments];
  const first = fragments[0] as Span;
  const starts = frameStarts(dataset, e, table, count);
  if (starts) {
    // Offsets count from the first byte of the first fragment's item tag (PS3.5 §A.4).
    const indices = starts.map((s) => fragments.findIndex((f) => f.offset - first.offset === s));
    if (indices.every((n, k) => n >= 0 && (k === 0 || n > (indices[k - 1] ?? 0)))) {
      return indices.map((n, k) => fragments.slice(n, indices[k + 1] ?? fragments.length));
    }
  }
  if (fragments.length === count) return fragments.map((f) => [f]);
  return groupByMarker(dataset.source, fragments, count);
}

/** Offsets of the frames: the extended table (PS3.3 C.7.6.3.1.8) where it is, else the basic one. */
function frameStarts(
  dataset: Dataset,
  e: Element,
  table: Span,
  count: number,
): number[] | undefined {
  const extended = dataset.numbers('ExtendedOffsetTable');
  if (extended.length === count) return extended;
  if (table.length !== count * 4) return undefined;
  const view = new DataView(
    dataset.source.buffer,
    dataset.source.byteOffset + table.offset,
    table.length,
  );
  return Array.from({ length: count }, (_, n) => view.getUint32(n * 4, e.littleEndian));
}

/** Without a usable table a frame begins where a codestream does: JPEG and JPEG-LS SOI, JPEG 2000 SOC. */
function groupByMarker(source: Uint8Array, fragments: readonly Span[], count: number): Span[][] {
  const frames: Span[][] = [];
  for (const f of fragments) {
    const [a, b, c] = source.subarray(f.offset, f.offset + 3);
    const starts = a === 0xff && ((b === 0xd8 && c === 0xff) || (b === 0x4f && c === 0xff));
    if (starts || frames.length === 0) frames.push([]);
    frames.at(-1)?.push(f);
  }
  if (frames.length === count) return frames;
  throw new YuepianError('cannot_decode', {
    reason: `${fragments.length} fragments cannot be told apart into ${count} frames`,
  });
}

/** Bits that one frame of native pixels takes. 4:2:2 halves the two colour channels (PS3.5 §8.2). */
function frameBits(i: ImagePixel): number {
  const samples = /_422$/.test(i.photometricInterpretation) ? 2 : i.samplesPerPixel;
  return i.rows * i.columns * samples * i.bitsAllocated;
}

/** Bytes that the native pixels of all frames take. */
export const nativeLength = (i: ImagePixel): number =>
  Math.ceil((frameBits(i) * i.numberOfFrames) / 8);

/**
 * The stored bytes of a frame: the codec's data for an encapsulated syntax (a view where it is one
 * fragment), else the native bytes. Frames of 1-bit pixels need not begin on a byte; for these use
 * `nativeFrame`.
 * @param frame 1-based.
 * @throws YuepianError no_pixels, cannot_decode, pixel_data_short, not_found.
 */
export function frameBytes(dataset: Dataset, frame: number): Uint8Array {
  const data = pixelData(dataset);
  if (data.kind === 'encapsulated') {
    const spans = data.frames[frame - 1];
    if (!spans) throw new YuepianError('not_found', { what: `frame ${frame}` });
    return join(dataset.source, spans);
  }
  const image = requireImage(dataset);
  checkNative(image, data.length, frame);
  const bytes = frameBits(image) / 8;
  const start = data.offset + Math.floor((frame - 1) * bytes);
  return dataset.source.subarray(start, data.offset + Math.ceil(frame * bytes));
}

function join(source: Uint8Array, spans: readonly Span[]): Uint8Array {
  const [only] = spans;
  if (only && spans.length === 1) return source.subarray(only.offset, only.offset + only.length);
  const joined = new Uint8Array(spans.reduce((sum, s) => sum + s.length, 0));
  let at = 0;
  for (const s of spans) {
    joined.set(source.subarray(s.offset, s.offset + s.length), at);
    at += s.length;
  }
  return joined;
}

function requireImage(dataset: Dataset): ImagePixel {
  const image = imagePixel(dataset);
  if (!image) throw new YuepianError('no_pixels');
  return image;
}

function checkNative(image: ImagePixel, length: number, frame: number): void {
  if (!Number.isInteger(frame) || frame < 1 || frame > image.numberOfFrames) {
    throw new YuepianError('not_found', { what: `frame ${frame}` });
  }
  const expected = nativeLength(image);
  if (length < expected) throw new YuepianError('pixel_data_short', { expected, actual: length });
}

/**
 * Samples of one native frame, sign and unused bits already put right; colour stays as it is stored.
 * @param frame 1-based.
 * @throws YuepianError like `frameBytes`.
 */
export function nativeFrame(dataset: Dataset, frame: number): VoxelArray {
  const data = pixelData(dataset);
  if (data.kind !== 'native') {
    throw new YuepianError('unsupported_transfer_syntax', { uid: dataset.transferSyntaxUid });
  }
  const image = requireImage(dataset);
  checkNative(image, data.length, frame);
  if (image.bitsAllocated === 1) {
    const all = dataset.source.subarray(data.offset, data.offset + data.length);
    return unpackBits(all, (frame - 1) * frameBits(image), frameBits(image));
  }
  return unpackNative(image, frameBytes(dataset, frame), data);
}

/** Bits in order from the lowest of each byte (PS3.5 §8.1.1), one sample per element. */
export function unpackBits(bytes: Uint8Array, firstBit: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bit = firstBit + i;
    out[i] = ((bytes[bit >> 3] as number) >> (bit & 7)) & 1;
  }
  return out;
}

/**
 * Raw samples → stored values: byte order, sign extension, and bits outside Bits Stored (overlays or
 * rubbish, PS3.5 §8.1.1) removed. A view of `bytes` where nothing has to change. 32-bit and double
 * samples become float32, which is exact up to 2^24.
 * @param bytes one frame; exactly the samples, a padding byte at the end is ignored.
 */
export function unpackNative(
  image: ImagePixel,
  bytes: Uint8Array,
  o: { readonly littleEndian?: boolean; readonly vr?: string } = {},
): VoxelArray {
  const littleEndian = o.littleEndian ?? true;
  if (image.bitsAllocated === 1)
    return unpackBits(bytes, 0, Math.min(frameBits(image), bytes.length * 8));
  const count =
    Math.min(frameBits(image) / image.bitsAllocated, (bytes.length * 8) / image.bitsAllocated) | 0;
  if (image.bitsAllocated === 8) {
    // OW holds bytes in pairs, low byte first; big endian swaps each pair (PS3.5 §8.1.1).
    return maskStored(
      image,
      littleEndian || o.vr === 'OB'
        ? bytes.subarray(0, count)
        : swapPairs(bytes).subarray(0, count),
    );
  }
  if (image.bitsAllocated === 16) {
    return maskStored(image, words(bytes, count, littleEndian, image.pixelRepresentation === 1));
  }
  return wide(image, bytes, count, littleEndian);
}

function swapPairs(bytes: Uint8Array): Uint8Array {
  // Not slice(): of a Node Buffer that is a view, not a copy.
  const out = new Uint8Array(bytes);
  for (let i = 0; i + 1 < out.length; i += 2) {
    out[i] = bytes[i + 1] as number;
    out[i + 1] = bytes[i] as number;
  }
  return out;
}

function words(
  bytes: Uint8Array,
  count: number,
  littleEndian: boolean,
  signed: boolean,
): Int16Array | Uint16Array {
  // Typed arrays are little endian on every machine we run on; swapping serves the other order.
  const ordered = littleEndian ? bytes : swapPairs(bytes);
  const aligned = ordered.byteOffset % 2 === 0 ? ordered : new Uint8Array(ordered);
  return signed
    ? new Int16Array(aligned.buffer, aligned.byteOffset, count)
    : new Uint16Array(aligned.buffer, aligned.byteOffset, count);
}

/** Keeps bits highBit…highBit−bitsStored+1, sign-extended when signed. */
export function maskStored<T extends Uint8Array | Int16Array | Uint16Array>(
  image: ImagePixel,
  data: T,
): T | Int16Array {
  const { bitsStored, bitsAllocated, highBit, pixelRepresentation } = image;
  if (bitsStored === bitsAllocated && (bitsAllocated !== 8 || pixelRepresentation === 0))
    return data;
  const low = highBit - bitsStored + 1;
  if (pixelRepresentation === 0) {
    const mask = 2 ** bitsStored - 1;
    if (low === 0 && !exceeds(data, mask)) return data;
    const out = data.slice() as T;
    for (let i = 0; i < out.length; i++) out[i] = ((data[i] as number) >> low) & mask;
    return out;
  }
  const shift = 32 - bitsStored;
  const out = new Int16Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = ((data[i] as number) << (shift - low)) >> shift;
  return out;
}

function exceeds(data: ArrayLike<number>, mask: number): boolean {
  let any = 0;
  for (let i = 0; i < data.length; i++) any |= data[i] as number;
  return (any & ~mask) !== 0;
}

function wide(
  image: ImagePixel,
  bytes: Uint8Array,
  count: number,
  littleEndian: boolean,
): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  const signed = image.pixelRepresentation === 1;
  for (let i = 0; i < count; i++) {
    if (image.bitsAllocated === 64) out[i] = view.getFloat64(i * 8, littleEndian);
    else if (image.sampleType === 'float32') out[i] = view.getFloat32(i * 4, littleEndian);
    else out[i] = signed ? view.getInt32(i * 4, littleEndian) : view.getUint32(i * 4, littleEndian);
  }
  return out;
}
