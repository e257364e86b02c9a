/**
 * Specific Character Set (0008,0005): bytes → text (PS3.3 C.12.1.1.2, PS3.5 §6.1).
 *
 * Text is decoded before it is split on backslash, ^ or =, because the second byte of a GBK,
 * GB18030 or Shift-JIS character, and both bytes of a JIS character, may equal a delimiter.
 */

/** Decodes a whole value; `delimiters` also end an escape sequence's effect (PS3.5 §6.1.2.5.3). */
export type TextDecoderFor = (bytes: Uint8Array, delimiters: 'text' | 'name') => string;

const escapeByte = 0x1b;

/** Labels of the Encoding Standard for single-byte sets and for sets without code extensions. */
const plainSets: Record<string, string> = {
  '6': 'ascii',
  '100': 'latin1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '144': 'iso-8859-5',
  '127': 'iso-8859-6',
  '126': 'iso-8859-7',
  '138': 'iso-8859-8',
  '148': 'latin5',
  '203': 'iso-8859-15',
  '13': 'shift_jis',
  '166': 'windows-874',
  '192': 'utf-8',
  '58': 'gbk',
  '149': 'euc-kr',
  '87': 'iso-2022-jp',
};

/** How the bytes of one code element are read: as they are, or moved into an EUC code page first. */
interface CodeElement {
  readonly label: string;
  /** Put before each two-byte character, e.g. single-shift 3 for JIS X 0212 in EUC-JP. */
  readonly prefix?: number;
  readonly bytesPerCharacter: 1 | 2;
}

const ascii: CodeElement = { label: 'ascii', bytesPerCharacter: 1 };

/** Escape sequence (without ESC) → code element and where it goes (PS3.3 tables C.12-3 and C.12-4). */
const escapes: readonly (readonly [string, 'g0' | 'g1', CodeElement])[] = [
  ['(B', 'g0', ascii],
  ['(J', 'g0', { label: 'shift_jis', bytesPerCharacter: 1 }],
  ['$B', 'g0', { label: 'euc-jp', bytesPerCharacter: 2 }],
  ['$@', 'g0', { label: 'euc-jp', bytesPerCharacter: 2 }],
  ['$(D', 'g0', { label: 'euc-jp', prefix: 0x8f, bytesPerCharacter: 2 }],
  ['$)A', 'g1', { label: 'gbk', bytesPerCharacter: 2 }],
  ['$)C', 'g1', { label: 'euc-kr', bytesPerCharacter: 2 }],
  [')I', 'g1', { label: 'shift_jis', bytesPerCharacter: 1 }],
  ['-A', 'g1', { label: 'latin1', bytesPerCharacter: 1 }],
  ['-B', 'g1', { label: 'iso-8859-2', bytesPerCharacter: 1 }],
  ['-C', 'g1', { label: 'iso-8859-3', bytesPerCharacter: 1 }],
  ['-D', 'g1', { label: 'iso-8859-4', bytesPerCharacter: 1 }],
  ['-L', 'g1', { label: 'iso-8859-5', bytesPerCharacter: 1 }],
  ['-G', 'g1', { label: 'iso-8859-6', bytesPerCharacter: 1 }],
  ['-F', 'g1', { label: 'iso-8859-7', bytesPerCharacter: 1 }],
  ['-H', 'g1', { label: 'iso-8859-8', bytesPerCharacter: 1 }],
  ['-M', 'g1', { label: 'latin5', bytesPerCharacter: 1 }],
  ['-b', 'g1', { label: 'iso-8859-15', bytesPerCharacter: 1 }],
  ['-T', 'g1', { label: 'windows-874', bytesPerCharacter: 1 }],
];

const decoders = new Map<string, TextDecoder>();
function decode(label: string, bytes: Uint8Array): string {
  // The Encoding Standard reads latin1 as windows-1252; ISO 8859-1 has no characters in 80–9F.
  if (label === 'latin1' || label === 'ascii') return fromLatin1(bytes);
  let decoder = decoders.get(label);
  if (!decoder) {
    decoder = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, decoder);
  }
  return decoder.decode(bytes);
}

/** One character per byte. */
export function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return text;
}

/** `ISO 2022 IR 58`, `ISO_IR 192`, `iso-ir-100`, `GB18030`, … → the number or name of the set. */
function normalise(term: string): string {
  const t = term.trim().toUpperCase();
  const iso = /^ISO[ _-]*(?:2022)?[ _-]*IR[ _-]*(\d+)$/.exec(t)?.[1];
  if (iso) return iso;
  if (/^GB[ _-]?18030$/.test(t)) return 'gb18030';
  if (/^(GBK|GB[ _-]?2312|CP936)$/.test(t)) return 'gbk';
  if (/^UTF[ _-]?8$/.test(t)) return '192';
  return t === '' ? '6' : t;
}

/** @param terms values of Specific Character Set, empty strings included; [] when it is absent. */
export function textDecoder(terms: readonly string[]): TextDecoderFor {
  const sets = terms.map(normalise);
  const first = sets[0] ?? '6';
  if (first === 'gb18030' || first === 'gbk' || first === '192') {
    const label = first === '192' ? 'utf-8' : first;
    return (bytes) => decode(label, bytes);
  }
  const extended = terms.some((t) => /2022/.test(t)) || sets.length > 1;
  const known = plainSets[first];
  if (!extended) {
    if (known !== undefined && first !== '6') {
      return (bytes) => (isAscii(bytes) ? fromLatin1(bytes) : decode(known, bytes));
    }
    return (bytes) => guess(bytes);
  }
  const initialG1: CodeElement | undefined =
    first === '6' ? undefined : (codeElement(first) ?? undefined);
  // Some writers leave out the escape sequence; the set they name second is then the only candidate.
  const fallback = sets.slice(1).map(codeElement).find(Boolean) ?? initialG1;
  return (bytes, delimiters) => decodeExtended(bytes, delimiters, first, initialG1, fallback);
}

function codeElement(set: string): CodeElement | undefined {
  const label = plainSets[set];
  if (label === undefined || set === '6' || set === '87' || set === '159') return undefined;
  return { label, bytesPerCharacter: set === '58' || set === '149' ? 2 : 1 };
}

function isAscii(bytes: Uint8Array): boolean {
  for (const b of bytes) if (b >= 0x80 || b === escapeByte) return false;
  return true;
}

/**
 * Bytes above 127 although the file names no set that has them. Only a guess can help: UTF-8 when it
 * is valid, GB18030 when that is (the usual case of a Chinese device that leaves the tag out), else
 * Latin-1.
 */
function guess(bytes: Uint8Array): string {
  if (isAscii(bytes)) return fromLatin1(bytes);
  if (bytes.includes(escapeByte)) return decodeExtended(bytes, 'text', '6', undefined, undefined);
  for (const label of ['utf-8', 'gb18030']) {
    try {
      return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      // Not this one.
    }
  }
  return fromLatin1(bytes);
}

/** ISO 2022 code extension: walks the bytes, keeping which set G0 and G1 designate. */
function decodeExtended(
  bytes: Uint8Array,
  delimiters: 'text' | 'name',
  first: string,
  initialG1: CodeElement | undefined,
  fallbackG1: CodeElement | undefined,
): string {
  const initialG0 = first === '13' ? { label: 'shift_jis', bytesPerCharacter: 1 as const } : ascii;
  let g0: CodeElement = initialG0;
  let g1 = initialG1;
  let text = '';
  let i = 0;
  while (i < bytes.length) {
    const b = bytes[i] as number;
    if (b === escapeByte) {
      const found = escapes.find(([sequence]) => startsWith(bytes, i + 1, sequence));
      if (found) {
        if (found[1] === 'g0') g0 = found[2];
        else g1 = found[2];
        i += 1 + found[0].length;
      } else i++;
      continue;
    }
    const high = b >= 0x80;
    // Blanks and control characters are never part of a two-byte character.
    const low = b < 0x21 ? ascii : g0;
    const element = high ? (g1 ?? fallbackG1 ?? ascii) : low;
    if (!high && element.bytesPerCharacter === 1 && isDelimiter(b, delimiters)) {
      g0 = initialG0;
      g1 = initialG1;
      text += String.fromCharCode(b);
      i++;
      continue;
    }
    const start = i;
    i = endOfRun(bytes, i, high, element, delimiters);
    text += decodeRun(bytes.subarray(start, i), element);
  }
  return text;
}

const startsWith = (bytes: Uint8Array, at: number, sequence: string): boolean =>
  [...sequence].every((c, n) => bytes[at + n] === c.charCodeAt(0));

function isDelimiter(b: number, delimiters: 'text' | 'name'): boolean {
  // TAB, LF, FF, CR, backslash; in names also ^ and = (PS3.5 §6.1.2.5.3).
  if (b === 0x09 || b === 0x0a || b === 0x0c || b === 0x0d || b === 0x5c) return true;
  return delimiters === 'name' && (b === 0x5e || b === 0x3d);
}

/** End of the bytes that the same code element reads. */
function endOfRun(
  bytes: Uint8Array,
  start: number,
  high: boolean,
  element: CodeElement,
  delimiters: 'text' | 'name',
): number {
  const first = bytes[start] as number;
  let i = start;
  while (i < bytes.length) {
    const b = bytes[i] as number;
    if (b === escapeByte || b >= 0x80 !== high) break;
    if (!high && (element.bytesPerCharacter === 2 ? b < 0x21 : isDelimiter(b, delimiters))) break;
    if (!high && i > start && element.label === 'ascii' && b >= 0x21 !== first >= 0x21) break;
    i += element.bytesPerCharacter;
  }
  return Math.min(i, bytes.length);
}

function decodeRun(run: Uint8Array, element: CodeElement): string {
  if (element.bytesPerCharacter === 1) {
    // 0x5C in JIS X 0201 is a yen sign on paper but the delimiter in DICOM; keep it a backslash.
    return element.label === 'ascii' ? fromLatin1(run) : decode(element.label, run);
  }
  const size = element.prefix === undefined ? 2 : 3;
  const euc = new Uint8Array((run.length >> 1) * size);
  for (let i = 0, o = 0; i + 1 < run.length; i += 2, o += size) {
    if (element.prefix !== undefined) euc[o] = element.prefix;
    euc[o + size - 2] = (run[i] as number) | 0x80;
    euc[o + size - 1] = (run[i + 1] as number) | 0x80;
  }
  return decode(element.label, euc);
}
