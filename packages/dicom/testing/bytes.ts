import { longForm } from '../src/vr.ts';

/** A few lines that write elements byte by byte, so that the reader is tested against PS3.5 and not our writer. */
export interface Syntax {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}
export const explicitLittle: Syntax = { explicit: true, littleEndian: true };
export const implicitLittle: Syntax = { explicit: false, littleEndian: true };
export const explicitBig: Syntax = { explicit: true, littleEndian: false };

export const undefinedLength = 0xffffffff;

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
export const join = (...parts: Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};

export const u16 = (values: number[], littleEndian = true): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  for (const [n, v] of values.entries()) view.setUint16(n * 2, v & 0xffff, littleEndian);
  return new Uint8Array(view.buffer);
};
export const u32 = (values: number[], littleEndian = true): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [n, v] of values.entries()) view.setUint32(n * 4, v, littleEndian);
  return new Uint8Array(view.buffer);
};

/** One element; `length` may lie. */
export function el(
  tag: number,
  vr: string,
  value: Uint8Array | string,
  s: Syntax = explicitLittle,
  length?: number,
): Uint8Array {
  const raw = typeof value === 'string' ? ascii(value) : value;
  const even =
    raw.length % 2 === 0 ? raw : join(raw, ascii(vr === 'UI' || vr === 'OB' ? '\0' : ' '));
  const le = s.littleEndian;
  const n = length ?? even.length;
  const head = u16([tag >>> 16, tag & 0xffff], le);
  if (!s.explicit) return join(head, u32([n], le), even);
  if (longForm.has(vr)) return join(head, ascii(vr), u16([0]), u32([n], le), even);
  return join(head, ascii(vr), u16([n], le), even);
}

/** An item; without `length` it is delimited. */
export function item(content: Uint8Array, s: Syntax = explicitLittle, length?: number): Uint8Array {
  const le = s.littleEndian;
  if (length !== undefined) return join(u16([0xfffe, 0xe000], le), u32([length], le), content);
  return join(
    u16([0xfffe, 0xe000], le),
    u32([undefinedLength], le),
    content,
    u16([0xfffe, 0xe00d], le),
    u32([0], le),
  );
}

export const sequenceEnd = (s: Syntax = explicitLittle): Uint8Array =>
  join(u16([0xfffe, 0xe0dd], s.littleEndian), u32([0], s.littleEndian));

/** Preamble, mark, and meta information with a transfer syntax. */
export const part10 = (transferSyntaxUid: string, body: Uint8Array): Uint8Array => {
  const meta = el(0x00020010, 'UI', transferSyntaxUid);
  return join(
    new Uint8Array(128),
    ascii('DICM'),
    el(0x00020000, 'UL', u32([meta.length])),
    meta,
    body,
  );
};
