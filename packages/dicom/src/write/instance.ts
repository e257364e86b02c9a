import { longForm } from '../vr.ts';
import { type DicomElement, type DicomElements, element } from './elements.ts';
import { isUid } from './uid.ts';
import { encodeValue } from './values.ts';

/** Who wrote the file (PS3.7 D.3.3.2); a version 4 UUID drawn once for this software. */
export const implementationClassUid = '2.25.186875868236725228066309843656403705016';
export const implementationVersionName = 'YUEPIAN_1';

export const implicitLittleEndian = '1.2.840.10008.1.2';
export const explicitLittleEndian = '1.2.840.10008.1.2.1';
export const deflatedLittleEndian = '1.2.840.10008.1.2.1.99';

export interface WriteOptions {
  /**
   * Explicit VR little endian unless said otherwise. Implicit and deflated are re-encoded; any other
   * UID is written as explicit VR little endian around pixel data the caller has encoded.
   */
  readonly transferSyntaxUid?: string;
  /** Raw DEFLATE (RFC 1951); needed for the deflated syntax only. */
  readonly deflateRaw?: (bytes: Uint8Array) => Uint8Array;
}

/**
 * A DICOM Part 10 file (PS3.10 7.1) of the given data set. Elements are sorted, values padded, text
 * written as UTF-8 and SpecificCharacterSet set to match.
 * @throws RangeError when SOP class or instance UID is missing or a value does not fit its VR.
 */
export function writeInstance(elements: DicomElements, options: WriteOptions = {}): Uint8Array {
  const syntax = options.transferSyntaxUid ?? explicitLittleEndian;
  const [sopClass, sopInstance] = [
    requiredUid(elements, '00080016'),
    requiredUid(elements, '00080018'),
  ];
  const dataset: DicomElements = { ...elements, '00080005': element('CS', 'ISO_IR 192') };

  const meta = new ByteWriter(512);
  writeElements(meta, true, {
    '00020001': { vr: 'OB', bytes: new Uint8Array([0, 1]) },
    '00020002': element('UI', sopClass),
    '00020003': element('UI', sopInstance),
    '00020010': element('UI', syntax),
    '00020012': element('UI', implementationClassUid),
    '00020013': element('SH', implementationVersionName),
  });

  const out = new ByteWriter(1024 + sizeHint(dataset));
  out.skip(128);
  out.ascii('DICM');
  writeElements(out, true, { '00020000': element('UL', meta.length) });
  out.bytes(meta.done());
  if (syntax !== deflatedLittleEndian) {
    writeElements(out, syntax !== implicitLittleEndian, dataset);
    return out.done();
  }
  if (!options.deflateRaw) throw new RangeError('the deflated syntax needs deflateRaw');
  const plain = new ByteWriter(1024 + sizeHint(dataset));
  writeElements(plain, true, dataset);
  const deflated = options.deflateRaw(plain.done());
  out.bytes(deflated);
  // The deflated stream is padded to an even length with one NUL (PS3.5 A.5).
  if (deflated.length % 2 === 1) out.skip(1);
  return out.done();
}

function requiredUid(elements: DicomElements, tag: string): string {
  const value = elements[tag]?.Value?.[0];
  if (typeof value !== 'string' || !isUid(value)) throw new RangeError(`${tag} must be a UID`);
  return value;
}

/** Bytes of the big values, so that a slice is written without growing the buffer. */
function sizeHint(elements: DicomElements): number {
  let size = 0;
  for (const one of Object.values(elements)) {
    size += 64 + (one.bytes?.length ?? 0);
    for (const fragment of one.fragments ?? []) size += fragment.length + 8;
  }
  return size;
}

const delimiters = { item: 0xe000, itemEnd: 0xe00d, sequenceEnd: 0xe0dd } as const;
const undefinedLength = 0xffffffff;

function writeElements(out: ByteWriter, explicit: boolean, elements: DicomElements): void {
  for (const tag of Object.keys(elements).sort()) {
    if (!/^[0-9A-F]{8}$/.test(tag)) throw new RangeError(`"${tag}" is no tag`);
    writeElement(out, explicit, tag, elements[tag] as DicomElement);
  }
}

function writeElement(out: ByteWriter, explicit: boolean, tag: string, one: DicomElement): void {
  out.uint16(Number.parseInt(tag.slice(0, 4), 16));
  out.uint16(Number.parseInt(tag.slice(4), 16));
  if (explicit) out.ascii(one.vr);
  if (explicit && longForm.has(one.vr)) out.uint16(0);
  if (one.vr === 'SQ') {
    writeSequence(out, explicit, one);
    return;
  }
  if (one.fragments) {
    writeFragments(out, one.fragments);
    return;
  }
  const value = encodeValue(tag, one);
  if (!explicit || longForm.has(one.vr)) out.uint32(value.length);
  else if (value.length > 0xffff) throw new RangeError(`${tag}: too long for ${one.vr}`);
  else out.uint16(value.length);
  out.bytes(value);
}

function writeSequence(out: ByteWriter, explicit: boolean, one: DicomElement): void {
  const items = (one.Value ?? []) as readonly DicomElements[];
  const open = one.undefinedLength === true;
  const lengthAt = out.length;
  out.uint32(open ? undefinedLength : 0);
  for (const item of items) {
    out.uint16(0xfffe);
    out.uint16(delimiters.item);
    const itemAt = out.length;
    out.uint32(open ? undefinedLength : 0);
    writeElements(out, explicit, item);
    if (open) out.delimiter(delimiters.itemEnd);
    else out.patch(itemAt, out.length - itemAt - 4);
  }
  if (open) out.delimiter(delimiters.sequenceEnd);
  else out.patch(lengthAt, out.length - lengthAt - 4);
}

function writeFragments(out: ByteWriter, fragments: readonly Uint8Array[]): void {
  out.uint32(undefinedLength);
  out.delimiter(delimiters.item);
  for (const fragment of fragments) {
    out.uint16(0xfffe);
    out.uint16(delimiters.item);
    out.uint32(fragment.length + (fragment.length % 2));
    out.bytes(fragment);
    if (fragment.length % 2 === 1) out.skip(1);
  }
  out.delimiter(delimiters.sequenceEnd);
}

/** Little-endian bytes in one buffer that doubles when it is full. */
class ByteWriter {
  length = 0;
  #view: DataView<ArrayBuffer>;

  constructor(capacity: number) {
    this.#view = new DataView(new ArrayBuffer(capacity));
  }

  skip(count: number): void {
    this.#reserve(count);
    this.length += count;
  }

  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#view.setUint8(this.length++, text.charCodeAt(i));
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    new Uint8Array(this.#view.buffer, this.length).set(bytes);
    this.length += bytes.length;
  }

  delimiter(element: number): void {
    this.uint16(0xfffe);
    this.uint16(element);
    this.uint32(0);
  }

  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  done(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, 0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#view.byteLength) return;
    const bigger = new Uint8Array(Math.max(needed, this.#view.byteLength * 2));
    bigger.set(new Uint8Array(this.#view.buffer, 0, this.length));
    this.#view = new DataView(bigger.buffer);
  }
}
