import { z } from 'zod';

/**
 * Values of interest: how values become greys (DICOM PS3.3 C.11.2). Server (thumbnails) and browser
 * use the same functions, so it lives beside the format that carries it.
 */
export const voiFunction = z.enum(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']);
export type VoiFunction = z.infer<typeof voiFunction>;

const finite = z.number();

/** Centre and width in units of the shown values (after the Modality LUT). */
export const voiWindow = z.object({
  centre: finite,
  width: finite.positive(),
  name: z.string().default(''),
  /** VOI LUT Function (0028,1056) where the file names one. */
  function: voiFunction.optional(),
  /**
   * Number of a VOI LUT, in `voiLuts` of the stack: this window is that table over the whole range
   * of its input.
   */
  lut: z.number().int().nonnegative().optional(),
});
export type VoiWindow = z.infer<typeof voiWindow>;

/** A VOI LUT (0028,3010): entries are greys, 0 … 2^bits − 1. */
export const voiLut = z.object({
  bits: z.number().int().min(1).max(16),
  /** Little-endian uint16, base64. */
  entries: z.base64(),
});
export type VoiLut = z.infer<typeof voiLut>;

/** Greys 0 … 1 of a VOI LUT, in order. */
export type GreyTable = Float32Array;

export function encodeVoiLut(values: readonly number[], bits: number): VoiLut {
  let text = '';
  for (const v of values) text += String.fromCharCode(v & 0xff, (v >> 8) & 0xff);
  return { bits, entries: btoa(text) };
}

/** Entries beyond the bits that the file names are believed: the largest is white then. */
export function decodeVoiLut(lut: VoiLut): GreyTable {
  const text = atob(lut.entries);
  const table = new Float32Array(text.length >> 1);
  let white = 2 ** lut.bits - 1;
  for (let i = 0; i < table.length; i++) {
    const value = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
    table[i] = value;
    if (value > white) white = value;
  }
  for (let i = 0; i < table.length; i++) table[i] = (table[i] as number) / white;
  return table;
}

type CentreWidth = Pick<VoiWindow, 'centre' | 'width'>;

/**
 * What shape a window has: that of the file's window with these numbers, else that of its first one,
 * so that dragging the window of a sigmoid keeps it a sigmoid, and of a table stretches the table.
 */
export function shapeOf(
  windows: readonly VoiWindow[],
  { centre, width }: CentreWidth,
): Pick<VoiWindow, 'function' | 'lut'> {
  const near = (a: number, b: number): boolean =>
    Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
  const same = windows.find((w) => near(w.centre, centre) && near(w.width, width));
  const { function: curve, lut } = same ?? windows[0] ?? {};
  return { ...(curve ? { function: curve } : {}), ...(lut === undefined ? {} : { lut }) };
}

/**
 * Value → grey as slope and intercept; black at 0, white at 1, to be clamped. LINEAR (C.11.2.1.2.1)
 * for whole numbers and LINEAR_EXACT (C.11.2.1.3.2) for others, where one unit less would matter,
 * unless the file says which. Below width 1 there is no LINEAR.
 */
export function linearGreys(
  { centre, width }: CentreWidth,
  wholeNumbers: boolean,
  shape?: VoiFunction,
): readonly [number, number] {
  const isExact =
    shape === undefined || (!wholeNumbers && width < 1) ? !wholeNumbers : shape !== 'LINEAR';
  if (!isExact) {
    const span = Math.max(width - 1, 1e-3);
    return [1 / span, 0.5 - (centre - 0.5) / span];
  }
  const span = Math.max(width, 1e-12);
  return [1 / span, 0.5 - centre / span];
}

const clamped = (grey: number): number => Math.min(1, Math.max(0, grey));

/**
 * Value → grey, 0 black … 1 white.
 * - LINEAR, LINEAR_EXACT: see `linearGreys`.
 * - SIGMOID: 1 / (1 + exp(−4 (x − c) / w)) (C.11.2.1.3.1).
 * - With a table: its entries spread over centre ± width / 2, the nearest entry counts, and values
 *   beyond take the first or last (C.11.2.1.1).
 */
export function greyCurve(
  window: CentreWidth & Pick<VoiWindow, 'function'>,
  wholeNumbers: boolean,
  table?: GreyTable,
): (value: number) => number {
  const { centre, width } = window;
  if (table && table.length > 0) {
    const last = table.length - 1;
    const first = centre - width / 2;
    return (x) => table[Math.round(clamped((x - first) / width) * last)] ?? 0;
  }
  if (window.function === 'SIGMOID') return (x) => 1 / (1 + Math.exp((-4 * (x - centre)) / width));
  const [slope, intercept] = linearGreys(window, wholeNumbers, window.function);
  return (x) => clamped(x * slope + intercept);
}
