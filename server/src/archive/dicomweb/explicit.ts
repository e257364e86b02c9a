import { type Dataset, type Element, tagNumber } from '@yuepian/dicom';
import { explicitLittleEndian } from '../pixels/index.ts';

/** Representations with two reserved bytes and a 32-bit length (PS3.5 table 7.1-1). */
const longForm = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));
/** Bytes that change places when the byte order does. */
const width: Record<string, number> = {
  US: 2,
  SS: 2,
  OW: 2,
  AT: 2,
  UL: 4,
  SL: 4,
  FL: 4,
  OF: 4,
  OL: 4,
  FD: 8,
  OD: 8,
  SV: 8,
  UV: 8,
  OV: 8,
};

/** A value to write in place of, or in addition to, what the data set has. */
export type Replacements = ReadonlyMap<number, { readonly vr: string; readonly value: Uint8Array }>;

/**
 * A data set as explicit VR little endian, value bytes untouched but for their order: nothing is
 * decoded, so private and malformed text stays what it was. Pixel data and offset tables are left
 * out; group lengths too, as they would be wrong.
 */
export function writeExplicit(dataset: Dataset, replacements: Replacements = new Map()): Buffer {
  const tags = new Set([...dataset.elements.keys(), ...replacements.keys()]);
  const parts: Uint8Array[] = [];
  for (const tag of [...tags].sort((a, b) => a - b)) {
    if (tag >>> 16 === 0x7fe0 || (tag & 0xffff) === 0 || tag >>> 16 === 0xfffe) continue;
    const other = replacements.get(tag);
    const element = dataset.elements.get(tag);
    if (other !== undefined) parts.push(head(tag, other.vr, other.value.length), other.value);
    else if (element?.items !== undefined) parts.push(...sequence(dataset, tag));
    else if (element !== undefined) parts.push(...plain(dataset, element));
  }
  return Buffer.concat(parts);
}

/** Preamble and meta information of a file in explicit VR little endian (PS3.10 §7.1). */
export function writeMeta(dataset: Dataset): Buffer {
  const text = (tag: number, vr: string, value: string): Buffer => {
    const padded = Buffer.from(
      value.length % 2 === 1 ? `${value}${vr === 'UI' ? '\0' : ' '}` : value,
    );
    return Buffer.concat([head(tag, vr, padded.length), padded]);
  };
  const elements = [
    head(0x00020001, 'OB', 2),
    Buffer.from([0, 1]),
    text(0x00020002, 'UI', dataset.string('SOPClassUID')),
    text(0x00020003, 'UI', dataset.string('SOPInstanceUID')),
    text(0x00020010, 'UI', explicitLittleEndian),
    text(0x00020012, 'UI', dataset.string('ImplementationClassUID') || '2.25.0'),
  ];
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  const start = Buffer.alloc(132);
  start.write('DICM', 128, 'latin1');
  return Buffer.concat([start, head(0x00020000, 'UL', 4), length, body]);
}

/** Tag, representation and length of an element. */
export function head(tag: number | string, vr: string, length: number): Buffer {
  const number = tagNumber(tag);
  const long = longForm.has(vr);
  const out = Buffer.alloc(long ? 12 : 8);
  out.writeUInt16LE(number >>> 16, 0);
  out.writeUInt16LE(number & 0xffff, 2);
  out.write(vr, 4, 'latin1');
  if (long) out.writeUInt32LE(length, 8);
  else out.writeUInt16LE(length, 6);
  return out;
}

function plain(dataset: Dataset, element: Element): Uint8Array[] {
  const stored = dataset.bytes(element.tag) ?? new Uint8Array(0);
  const known = dataset.vr(element.tag) ?? 'UN';
  // A value too long for the short form can only be told as unknown (PS3.5 §6.2.2).
  const vr = !longForm.has(known) && stored.length > 0xffff ? 'UN' : known;
  const size = width[known] ?? 1;
  const ordered = element.littleEndian || size === 1 ? stored : reversed(stored, size);
  const odd = ordered.length % 2;
  const pad =
    odd === 0 ? [] : [Buffer.from([width[known] || vr === 'OB' || vr === 'UI' ? 0 : 0x20])];
  return [head(element.tag, vr, ordered.length + odd), ordered, ...pad];
}

function sequence(dataset: Dataset, tag: number): Uint8Array[] {
  const items = dataset.sequence(tag).flatMap((item) => {
    const body = writeExplicit(item);
    const start = Buffer.alloc(8);
    start.writeUInt16LE(0xfffe, 0);
    start.writeUInt16LE(0xe000, 2);
    start.writeUInt32LE(body.length, 4);
    return [start, body];
  });
  const length = items.reduce((sum, part) => sum + part.length, 0);
  return [head(tag, 'SQ', length), ...items];
}

function reversed(bytes: Uint8Array, size: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let i = 0; i + size <= out.length; i += size) out.subarray(i, i + size).reverse();
  return out;
}
