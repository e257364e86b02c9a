import type { Dataset } from './dataset.ts';
import { tagHex } from './dictionary.ts';
import type { Element } from './parse.ts';

export interface DicomJsonAttribute {
  vr: string;
  Value?: unknown[];
  BulkDataURI?: string;
  InlineBinary?: string;
}
/** DICOM JSON model object (PS3.18 F.2): eight hexadecimal digits → attribute. */
export type DicomJson = Record<string, DicomJsonAttribute>;

export interface JsonOptions {
  /**
   * Where a binary value can be fetched; `path` is the tag, with sequence and item numbers before
   * it, e.g. `54000100/0/54001010`. Without it pixel data is left out.
   */
  readonly bulkDataUri?: (path: string) => string;
  /** Binary values of up to this many bytes are put in place. */
  readonly inlineLimit?: number;
}

const characterSetTag = 0x00080005;
const binaryVrs = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
const wordSize: Record<string, number> = { OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 };
const numberVrs = new Set(['DS', 'IS', 'FL', 'FD', 'SL', 'SS', 'UL', 'US', 'SV', 'UV']);

/** Data set as DICOM JSON, without group lengths and file meta information (PS3.18 F.2). */
export function toDicomJson(dataset: Dataset, o: JsonOptions = {}): DicomJson {
  return convert(dataset, o, '');
}

function convert(dataset: Dataset, o: JsonOptions, path: string): DicomJson {
  const out: DicomJson = {};
  for (const e of [...dataset.elements.values()].sort((a, b) => a.tag - b.tag)) {
    const group = e.tag >>> 16;
    if (group === 2 || group === 0xfffe || (e.tag & 0xffff) === 0) continue;
    const attribute = attributeOf(dataset, e, o, path + tagHex(e.tag));
    if (attribute) out[tagHex(e.tag)] = attribute;
  }
  return out;
}

function attributeOf(
  dataset: Dataset,
  e: Element,
  o: JsonOptions,
  path: string,
): DicomJsonAttribute | undefined {
  const vr = dataset.vr(e.tag) ?? 'UN';
  if (e.items) {
    const Value = dataset.sequence(e.tag).map((item, n) => convert(item, o, `${path}/${n}/`));
    return Value.length > 0 ? { vr: 'SQ', Value } : { vr: 'SQ' };
  }
  if (binaryVrs.has(vr)) return binary(dataset, e, vr, o, path);
  if (e.length === 0) return { vr };
  // JSON is UTF-8, whatever the file was (PS3.18 F.2).
  if (e.tag === characterSetTag) return { vr, Value: ['ISO_IR 192'] };
  const Value = values(dataset, e.tag, vr);
  return Value.length > 0 ? { vr, Value } : { vr };
}

function binary(
  dataset: Dataset,
  e: Element,
  vr: string,
  o: JsonOptions,
  path: string,
): DicomJsonAttribute | undefined {
  const isPixels = e.tag >= 0x7fe00008 && e.tag <= 0x7fe00010;
  if (isPixels || e.fragments || e.length > (o.inlineLimit ?? 1024)) {
    if (o.bulkDataUri) return { vr, BulkDataURI: o.bulkDataUri(path) };
    if (isPixels) return undefined;
  }
  const bytes = dataset.bytes(e.tag);
  if (!bytes || bytes.length === 0) return { vr };
  // InlineBinary is little endian whatever the file is (PS3.18 F.2.7).
  const size = wordSize[vr] ?? 1;
  const ordered = e.littleEndian || size === 1 ? bytes : reversed(bytes, size);
  return { vr, InlineBinary: base64(ordered) };
}

function reversed(bytes: Uint8Array, size: number): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i + size <= out.length; i += size) out.subarray(i, i + size).reverse();
  return out;
}

/** Base64 of bytes; `btoa` takes one character per byte. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

function values(dataset: Dataset, tag: number, vr: string): unknown[] {
  if (vr === 'AT')
    return dataset.numbers(tag).map((n) => n.toString(16).toUpperCase().padStart(8, '0'));
  if (vr === 'PN') return dataset.strings(tag).map(personName);
  const texts = dataset.strings(tag);
  if (!numberVrs.has(vr)) return texts.map((t) => (t === '' ? null : t));
  // DS and IS stay text where they are no number; NaN and Infinity have no JSON number (F.2.3).
  return dataset.numbers(tag).map((n, i) => {
    if (Number.isFinite(n)) return n;
    return texts[i] === '' || texts[i] === undefined ? null : texts[i];
  });
}

function personName(text: string): Record<string, string> | null {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=').map((g) => g.trim());
  const out: Record<string, string> = {};
  if (alphabetic) out.Alphabetic = alphabetic;
  if (ideographic) out.Ideographic = ideographic;
  if (phonetic) out.Phonetic = phonetic;
  return Object.keys(out).length > 0 ? out : null;
}
