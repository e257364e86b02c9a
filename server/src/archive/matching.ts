import type { PersonName } from '@yuepian/contract';

/**
 * How names and text are compared: case, width (ＡＢ = AB) and Latin accents do not matter. Chinese,
 * Japanese and Korean characters stay as they are (が is not か, 国 is not 國).
 */
export const normalise = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();

/** One component group of a person name for comparison: trailing empty components do not count. */
export const normaliseName = (group: string): string =>
  normalise(group)
    .replace(/\s*\^\s*/g, '^')
    .replace(/\^+$/, '');

/**
 * Words a name can be found by, in a fixed text with a space on either side of each: every
 * component of every group, and family and given name run together both ways (王小明, wangxiaoming).
 */
export function nameTokens(name: PersonName): string {
  const tokens = new Set<string>();
  for (const group of [name.alphabetic, name.ideographic, name.phonetic]) {
    const parts = normaliseName(group)
      .split(/[\^ ,.]/)
      .filter((part) => part !== '');
    for (const part of parts) tokens.add(part);
    const [family, given] = parts;
    if (family !== undefined && given !== undefined) {
      tokens.add(family + given);
      tokens.add(given + family);
    }
  }
  return tokens.size === 0 ? '' : ` ${[...tokens].join(' ')} `;
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, (c) => `\\${c}`);

/** DICOM wild cards (PS3.4 §C.2.2.2.4) → the pattern of SQL LIKE with `\` as escape. */
export const likePattern = (value: string): string =>
  escapeLike(value).replace(/\*/g, '%').replace(/\?/g, '_');

export const hasWildcard = (value: string): boolean => /[*?]/.test(value);

/** `%word%` for a substring search; wild cards in it are ordinary characters. */
export const containsPattern = (word: string): string => `%${escapeLike(word)}%`;

/** A range as `from`/`to`, either end open (PS3.4 §C.2.2.2.5). */
export interface Range {
  readonly from?: string;
  readonly to?: string;
}

/** `a-b`, `a-`, `-b` or a single value; undefined when it is none of these. */
export function parseRange(value: string, digits: RegExp): Range | undefined {
  const parts = value.split('-');
  if (parts.length > 2) return undefined;
  const [from = '', to = from] = parts;
  if (from === '' && to === '') return undefined;
  if ((from !== '' && !digits.test(from)) || (to !== '' && !digits.test(to))) return undefined;
  return { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
}

export const datePattern = /^\d{8}$/;
/** HH, HHMM, HHMMSS or with a fraction; colons are taken too, as ACR-NEMA wrote them. */
export const timePattern = /^\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?$/;
