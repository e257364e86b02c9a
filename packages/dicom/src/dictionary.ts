import entries from './dictionary.json' with { type: 'json' };

/**
 * A tag as its number (0x00100010), its keyword (`PatientName`, PS3.6), or eight hexadecimal digits
 * with or without a leading x.
 */
export type Tag = number | string;

interface Entry {
  readonly vr: string;
  readonly keyword: string;
}

const byNumber = new Map<number, Entry>();
const byKeyword = new Map<string, number>();
for (const [hex, text] of Object.entries(entries as Record<string, string>)) {
  const [vr = 'UN', keyword = ''] = text.split(' ');
  const tag = Number.parseInt(hex, 16);
  byNumber.set(tag, { vr, keyword });
  byKeyword.set(keyword, tag);
}

/** Repeating groups 50xx and 60xx share the entries of 5000 and 6000 (PS3.5 §7.6). */
function entryOf(tag: number): Entry | undefined {
  const found = byNumber.get(tag);
  if (found) return found;
  const family = tag >>> 24;
  return family === 0x50 || family === 0x60
    ? byNumber.get(((family << 24) | (tag & 0xffff)) >>> 0)
    : undefined;
}

/**
 * Number of a tag. @throws RangeError when it is neither a keyword of PS3.6 nor hexadecimal: that is
 * a slip in our code, not in a file.
 */
export function tagNumber(tag: Tag): number {
  if (typeof tag === 'number') return tag;
  const known = byKeyword.get(tag);
  if (known !== undefined) return known;
  const hex = /^x?([0-9a-fA-F]{8})$/.exec(tag)?.[1];
  if (hex === undefined) throw new RangeError(`no such tag: ${tag}`);
  return Number.parseInt(hex, 16);
}

/** Eight upper-case hexadecimal digits, as the DICOM JSON model writes a tag. */
export const tagHex = (tag: Tag): string =>
  tagNumber(tag).toString(16).toUpperCase().padStart(8, '0');

/** Number of a keyword, undefined when PS3.6 has no such attribute: for words that come from a client. */
export const tagOfKeyword = (keyword: string): number | undefined => byKeyword.get(keyword);

/** Keyword of a tag; empty for private and unknown ones. */
export const keywordOf = (tag: Tag): string => entryOf(tagNumber(tag))?.keyword ?? '';

/** For sentences: keyword where there is one, else (gggg,eeee). */
export function tagName(tag: Tag): string {
  const hex = tagHex(tag);
  return keywordOf(tag) || `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

export const isPrivate = (tag: number): boolean => ((tag >>> 16) & 1) === 1;

/**
 * Value representation by the dictionary, `UN` when unknown. Where PS3.6 leaves a choice: `US|SS`
 * follows Pixel Representation, `OB|OW` is OW (PS3.5 §A.1: implicit little endian is always OW).
 */
export function vrOf(tag: Tag, pixelRepresentation = 0): string {
  const n = tagNumber(tag);
  // Private creators name the block (PS3.5 §7.8.1); group lengths are UL everywhere.
  if ((n & 0xffff) === 0) return 'UL';
  if (isPrivate(n)) return (n & 0xffff) >= 0x10 && (n & 0xffff) <= 0xff ? 'LO' : 'UN';
  const vr = entryOf(n)?.vr ?? 'UN';
  if (vr === 'US|SS') return pixelRepresentation === 1 ? 'SS' : 'US';
  return vr === 'OB|OW' ? 'OW' : vr;
}
