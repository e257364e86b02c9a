/** Transfer syntaxes that change how a data set is read (PS3.5 annex A); the rest only pack pixels. */
export const transferSyntax = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  bigEndian: '1.2.840.10008.1.2.2',
} as const;

const native = new Set<string>(Object.values(transferSyntax));
/** True when frames are packed by a codec, each in its own items. */
export const isEncapsulated = (uid: string): boolean => !native.has(uid);

/**
 * Syntaxes whose codec always loses, and those where only Lossy Image Compression (0028,2110) tells
 * (PS3.6 annex A: JPEG 2000 .91, .93, JPEG-LS near-lossless .81, HTJ2K .203, JPEG XL .112).
 */
const lossyAlways = new Set([
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.53',
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.100',
  '1.2.840.10008.1.2.4.101',
  '1.2.840.10008.1.2.4.102',
  '1.2.840.10008.1.2.4.103',
  '1.2.840.10008.1.2.4.107',
  '1.2.840.10008.1.2.4.108',
  '1.2.840.10008.1.2.4.111',
]);
export const isLossySyntax = (uid: string): boolean => lossyAlways.has(uid);

/** Media Storage Directory: a DICOMDIR, an index of files that has no UIDs of its own. */
export const dicomdirSopClass = '1.2.840.10008.1.3.10';

const kinds: Record<string, 'segmentation' | 'dose'> = {
  '1.2.840.10008.5.1.4.1.1.66.4': 'segmentation',
  '1.2.840.10008.5.1.4.1.1.66.7': 'segmentation',
  '1.2.840.10008.5.1.4.1.1.481.2': 'dose',
};
/** What an object with pixels is: Segmentation, Label Map Segmentation and RT Dose are no images. */
export const sopClassKind = (sopClassUid: string): 'image' | 'segmentation' | 'dose' =>
  kinds[sopClassUid] ?? 'image';
