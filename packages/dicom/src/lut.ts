import { type VoiWindow, voiFunction } from '@yuepian/contract';
import type { VoxelArray } from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import type { FrameHeader, ModalityLut } from './types.ts';

/** A VOI LUT (PS3.3 C.11.2.1.1); values outside take the nearest end. */
export interface VoiTable {
  /** Value (after the Modality LUT) of the first entry. */
  readonly first: number;
  /** Entries are greys 0 … 2^bits − 1. */
  readonly bits: number;
  readonly values: readonly number[];
  readonly name: string;
}

/** More tables than any file offers; each may have 65536 entries. */
const mostTables = 8;

interface Lut {
  readonly first: number;
  readonly bits: number;
  readonly values: readonly number[];
}

/**
 * An item with LUT Descriptor (0028,3002) and LUT Data (0028,3006).
 * @param signed first values above 0x7FFF are negative ones that a writer gave as US.
 */
function readLut(item: Dataset, signed: boolean): Lut | undefined {
  const [entries, first, bits] = item.numbers('LUTDescriptor');
  if (entries === undefined || first === undefined || bits === undefined) return undefined;
  // 0 stands for 2^16 entries (PS3.3 C.11.1.1, C.11.2.1.1).
  const count = entries === 0 ? 65536 : entries & 0xffff;
  const bytes = item.bytes('LUTData');
  if ((bytes?.length ?? 0) > 2 * 65536) return undefined;
  const values =
    bits <= 8 && bytes && bytes.length < count * 2
      ? [...bytes.subarray(0, count)]
      : item.numbers('LUTData').slice(0, count);
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  return { first: signed && first > 0x7fff ? first - 0x10000 : first, bits, values };
}

/** Modality LUT Sequence (0028,3000), PS3.3 C.11.1. */
export function modalityLut(root: Dataset): ModalityLut | undefined {
  const item = root.item('ModalityLUTSequence');
  const lut = item && readLut(item, root.number('PixelRepresentation') === 1);
  return lut && { first: lut.first, values: lut.values };
}

/**
 * VOI LUT Sequence (0028,3010) of an instance: at the root, or shared by all frames of an enhanced
 * object. Tables of single frames of an enhanced object are passed over.
 */
export function voiTables(root: Dataset): VoiTable[] {
  const shared = root.item('SharedFunctionalGroupsSequence')?.item('FrameVOILUTSequence');
  const holder = root.has('VOILUTSequence') ? root : shared;
  const rescaled = holder === root ? root : root.item('SharedFunctionalGroupsSequence');
  const intercept =
    rescaled?.item('PixelValueTransformationSequence')?.number('RescaleIntercept') ??
    root.number('RescaleIntercept') ??
    0;
  const signed = root.number('PixelRepresentation') === 1 || intercept < 0;
  return (holder?.sequence('VOILUTSequence') ?? []).slice(0, mostTables).flatMap((item) => {
    const lut = readLut(item, signed);
    const bits = lut && Math.trunc(lut.bits);
    if (!lut || bits === undefined || bits < 1 || bits > 16 || lut.values.length < 2) return [];
    // Greys have no sign, whatever the representation says.
    const values = lut.values.map((v) => v & 0xffff);
    return [{ first: lut.first, bits, values, name: item.string('LUTExplanation') }];
  });
}

/**
 * Windows, with VOI LUT Function (0028,1056), then the tables: a table of n entries from value f on is
 * the window f + (n − 1) / 2 of width n − 1, in which its entry i lies at f + i.
 */
export function windowsOf(d: Dataset, tables: readonly VoiTable[]): VoiWindow[] {
  const centres = d.numbers('WindowCenter');
  const widths = d.numbers('WindowWidth');
  const names = d.strings('WindowCenterWidthExplanation');
  const shape = voiFunction.safeParse(d.string('VOILUTFunction')).data;
  const windows: VoiWindow[] = [];
  for (const [n, centre] of centres.entries()) {
    const width = widths[n];
    if (!Number.isFinite(centre) || width === undefined || !(width > 0) || !Number.isFinite(width))
      continue;
    const name = names[n] ?? '';
    windows.push({ centre, width, name, ...(shape ? { function: shape } : {}) });
  }
  const ofTables = tables.map(({ first, values, name }, lut) => {
    const width = values.length - 1;
    return { centre: first + width / 2, width, name, lut };
  });
  return [...windows, ...ofTables];
}

/** @param stored before the Modality LUT; the nearest entry where it is no whole number. */
export function lookUp(lut: ModalityLut, stored: number): number {
  const index = Math.min(lut.values.length - 1, Math.max(0, Math.round(stored) - lut.first));
  return lut.values[index] as number;
}

/**
 * One frame's values: Modality LUT or rescale (PS3.3 C.11.1). int16 or uint16 where that is exact,
 * else float32; the stored samples themselves where nothing changes.
 */
export function modalityValues(
  stored: VoxelArray,
  header: Pick<FrameHeader, 'modalityLut' | 'rescale'> | undefined,
): VoxelArray {
  const lut = header?.modalityLut;
  if (lut && lut.values.length > 0) {
    const [low, high] = rangeOf(lut.values);
    const whole = lut.values.every(Number.isInteger);
    const out = arrayFor(whole, low, high, stored.length);
    for (let i = 0; i < out.length; i++) out[i] = lookUp(lut, stored[i] as number);
    return out;
  }
  const { slope, intercept } = header?.rescale ?? { slope: 1, intercept: 0 };
  if (slope === 1 && intercept === 0) return stored;
  const [a, b] = rangeOf(stored).map((v) => v * slope + intercept) as [number, number];
  const exact = Number.isInteger(slope) && Number.isInteger(intercept);
  const whole = exact && !(stored instanceof Float32Array);
  const out = arrayFor(whole, Math.min(a, b), Math.max(a, b), stored.length);
  for (let i = 0; i < out.length; i++) out[i] = (stored[i] as number) * slope + intercept;
  return out;
}

function arrayFor(whole: boolean, low: number, high: number, length: number): VoxelArray {
  if (whole && low >= -32768 && high <= 32767) return new Int16Array(length);
  if (whole && low >= 0 && high <= 65535) return new Uint16Array(length);
  return new Float32Array(length);
}

/** Smallest and largest value; 0 and 0 of none. */
export function rangeOf(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 0];
}
