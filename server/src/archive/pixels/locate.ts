import { YuepianError } from '@yuepian/contract';
import type { PixelCoding } from './syntaxes.ts';

/** Random access to the bytes of a blob that is stored, staged or in memory. */
export interface ByteSource {
  readonly size: number;
  read(range: { start: number; end: number }): Promise<Uint8Array>;
}

/**
 * Where the pixels of an instance lie in its file, plain JSON, so that a frame can be read without
 * parsing the file again. With `deflated` offsets count in the inflated data set.
 */
export type PixelLocation =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'native';
      readonly offset: number;
      readonly length: number;
      readonly vr: string;
      readonly deflated?: true;
    }
  | {
      readonly kind: 'encapsulated';
      /** Offset of the Pixel Data value, i.e. of the basic offset table's item. */
      readonly offset: number;
      /** Offset and length of each fragment's bytes: o₀, l₀, o₁, l₁… */
      readonly fragments: readonly number[];
      /** First fragment of each frame; empty when frames cannot be told apart. */
      readonly frames: readonly number[];
    };

export const noPixels: PixelLocation = { kind: 'none' };

const item = 0xfffee000;
const sequenceEnd = 0xfffee0dd;
/** A file with more fragments than this is broken or hostile. */
const maximumFragments = 1_000_000;

/**
 * Walks the items of encapsulated Pixel Data (PS3.5 §A.4) from `offset`.
 *
 * @param extendedOffsets Extended Offset Table (7FE0,0001), when there is one.
 * @throws truncated when an item reaches beyond the file.
 */
export async function locateFragments(
  source: ByteSource,
  offset: number,
  o: { frames: number; coding: PixelCoding | undefined; extendedOffsets?: readonly number[] },
): Promise<PixelLocation> {
  const fragments: number[] = [];
  const starts: number[] = [];
  let table: readonly number[] = [];
  let first = offset;
  let position = offset;
  let items = 0;
  for (;;) {
    // A missing delimiter after a last whole item is common and loses nothing.
    if (position === source.size && items > 1) break;
    const head = await source.read({ start: position, end: position + 10 });
    if (head.length < 8) throw new YuepianError('truncated', { where: 'PixelData' });
    const tag = u16(head, 0) * 65536 + u16(head, 2);
    const length = u16(head, 4) + u16(head, 6) * 65536;
    position += 8;
    if (tag === sequenceEnd) break;
    if (tag !== item || position + length > source.size || ++items > maximumFragments) {
      throw new YuepianError('truncated', { where: 'PixelData' });
    }
    if (items === 1) {
      const bytes = await source.read({ start: position, end: position + length });
      table = Array.from(
        { length: bytes.length >> 2 },
        (_, i) => u16(bytes, i * 4) + u16(bytes, i * 4 + 2) * 65536,
      );
      first = position + length;
    } else {
      if (length >= 2 && startsFrame(o.coding, head[8] ?? 0, head[9] ?? 0)) {
        starts.push(fragments.length / 2);
      }
      fragments.push(position, length);
    }
    position += length;
  }
  const count = fragments.length / 2;
  const frames =
    byOffsets(o.extendedOffsets ?? [], first, fragments, o.frames) ??
    byOffsets(table, first, fragments, o.frames) ??
    (o.frames === 1 && count > 0 ? [0] : undefined) ??
    (o.frames === count ? Array.from({ length: count }, (_, i) => i) : undefined) ??
    (o.frames === starts.length ? starts : []);
  return { kind: 'encapsulated', offset, fragments, frames };
}

/** Offset tables count from the first fragment's item tag; one that fits no item is ignored. */
function byOffsets(
  table: readonly number[],
  first: number,
  fragments: readonly number[],
  frames: number,
): number[] | undefined {
  if (table.length !== frames || frames === 0) return undefined;
  const index = new Map<number, number>();
  for (let i = 0; i < fragments.length; i += 2)
    index.set((fragments[i] as number) - 8 - first, i / 2);
  const found = table.map((offset) => index.get(offset) ?? -1);
  return found.every((at, i) => at >= 0 && (i === 0 ? at === 0 : at > (found[i - 1] as number)))
    ? found
    : undefined;
}

/** Start markers: SOI of JPEG and JPEG-LS, SOC of JPEG 2000, a JPEG XL codestream. */
function startsFrame(coding: PixelCoding | undefined, a: number, b: number): boolean {
  if (coding === 'jpeg' || coding === 'jpeg-ls') return a === 0xff && b === 0xd8;
  if (coding === 'jpeg-2000' || coding === 'htj2k') return a === 0xff && b === 0x4f;
  return coding === 'jpeg-xl' && a === 0xff && b === 0x0a;
}

/** Byte ranges of a 1-based frame's fragments. @throws cannot_decode, not_found */
export function fragmentsOfFrame(
  pixels: Extract<PixelLocation, { kind: 'encapsulated' }>,
  frame: number,
): { start: number; end: number }[] {
  if (pixels.frames.length === 0) {
    throw new YuepianError('cannot_decode', { reason: 'its frames cannot be told apart' });
  }
  const from = pixels.frames[frame - 1];
  if (from === undefined) throw new YuepianError('not_found', { what: `frame ${frame}` });
  const to = pixels.frames[frame] ?? pixels.fragments.length / 2;
  return Array.from({ length: to - from }, (_, i) => {
    const start = pixels.fragments[2 * (from + i)] as number;
    return { start, end: start + (pixels.fragments[2 * (from + i) + 1] as number) };
  });
}

const u16 = (b: Uint8Array, p: number): number => (b[p] as number) | ((b[p + 1] as number) << 8);
