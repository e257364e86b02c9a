import type { PersonName } from '@yuepian/contract';
import { fromLatin1, type TextDecoderFor, textDecoder } from './charset.ts';
import { type Tag, tagNumber } from './dictionary.ts';
import type { Element, ElementMap } from './parse.ts';

interface DatasetContext {
  readonly decode: TextDecoderFor;
  readonly meta?: Dataset;
  readonly transferSyntaxUid?: string;
  readonly pixelRepresentation?: number;
}

/** Text whose bytes the character set rules (PS3.5 §6.1.2.3); all other text is ASCII. */
const charsetVrs = new Set(['SH', 'LO', 'ST', 'LT', 'UC', 'UT', 'PN']);
/** Single values: a backslash in them is a backslash (PS3.5 §6.2). */
const unsplitVrs = new Set(['ST', 'LT', 'UT', 'UR']);
const characterSetTag = 0x00080005;

type Reader = (view: DataView, at: number, littleEndian: boolean) => number;
const binary: Record<string, readonly [number, Reader]> = {
  US: [2, (v, p, le) => v.getUint16(p, le)],
  SS: [2, (v, p, le) => v.getInt16(p, le)],
  UL: [4, (v, p, le) => v.getUint32(p, le)],
  SL: [4, (v, p, le) => v.getInt32(p, le)],
  FL: [4, (v, p, le) => v.getFloat32(p, le)],
  FD: [8, (v, p, le) => v.getFloat64(p, le)],
  UV: [8, (v, p, le) => Number(v.getBigUint64(p, le))],
  SV: [8, (v, p, le) => Number(v.getBigInt64(p, le))],
  AT: [4, (v, p, le) => v.getUint16(p, le) * 0x10000 + v.getUint16(p + 2, le)],
  OW: [2, (v, p, le) => v.getUint16(p, le)],
  OL: [4, (v, p, le) => v.getUint32(p, le)],
  OF: [4, (v, p, le) => v.getFloat32(p, le)],
  OD: [8, (v, p, le) => v.getFloat64(p, le)],
  OV: [8, (v, p, le) => Number(v.getBigUint64(p, le))],
  OB: [1, (v, p) => v.getUint8(p)],
};

/**
 * One data set: a whole instance or an item of a sequence. Values are decoded when asked for. A
 * missing, empty or malformed value reads as '', [], or undefined: what a value must be is for the
 * caller to say.
 */
export class Dataset {
  readonly transferSyntaxUid: string;
  /** File meta information, group 0002; only on a whole instance that has one. */
  readonly meta: Dataset | undefined;
  /** The bytes that offsets of elements count from: the file's, or the inflated ones. */
  readonly source: Uint8Array;
  readonly elements: ElementMap;
  readonly #decode: TextDecoderFor;
  readonly #pixelRepresentation: number;
  readonly #view: DataView;

  constructor(source: Uint8Array, elements: ElementMap, context: DatasetContext) {
    this.source = source;
    this.elements = elements;
    this.meta = context.meta;
    this.transferSyntaxUid = context.transferSyntaxUid ?? '';
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.#decode = context.decode;
    // An item with its own character set overrides the one around it (PS3.3 C.12.1.1.2).
    const own = elements.get(characterSetTag);
    if (own && own.length > 0) this.#decode = textDecoder(this.strings(characterSetTag));
    this.#pixelRepresentation =
      this.number('PixelRepresentation') ?? context.pixelRepresentation ?? 0;
  }

  element(tag: Tag): Element | undefined {
    const n = tagNumber(tag);
    if (n >>> 16 === 2 && this.meta) return this.meta.element(n);
    return this.elements.get(n);
  }

  /** True when the element is present, empty or not. */
  has(tag: Tag): boolean {
    return this.element(tag) !== undefined;
  }

  /** Value representation as read; US or SS is chosen by Pixel Representation for implicit VR. */
  vr(tag: Tag): string | undefined {
    const e = this.element(tag);
    return e && this.#vrOf(e);
  }

  /** First value as text, trimmed of padding; '' when there is none. */
  string(tag: Tag): string {
    return this.strings(tag)[0] ?? '';
  }

  /** All values as text. Numbers of binary representations are written out. */
  strings(tag: Tag): string[] {
    const e = this.element(tag);
    if (!e || e.items || e.fragments || e.unread || e.length === 0) return [];
    const vr = this.#vrOf(e);
    if (binary[vr]) return vr.startsWith('O') ? [] : this.numbers(tag).map(String);
    const text = this.#text(e, vr);
    if (unsplitVrs.has(vr)) return [text.replace(/[\0 ]+$/, '')];
    return text.split('\\').map((part) => part.replace(/^ +|[\0 ]+$/g, ''));
  }

  /** First value as a finite number. */
  number(tag: Tag): number | undefined {
    const first = this.numbers(tag)[0];
    return first !== undefined && Number.isFinite(first) ? first : undefined;
  }

  /** All values as numbers; NaN stands for a value that is none. */
  numbers(tag: Tag): number[] {
    const e = this.element(tag);
    if (!e || e.items || e.fragments || e.unread || e.length === 0) return [];
    const vr = this.#vrOf(e);
    const reader = binary[vr];
    if (!reader) return this.strings(tag).map(parseDecimal);
    const [size, get] = reader;
    const count = Math.floor(e.length / size);
    const values = new Array<number>(count);
    for (let i = 0; i < count; i++)
      values[i] = get(this.#view, e.offset + i * size, e.littleEndian);
    return values;
  }

  /** Items of a sequence; [] when it is absent, empty or no sequence. */
  sequence(tag: Tag): Dataset[] {
    return (this.element(tag)?.items ?? []).map((item) => this.#child(item));
  }

  /** First item of a sequence. */
  item(tag: Tag): Dataset | undefined {
    const first = this.element(tag)?.items?.[0];
    return first && this.#child(first);
  }

  /** The first person name in its three component groups (PS3.5 §6.2.1). */
  personName(tag: Tag): PersonName {
    return parsePersonName(this.string(tag));
  }

  /** The value's bytes as stored, a view and no copy; undefined when absent or not read. */
  bytes(tag: Tag): Uint8Array | undefined {
    const e = this.element(tag);
    if (!e || e.unread) return undefined;
    const source = e.tag >>> 16 === 2 && this.meta ? this.meta.source : this.source;
    return source.subarray(e.offset, e.offset + e.length);
  }

  #child(elements: ElementMap): Dataset {
    return new Dataset(this.source, elements, {
      decode: this.#decode,
      pixelRepresentation: this.#pixelRepresentation,
    });
  }

  #vrOf(e: Element): string {
    return e.vr === 'US' && this.#pixelRepresentation === 1 && signedChoice.has(e.tag)
      ? 'SS'
      : e.vr;
  }

  #text(e: Element, vr: string): string {
    const bytes = this.bytes(e.tag) ?? new Uint8Array(0);
    if (!charsetVrs.has(vr)) return fromLatin1(bytes);
    return this.#decode(bytes, vr === 'PN' ? 'name' : 'text');
  }
}

/**
 * Attributes that are US or SS by Pixel Representation (PS3.6 "US or SS"). Implicit VR reads them as
 * US; the sign of explicit ones that say US is kept to the same rule, which repairs writers that
 * give a signed padding value as US.
 */
const signedChoice = new Set([
  0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280120, 0x00280121,
]);

/** A decimal or integer string (PS3.5 §6.2 DS, IS). */
function parseDecimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** Splits `alphabetic=ideographic=phonetic`; components are trimmed, empty ones at the end dropped. */
export function parsePersonName(text: string): PersonName {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=').map((group) =>
    group
      .split('^')
      .map((component) => component.trim())
      .join('^')
      .replace(/\^+$/, ''),
  );
  return { alphabetic, ideographic, phonetic };
}
