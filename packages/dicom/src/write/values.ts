import type { DicomElement, DicomName, DicomValue } from './elements.ts';
import { isUid } from './uid.ts';

const utf8 = new TextEncoder();

/** VRs of text that take several values split by a backslash, with the most characters of one value (PS3.5 Table 6.2-1). */
const textLimits: Readonly<Record<string, number>> = {
  AE: 16,
  AS: 4,
  CS: 16,
  DA: 8,
  DS: 16,
  DT: 26,
  IS: 12,
  LO: 64,
  PN: 194,
  SH: 16,
  TM: 14,
  UC: Number.MAX_SAFE_INTEGER,
  UI: 64,
};
/** One value only; a backslash is a plain character. */
const longTexts: Readonly<Record<string, number>> = {
  LT: 10240,
  ST: 1024,
  UR: Number.MAX_SAFE_INTEGER,
  UT: Number.MAX_SAFE_INTEGER,
};

const numberSizes: Readonly<Record<string, number>> = {
  FL: 4,
  FD: 8,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  US: 2,
  UV: 8,
};

/** A number as a decimal string of at most 16 characters (PS3.5 6.2, DS), as exact as that allows. */
export function decimalString(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be a decimal string`);
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  throw new RangeError(`${value} cannot be a decimal string`);
}

/**
 * The value field of an element, padded to an even length; not for SQ and fragments.
 * @throws RangeError when a value does not fit its VR.
 */
export function encodeValue(tag: string, element: DicomElement): Uint8Array {
  const { vr } = element;
  if (element.bytes) return padded(element.bytes, 0);
  const values = element.Value ?? [];
  if (values.length === 0) return new Uint8Array(0);
  if (numberSizes[vr]) return encodeNumbers(vr, values);
  if (vr === 'AT') return encodeTags(values);
  const limit = longTexts[vr] ?? textLimits[vr];
  if (limit === undefined) throw new RangeError(`${tag}: VR ${vr} needs bytes`);
  if (vr in longTexts && values.length > 1) throw new RangeError(`${tag}: ${vr} has one value`);
  const texts = values.map((value) => textOf(tag, vr, value, limit));
  // UI is padded with NUL, all other text with a space (PS3.5 6.2).
  return padded(utf8.encode(texts.join('\\')), vr === 'UI' ? 0 : 0x20);
}

function textOf(tag: string, vr: string, value: DicomValue, limit: number): string {
  const text =
    vr === 'PN'
      ? nameOf(value)
      : vr === 'DS' && typeof value === 'number'
        ? decimalString(value)
        : String(value);
  if ([...text].length > limit) throw new RangeError(`${tag}: "${text}" is too long for ${vr}`);
  if (vr in textLimits && text.includes('\\')) throw new RangeError(`${tag}: backslash in ${vr}`);
  if (vr === 'UI' && text !== '' && !isUid(text)) throw new RangeError(`${tag}: no UID: ${text}`);
  if (vr === 'IS' && !/^[+-]?\d+$/.test(text)) throw new RangeError(`${tag}: no IS: ${text}`);
  return text;
}

/** Component groups joined by `=`, without empty ones at the end (PS3.5 6.2.1.1). */
function nameOf(value: DicomValue): string {
  if (typeof value !== 'object') return String(value);
  const name = value as DicomName;
  return [name.Alphabetic ?? '', name.Ideographic ?? '', name.Phonetic ?? '']
    .join('=')
    .replace(/=+$/, '');
}

function encodeTags(values: readonly DicomValue[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, n) => {
    view.setUint16(n * 4, Number.parseInt(String(value).slice(0, 4), 16), true);
    view.setUint16(n * 4 + 2, Number.parseInt(String(value).slice(4, 8), 16), true);
  });
  return new Uint8Array(view.buffer);
}

function encodeNumbers(vr: string, values: readonly DicomValue[]): Uint8Array {
  const size = numberSizes[vr] as number;
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, n) => {
    const at = n * size;
    if (vr === 'SV') view.setBigInt64(at, BigInt(value as number), true);
    else if (vr === 'UV') view.setBigUint64(at, BigInt(value as number), true);
    else if (vr === 'FL') view.setFloat32(at, Number(value), true);
    else if (vr === 'FD') view.setFloat64(at, Number(value), true);
    else setInteger(view, at, vr, Number(value));
  });
  return new Uint8Array(view.buffer);
}

function setInteger(view: DataView, at: number, vr: string, value: number): void {
  const bits = vr.endsWith('S') ? 16 : 32;
  const low = vr.startsWith('S') ? -(2 ** (bits - 1)) : 0;
  if (!Number.isInteger(value) || value < low || value >= low + 2 ** bits) {
    throw new RangeError(`${value} does not fit ${vr}`);
  }
  if (bits === 16) view.setUint16(at, value & 0xffff, true);
  else view.setUint32(at, value >>> 0, true);
}

function padded(bytes: Uint8Array, pad: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  even[bytes.length] = pad;
  return even;
}
