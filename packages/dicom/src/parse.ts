import { YuepianError } from '@yuepian/contract';
import { tagName, vrOf } from './dictionary.ts';
import { longForm, shortForm } from './vr.ts';

/**
 * Data elements of a byte range (PS3.5 §7). Written here and not taken from dicom-parser because
 * version 1.8.21 reads OV, SV and UV with a two-byte length (so no extended offset table), takes a
 * data set that ends inside a sequence as complete, and recurses without a limit.
 */

/** Where an element's value lies; sequences are parsed, everything else stays in the bytes. */
export interface Element {
  readonly tag: number;
  /** Two letters; the dictionary's choice where the file gives none. */
  readonly vr: string;
  readonly offset: number;
  readonly length: number;
  /** Byte order of the value. */
  readonly littleEndian: boolean;
  readonly items?: readonly ElementMap[];
  /** Encapsulated Pixel Data: value of each item, the first being the basic offset table. */
  readonly fragments?: readonly Span[];
  /** Byte range that was not looked into because reading stopped here. */
  readonly unread?: boolean;
}
export interface Span {
  readonly offset: number;
  readonly length: number;
}
export type ElementMap = Map<number, Element>;

export interface ParseContext {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly explicit: boolean;
  /** Stop at the first element with this tag or a higher one; the element itself is listed. */
  readonly stopAt?: number;
}

const undefinedLength = 0xffffffff;
const itemTag = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
export const pixelDataTag = 0x7fe00010;

/** Deeper than any real object (structured reports stay under 20); keeps the stack safe. */
const maxDepth = 64;

export const isVr = (vr: string): boolean => longForm.has(vr) || shortForm.has(vr);

export const damaged = (reason: string): YuepianError =>
  new YuepianError('damaged_dicom', { reason });
const truncated = (tag: number): YuepianError =>
  new YuepianError('truncated', { where: tagName(tag) });

/** @throws YuepianError truncated or damaged_dicom. */
export function parseElements(c: ParseContext, start: number, end: number): ElementMap {
  return readUntil(c, start, end, 0, false).elements;
}

export interface Range {
  readonly elements: ElementMap;
  readonly position: number;
}

/** Elements up to `end`, or up to an item delimiter when `delimited`. */
function readUntil(
  c: ParseContext,
  start: number,
  end: number,
  depth: number,
  delimited: boolean,
): Range {
  if (depth > maxDepth) throw damaged('sequences nested too deeply');
  const elements: ElementMap = new Map();
  let position = start;
  let last = 0;
  while (position < end) {
    // What follows the pixels is padding to a block, unless its tag is higher.
    if (depth === 0 && last >= pixelDataTag) {
      if (end - position < 8 || readTag(c, position) < pixelDataTag) break;
    }
    const head = readHead(c, position, end, last);
    if (head.tag === itemEnd || head.tag === sequenceEnd) {
      if (delimited && head.tag === itemEnd) return { elements, position: head.offset };
      position = head.offset;
      continue;
    }
    if (head.tag === itemTag) throw damaged('an item outside a sequence');
    if (c.stopAt !== undefined && depth === 0 && head.tag >= c.stopAt) {
      elements.set(head.tag, { ...elementOf(c, head), unread: true });
      return { elements, position: head.offset };
    }
    const read = readValue(c, head, end, depth);
    elements.set(head.tag, read.element);
    position = read.position;
    last = head.tag;
  }
  if (delimited) throw truncated(last);
  return { elements, position };
}

interface Head {
  readonly tag: number;
  readonly vr: string;
  readonly offset: number;
  readonly length: number;
}

const elementOf = (c: ParseContext, h: Head): Element => ({
  tag: h.tag,
  vr: h.vr,
  offset: h.offset,
  length: h.length,
  littleEndian: c.littleEndian,
});

function readHead(c: ParseContext, position: number, end: number, last: number): Head {
  if (end - position < 8) throw truncated(last);
  const { view, littleEndian } = c;
  const tag = readTag(c, position);
  const word = view.getUint32(position + 4, littleEndian);
  if (tag === itemTag || tag === itemEnd || tag === sequenceEnd) {
    return { tag, vr: '', offset: position + 8, length: tag === itemTag ? word : 0 };
  }
  if (!c.explicit) return { tag, vr: vrOf(tag), offset: position + 8, length: word };
  const vr = String.fromCharCode(c.bytes[position + 4] as number, c.bytes[position + 5] as number);
  if (shortForm.has(vr)) {
    return { tag, vr, offset: position + 8, length: view.getUint16(position + 6, littleEndian) };
  }
  if (longForm.has(vr) || /^[A-Z]{2}$/.test(vr)) {
    // PS3.5 §6.2.2, note: a representation yet unknown has the long form.
    if (end - position < 12) throw truncated(tag);
    const known = longForm.has(vr) ? vr : 'UN';
    return {
      tag,
      vr: known,
      offset: position + 12,
      length: view.getUint32(position + 8, littleEndian),
    };
  }
  return unlettered(c, tag, position, end, word);
}

/** No letters where the VR belongs: an element in implicit form, or two bytes of rubbish. */
function unlettered(
  c: ParseContext,
  tag: number,
  position: number,
  end: number,
  word: number,
): Head {
  const implicit = { tag, vr: vrOf(tag), offset: position + 8, length: word };
  if (
    word === undefinedLength ||
    (word <= end - position - 8 && follows(c, tag, position + 8 + word, end))
  ) {
    return implicit;
  }
  const length = c.view.getUint16(position + 6, c.littleEndian);
  if (follows(c, tag, position + 8 + length, end)) {
    return { tag, vr: vrOf(tag), offset: position + 8, length };
  }
  throw damaged(`${tagName(tag)} has no value representation`);
}

/** True when a plausible next element, or the end, is at `position`. */
function follows(c: ParseContext, tag: number, position: number, end: number): boolean {
  if (position === end) return true;
  if (position + 8 > end) return false;
  const next = readTag(c, position);
  return (
    next > tag && (next >>> 16 === tag >>> 16 || next >>> 16 <= 0x7fe0 || next >>> 16 === 0xfffe)
  );
}

const readTag = (c: ParseContext, position: number): number =>
  ((c.view.getUint16(position, c.littleEndian) << 16) |
    c.view.getUint16(position + 2, c.littleEndian)) >>>
  0;

function readValue(
  c: ParseContext,
  head: Head,
  end: number,
  depth: number,
): { element: Element; position: number } {
  const { tag, vr, offset, length } = head;
  const plain = elementOf(c, head);
  if (tag === pixelDataTag && length === undefinedLength) {
    const { spans, position } = readFragments(c, offset, end);
    return { element: { ...plain, length: position - offset, fragments: spans }, position };
  }
  const rest = end - offset;
  if (length === undefinedLength) {
    // A UN of undefined length is a sequence in implicit little endian (CP-246, PS3.5 §6.2.2).
    const inner = vr === 'UN' ? implicitOf(c) : c;
    const { items, position } = readItems(inner, tag, offset, end, depth, true);
    return { element: { ...plain, vr: 'SQ', length: position - offset, items }, position };
  }
  if (length > rest) {
    if (end === c.bytes.length) throw truncated(tag);
    throw damaged(`${tagName(tag)} reaches beyond its sequence item`);
  }
  const position = offset + length;
  if (vr === 'SQ') {
    const { items } = readItems(c, tag, offset, position, depth, false);
    return { element: { ...plain, items }, position };
  }
  if (vr === 'UN') return { element: known(c, plain, depth), position };
  return { element: plain, position };
}

/** A UN whose tag the dictionary knows was relayed by a system that did not: read it as what it is. */
function known(c: ParseContext, plain: Element, depth: number): Element {
  const vr = vrOf(plain.tag);
  if (vr === 'UN') return plain;
  if (vr !== 'SQ') return { ...plain, vr };
  try {
    const end = plain.offset + plain.length;
    const { items } = readItems(implicitOf(c), plain.tag, plain.offset, end, depth, false);
    return { ...plain, vr, items };
  } catch {
    return plain;
  }
}

const implicitOf = (c: ParseContext): ParseContext => ({
  bytes: c.bytes,
  view: c.view,
  littleEndian: true,
  explicit: false,
});

function readItems(
  c: ParseContext,
  tag: number,
  start: number,
  end: number,
  depth: number,
  delimited: boolean,
): { items: ElementMap[]; position: number } {
  const items: ElementMap[] = [];
  let position = start;
  while (position < end) {
    if (end - position < 8) throw truncated(tag);
    const item = readTag(c, position);
    const length = c.view.getUint32(position + 4, c.littleEndian);
    position += 8;
    if (item === sequenceEnd) return { items, position };
    if (item !== itemTag) throw damaged(`${tagName(tag)} holds something that is no item`);
    if (length === undefinedLength) {
      const inner = readUntil(c, position, end, depth + 1, true);
      items.push(inner.elements);
      position = inner.position;
    } else {
      if (length > end - position)
        throw end === c.bytes.length
          ? truncated(tag)
          : damaged(`an item of ${tagName(tag)} is too long`);
      items.push(readUntil(c, position, position + length, depth + 1, false).elements);
      position += length;
    }
  }
  if (delimited) throw truncated(tag);
  return { items, position };
}

/** Items of encapsulated Pixel Data (PS3.5 §A.4). */
function readFragments(
  c: ParseContext,
  start: number,
  end: number,
): { spans: Span[]; position: number } {
  const spans: Span[] = [];
  let position = start;
  while (position + 8 <= end) {
    const tag = readTag(c, position);
    const length = c.view.getUint32(position + 4, c.littleEndian);
    position += 8;
    if (tag === sequenceEnd) return { spans, position };
    if (tag !== itemTag) throw damaged('the compressed pixel data has a broken item');
    if (length > end - position) throw truncated(pixelDataTag);
    spans.push({ offset: position, length });
    position += length;
  }
  // A missing delimiter after a last whole item is common and loses nothing.
  if (spans.length > 1 && position === end) return { spans, position };
  throw truncated(pixelDataTag);
}

/** File meta information: the group 0002 elements at `start`, always explicit little endian (PS3.10 §7.1). */
export function parseMeta(bytes: Uint8Array, start: number): Range {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const c: ParseContext = { bytes, view, littleEndian: true, explicit: true };
  const elements: ElementMap = new Map();
  let position = start;
  // The group length (0002,0000) is often absent or wrong; the group number never is.
  while (position + 8 <= bytes.length && view.getUint16(position, true) === 2) {
    const head = readHead(c, position, bytes.length, 0);
    const read = readValue(c, head, bytes.length, 0);
    elements.set(head.tag, read.element);
    position = read.position;
  }
  return { elements, position };
}
