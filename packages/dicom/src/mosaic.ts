import { add, cross, dot, scale, unit, type Vec3 } from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import type { FrameHeader, ImagePixel, Mosaic } from './types.ts';

/** Private creators (PS3.5 §7.8.1) of what Siemens says about a mosaic. */
const csaCreator = 'SIEMENS CSA HEADER';
const mrCreator = 'SIEMENS MR HEADER';

/** More tiles than any protocol makes; a larger number is a lie. */
const mostTiles = 1024;

export const isMosaic = (frame: Pick<FrameHeader, 'imageType'>): boolean =>
  frame.imageType.includes('MOSAIC');

/**
 * Where the tiles of a Siemens mosaic lie: all slices of a volume side by side in one frame, row by
 * row. Image Position (Patient) of such a file is that of a slice as large as the whole mosaic with
 * the same middle, so the first tile begins half the difference further in, along rows and columns
 * (https://nipy.org/nibabel/dicom/dicom_mosaic.html). The next tile lies one Spacing Between Slices
 * along SliceNormalVector, which may run against rows × columns.
 * @returns undefined where the file does not say all of it: nothing is guessed.
 */
export function mosaicOf(
  root: Dataset,
  image: ImagePixel,
  placed: Pick<FrameHeader, 'position' | 'orientation' | 'pixelSpacing' | 'spacingBetweenSlices'>,
): Mosaic | undefined {
  const { position, orientation, pixelSpacing, spacingBetweenSlices: gap } = placed;
  if (image.numberOfFrames !== 1 || !position || !orientation || !pixelSpacing || !gap) {
    return undefined;
  }
  const csa = readCsa(privateBytes(root, 0x0029, csaCreator, 0x10) ?? new Uint8Array(0));
  const tiles = agreed([
    numberIn(privateTag(root, 0x0019, mrCreator, 0x0a), root),
    csa.get('NumberOfImagesInMosaic')?.[0],
  ]);
  const told = csa.get('SliceNormalVector') ?? [];
  if (tiles === undefined || told.length < 3 || !told.slice(0, 3).every(Number.isFinite)) {
    return undefined;
  }
  const perRow = Math.ceil(Math.sqrt(tiles));
  const [rows, columns] = [image.rows / perRow, image.columns / perRow];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) return undefined;

  const [a, b, c, d, e, f] = orientation;
  const [row, column]: [Vec3, Vec3] = [
    [a, b, c],
    [d, e, f],
  ];
  const normal = unit(cross(row, column));
  const side = dot(normal, [told[0] as number, told[1] as number, told[2] as number]);
  // The same line to within rounding; anything else is another geometry than this one.
  if (Math.abs(Math.abs(side) - 1) > 1e-3) return undefined;
  const across = scale(row, (pixelSpacing[1] * (image.columns - columns)) / 2);
  const down = scale(column, (pixelSpacing[0] * (image.rows - rows)) / 2);
  return {
    tiles,
    perRow,
    rows,
    columns,
    origin: add(position, add(across, down)),
    step: scale(normal, Math.sign(side) * gap),
  };
}

/** The number that all who name one agree on. */
function agreed(values: readonly (number | undefined)[]): number | undefined {
  const told = values.filter((v) => v !== undefined);
  const [first] = told;
  if (first === undefined || told.some((v) => v !== first)) return undefined;
  return Number.isInteger(first) && first >= 1 && first <= mostTiles ? first : undefined;
}

/** Tag of a private element, by its creator and its last byte. */
function privateTag(
  root: Dataset,
  group: number,
  creator: string,
  element: number,
): number | undefined {
  for (let block = 0x10; block <= 0xff; block++) {
    const tag = group * 0x10000 + block;
    if (root.has(tag) && root.string(tag) === creator) {
      return group * 0x10000 + block * 0x100 + element;
    }
  }
  return undefined;
}

function privateBytes(root: Dataset, group: number, creator: string, element: number) {
  const tag = privateTag(root, group, creator, element);
  return tag === undefined ? undefined : root.bytes(tag);
}

/** A private US; implicit files and relays leave its two bytes as UN. */
function numberIn(tag: number | undefined, root: Dataset): number | undefined {
  const element = tag === undefined ? undefined : root.element(tag);
  if (tag === undefined || !element) return undefined;
  const bytes = root.bytes(tag);
  if (root.vr(tag) !== 'UN') return root.number(tag);
  if (bytes?.length !== 2) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 2).getUint16(0, element.littleEndian);
}

const mostTags = 256;
const mostItems = 1000;

/**
 * Numbers of a CSA header, by name; little-endian whatever the file is. Both layouts, `SV10` and the
 * older one (https://nipy.org/nibabel/dicom/siemens_csa.html). What does not hold together ends the
 * reading: what was read before is kept.
 */
export function readCsa(bytes: Uint8Array): Map<string, number[]> {
  const out = new Map<string, number[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (from: number, length: number): string => {
    const part = bytes.subarray(from, from + length);
    const end = part.indexOf(0);
    return String.fromCharCode(...part.subarray(0, end < 0 ? part.length : end));
  };
  const isNew = ascii(0, 4) === 'SV10';
  let at = isNew ? 8 : 0;
  if (bytes.length < at + 8) return out;
  const count = Math.min(view.getUint32(at, true), mostTags);
  at += 8;
  let firstItems = 0;
  for (let n = 0; n < count; n++) {
    if (at + 84 > bytes.length) return out;
    const name = ascii(at, 64);
    const multiplicity = view.getInt32(at + 64, true);
    const items = view.getInt32(at + 76, true);
    const check = view.getInt32(at + 80, true);
    if ((check !== 77 && check !== 205) || items < 0 || items > mostItems) return out;
    at += 84;
    if (n === 0) firstItems = items;
    const values: number[] = [];
    for (let i = 0; i < items; i++) {
      if (at + 16 > bytes.length) return out;
      // The older layout counts the first tag's items in with the length.
      const length = isNew ? view.getInt32(at + 4, true) : view.getInt32(at, true) - firstItems;
      at += 16;
      if (length < 0 || at + length > bytes.length) {
        if (isNew) return out;
        break;
      }
      const text = ascii(at, Math.min(length, 64)).trim();
      if (i < multiplicity && text !== '') values.push(Number(text));
      at += Math.ceil(length / 4) * 4;
    }
    if (!out.has(name)) out.set(name, values);
  }
  return out;
}
