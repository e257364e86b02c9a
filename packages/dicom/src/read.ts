import { YuepianError } from '@yuepian/contract';
import { textDecoder } from './charset.ts';
import { Dataset } from './dataset.ts';
import { isVr, type ParseContext, parseElements, parseMeta } from './parse.ts';
import { transferSyntax } from './uids.ts';

export interface ReadOptions {
  /** Leave pixel data unread; `bytes` may then be the start of a file up to the pixels. */
  readonly stopAtPixelData?: boolean;
  /** Raw inflate (RFC 1951) for the deflated syntax; it must limit its own output. */
  readonly inflateRaw?: (bytes: Uint8Array) => Uint8Array;
}

/** Pixel data in any of its forms: Float, Double Float and Pixel Data lie between 7FE0,0008 and 0010. */
const firstPixelTag = 0x7fe00008;

/**
 * Reads a data set of any transfer syntax; pixels are left as they are stored. Takes files with
 * preamble, without preamble, and without meta header, for these exist.
 * @throws YuepianError empty_file, not_dicom, truncated, damaged_dicom, or
 * unsupported_transfer_syntax when it is deflated and no inflater was given.
 */
export function readDataset(file: Uint8Array, options: ReadOptions = {}): Dataset {
  if (file.length === 0) throw new YuepianError('empty_file');
  const bytes = plain(file);
  const start = findStart(bytes);
  try {
    return read(bytes, start.position, options);
  } catch (error) {
    // Without the DICM mark, bytes that do not parse were never DICOM.
    if (!start.marked && error instanceof YuepianError) {
      throw new YuepianError('not_dicom', {}, { cause: error });
    }
    throw error;
  }
}

/** A Node Buffer as the Uint8Array below it: `slice` of the one is a view, of the other a copy. */
const plain = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function read(bytes: Uint8Array, start: number, options: ReadOptions): Dataset {
  const meta = parseMeta(bytes, start);
  const metaSet = new Dataset(bytes, meta.elements, { decode: textDecoder([]) });
  const named = metaSet.string('TransferSyntaxUID');
  let body = bytes;
  let position = meta.position;
  if (named === transferSyntax.deflated) {
    if (!options.inflateRaw) throw new YuepianError('unsupported_transfer_syntax', { uid: named });
    body = inflate(bytes.subarray(position), options.inflateRaw);
    position = 0;
  }
  const encoding = detectEncoding(body, position, named);
  const context: ParseContext = {
    bytes: body,
    view: new DataView(body.buffer, body.byteOffset, body.byteLength),
    ...encoding,
    ...(options.stopAtPixelData ? { stopAt: firstPixelTag } : {}),
  };
  const elements = parseElements(context, position, body.length);
  return new Dataset(body, elements, {
    meta: metaSet,
    transferSyntaxUid: named || syntaxOf(encoding),
    decode: textDecoder([]),
  });
}

function inflate(deflated: Uint8Array, inflateRaw: (b: Uint8Array) => Uint8Array): Uint8Array {
  try {
    return plain(inflateRaw(deflated));
  } catch (error) {
    if (error instanceof YuepianError) throw error;
    throw new YuepianError('truncated', { where: 'deflate' }, { cause: error });
  }
}

interface Encoding {
  readonly littleEndian: boolean;
  readonly explicit: boolean;
}

const syntaxOf = (e: Encoding): string => {
  if (!e.littleEndian) return transferSyntax.bigEndian;
  return e.explicit ? transferSyntax.explicit : transferSyntax.implicit;
};

/** @throws YuepianError not_dicom when nothing at the start looks like a data element. */
function findStart(bytes: Uint8Array): { position: number; marked: boolean } {
  const mark = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4)) === 'DICM';
  if (mark(128)) return { position: 132, marked: true };
  if (mark(0)) return { position: 4, marked: true };
  // No preamble: a data set begins with group 0002, 0004 or 0008, or its big-endian image.
  const [a, b] = [bytes[0] ?? 0xff, bytes[1] ?? 0xff];
  const group = b === 0 ? a : a === 0 ? b : 0xff;
  if (bytes.length < 8 || ![2, 4, 8].includes(group)) throw new YuepianError('not_dicom');
  return { position: 0, marked: false };
}

/**
 * How the elements are written. The first one tells whether a VR is spelled out, and is believed
 * over the transfer syntax, which some writers set wrongly when they convert.
 */
function detectEncoding(bytes: Uint8Array, at: number, named: string): Encoding {
  const lettered =
    at + 6 <= bytes.length && isVr(String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0));
  if (named === transferSyntax.bigEndian) return { littleEndian: false, explicit: true };
  if (named === '') {
    const littleEndian = !(bytes[at] === 0 && (bytes[at + 1] ?? 0) !== 0);
    return { littleEndian, explicit: lettered };
  }
  if (lettered || named === transferSyntax.implicit)
    return { littleEndian: true, explicit: lettered };
  // Said to be explicit, but no VR: implicit if a length fits where the VR should be.
  const fits =
    at + 8 <= bytes.length &&
    new DataView(bytes.buffer, bytes.byteOffset + at, 8).getUint32(4, true) <=
      bytes.length - at - 8;
  return { littleEndian: true, explicit: !fits };
}
