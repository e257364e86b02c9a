/** How the pixels of a transfer syntax are coded (PS3.5 §8 and §10). */
export type PixelCoding =
  | 'native'
  | 'deflate'
  | 'rle'
  | 'jpeg'
  | 'jpeg-ls'
  | 'jpeg-2000'
  | 'htj2k'
  | 'jpeg-xl';

export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly coding: PixelCoding;
  /** Media type of one compressed frame in DICOMweb (PS3.18 table 8.7.3-5). */
  readonly mediaType: string;
  readonly lossy: boolean;
}

export const implicitLittleEndian = '1.2.840.10008.1.2';
export const explicitLittleEndian = '1.2.840.10008.1.2.1';
export const explicitBigEndian = '1.2.840.10008.1.2.2';
export const deflatedLittleEndian = '1.2.840.10008.1.2.1.99';
const octets = 'application/octet-stream';

const table: readonly TransferSyntax[] = [
  row(implicitLittleEndian, 'Implicit VR Little Endian', 'native', octets),
  row(explicitLittleEndian, 'Explicit VR Little Endian', 'native', octets),
  row(explicitBigEndian, 'Explicit VR Big Endian', 'native', octets),
  row(deflatedLittleEndian, 'Deflated Explicit VR Little Endian', 'native', octets),
  row('1.2.840.10008.1.2.8.1', 'Deflated Image Frame', 'deflate', 'application/x-deflate'),
  row('1.2.840.10008.1.2.5', 'RLE Lossless', 'rle', 'image/dicom-rle'),
  row('1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', 'jpeg', 'image/jpeg', true),
  row('1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 & 4)', 'jpeg', 'image/jpeg', true),
  // Retired progressive processes: old archives hold them and the decoder reads them.
  row('1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection (6 & 8)', 'jpeg', 'image/jpeg', true),
  row('1.2.840.10008.1.2.4.55', 'JPEG Full Progression (10 & 12)', 'jpeg', 'image/jpeg', true),
  row('1.2.840.10008.1.2.4.57', 'JPEG Lossless (Process 14)', 'jpeg', 'image/jpeg'),
  row('1.2.840.10008.1.2.4.70', 'JPEG Lossless SV1', 'jpeg', 'image/jpeg'),
  row('1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'jpeg-ls', 'image/jls'),
  row('1.2.840.10008.1.2.4.81', 'JPEG-LS Near-Lossless', 'jpeg-ls', 'image/jls', true),
  row('1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless', 'jpeg-2000', 'image/jp2'),
  row('1.2.840.10008.1.2.4.91', 'JPEG 2000', 'jpeg-2000', 'image/jp2', true),
  row('1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', 'jpeg-xl', 'image/jxl'),
  row('1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', 'jpeg-xl', 'image/jxl', true),
  row('1.2.840.10008.1.2.4.112', 'JPEG XL', 'jpeg-xl', 'image/jxl', true),
  row('1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless', 'htj2k', 'image/jphc'),
  row('1.2.840.10008.1.2.4.202', 'HTJ2K Lossless RPCL', 'htj2k', 'image/jphc'),
  row('1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000', 'htj2k', 'image/jphc', true),
];

function row(
  uid: string,
  name: string,
  coding: PixelCoding,
  mediaType: string,
  lossy = false,
): TransferSyntax {
  return { uid, name, coding, mediaType, lossy };
}

const byUid = new Map(table.map((syntax) => [syntax.uid, syntax]));

/** The syntaxes whose pixels can be shown; others are stored as they are. */
export const transferSyntax = (uid: string): TransferSyntax | undefined => byUid.get(uid);
export const displayable = (uid: string): boolean => byUid.has(uid);
export const knownTransferSyntaxes = table;
