/**
 * The DICOM JSON model (PS3.18 F.2) as the writer takes it: tag → {vr, Value}. Binary values are
 * kept as bytes instead of base64, so that a slice of pixels is never copied into text.
 */
export interface DicomElement {
  readonly vr: string;
  readonly Value?: readonly DicomValue[];
  /** Little-endian bytes of the value (PixelData, LUT data); instead of Value. */
  readonly bytes?: Uint8Array;
  /** Encapsulated pixel data: one fragment each, written after an empty offset table (PS3.5 A.4). */
  readonly fragments?: readonly Uint8Array[];
  /** SQ only: write sequence and items with delimiters instead of lengths. */
  readonly undefinedLength?: boolean;
}

/** Component groups of a name as in DICOM JSON (PS3.18 F.2.2). */
export interface DicomName {
  readonly Alphabetic?: string;
  readonly Ideographic?: string;
  readonly Phonetic?: string;
}

export type DicomValue = string | number | bigint | DicomName | DicomElements;

/** Keys are eight hexadecimal digits, upper case, e.g. `00100010`. Order does not matter. */
export interface DicomElements {
  readonly [tag: string]: DicomElement;
}

/** An element of plain values; no value at all makes it empty (type 2). */
export const element = (vr: string, ...values: readonly DicomValue[]): DicomElement =>
  values.length === 0 ? { vr } : { vr, Value: values };

/** A type 2 element: present, empty when there is nothing to say. */
export const optional = (vr: string, value: string | number | undefined): DicomElement =>
  value === undefined || value === '' ? { vr } : { vr, Value: [value] };

export const sequence = (...items: readonly DicomElements[]): DicomElement => ({
  vr: 'SQ',
  Value: items,
});

export interface CodedConcept {
  readonly value: string;
  /** Coding scheme designator: SCT, DCM… */
  readonly scheme: string;
  readonly meaning: string;
}

/** One item of a code sequence (PS3.3 8.8). A code value beyond 16 characters goes to Long Code Value. */
export const codeItem = (code: CodedConcept): DicomElements => ({
  [code.value.length > 16 ? '00080119' : '00080100']: element(
    code.value.length > 16 ? 'UC' : 'SH',
    code.value,
  ),
  '00080102': element('SH', code.scheme),
  '00080104': element('LO', code.meaning),
});
