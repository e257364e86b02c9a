import type { Vec3 } from '@yuepian/geometry';

/**
 * A mask of one bit per voxel: 32 voxels of a row in one word, lowest bit first, rows padded to
 * whole words with zeros. Morphology then works on 32 voxels at a time, so that a step over a
 * 256³ grid costs about a millisecond.
 */
export interface BitMask {
  readonly size: Vec3;
  /** Words per row. */
  readonly stride: number;
  readonly words: Int32Array;
}

export function emptyMask(size: Vec3): BitMask {
  const stride = (size[0] + 31) >>> 5;
  return { size, stride, words: new Int32Array(stride * size[1] * size[2]) };
}

export const copyMask = (m: BitMask): BitMask => ({ ...m, words: m.words.slice() });

/** Bits of the last word of a row that are voxels. */
const tailMask = (nx: number): number => ((nx & 31) === 0 ? -1 : (1 << (nx & 31)) - 1);

/** Voxels with a value above `threshold`. */
export function maskAbove(data: Int16Array | Float32Array, size: Vec3, threshold: number): BitMask {
  const mask = emptyMask(size);
  const { stride, words } = mask;
  const nx = size[0];
  for (let row = 0, p = 0; row < size[1] * size[2]; row++) {
    for (let w = 0, x = 0; w < stride; w++) {
      const end = Math.min(nx, x + 32);
      let bits = 0;
      for (let bit = 1; x < end; x++, bit <<= 1, p++) {
        if ((data[p] as number) > threshold) bits |= bit;
      }
      words[row * stride + w] = bits;
    }
  }
  return mask;
}

/** Voxels with a value below `threshold`. */
export function maskBelow(data: Int16Array | Float32Array, size: Vec3, threshold: number): BitMask {
  const mask = emptyMask(size);
  const { stride, words } = mask;
  const nx = size[0];
  for (let row = 0, p = 0; row < size[1] * size[2]; row++) {
    for (let w = 0, x = 0; w < stride; w++) {
      const end = Math.min(nx, x + 32);
      let bits = 0;
      for (let bit = 1; x < end; x++, bit <<= 1, p++) {
        if ((data[p] as number) < threshold) bits |= bit;
      }
      words[row * stride + w] = bits;
    }
  }
  return mask;
}

/** In place: a ∧ b. */
export function and(a: BitMask, b: BitMask): BitMask {
  for (let i = 0; i < a.words.length; i++)
    a.words[i] = (a.words[i] as number) & (b.words[i] as number);
  return a;
}

/** In place: a ∨ b. */
export function or(a: BitMask, b: BitMask): BitMask {
  for (let i = 0; i < a.words.length; i++)
    a.words[i] = (a.words[i] as number) | (b.words[i] as number);
  return a;
}

/** In place: a ∧ ¬b. */
export function andNot(a: BitMask, b: BitMask): BitMask {
  for (let i = 0; i < a.words.length; i++)
    a.words[i] = (a.words[i] as number) & ~(b.words[i] as number);
  return a;
}

export function not(a: BitMask): BitMask {
  const out = emptyMask(a.size);
  const tail = tailMask(a.size[0]);
  const { stride } = a;
  for (let i = 0; i < a.words.length; i++) {
    const bits = ~(a.words[i] as number);
    out.words[i] = i % stride === stride - 1 ? bits & tail : bits;
  }
  return out;
}

export function isEmpty(a: BitMask): boolean {
  return a.words.every((w) => w === 0);
}

function popcount(v: number): number {
  let n = v - ((v >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countBits(a: BitMask): number {
  let n = 0;
  for (let i = 0; i < a.words.length; i++) n += popcount(a.words[i] as number);
  return n;
}

/** Number of voxels set in both. */
export function countCommon(a: BitMask, b: BitMask): number {
  let n = 0;
  for (let i = 0; i < a.words.length; i++)
    n += popcount((a.words[i] as number) & (b.words[i] as number));
  return n;
}

export const hasBit = (m: BitMask, x: number, y: number, z: number): boolean =>
  (((m.words[m.stride * (y + m.size[1] * z) + (x >> 5)] as number) >>> (x & 31)) & 1) === 1;

export function clearBit(m: BitMask, row: number, x: number): void {
  const at = row * m.stride + (x >> 5);
  m.words[at] = (m.words[at] as number) & ~(1 << (x & 31));
}

/** Sets bits x0…x1 (inclusive) of row `row`. */
export function setRun(m: BitMask, row: number, x0: number, x1: number): void {
  const base = row * m.stride;
  const w0 = x0 >> 5;
  const w1 = x1 >> 5;
  const first = -1 << (x0 & 31);
  const last = (x1 & 31) === 31 ? -1 : (1 << ((x1 & 31) + 1)) - 1;
  if (w0 === w1) {
    m.words[base + w0] = (m.words[base + w0] as number) | (first & last);
    return;
  }
  m.words[base + w0] = (m.words[base + w0] as number) | first;
  for (let w = w0 + 1; w < w1; w++) m.words[base + w] = -1;
  m.words[base + w1] = (m.words[base + w1] as number) | last;
}

/**
 * Writes `value` into `labels` wherever the bit is set. The mask may cover a part of the label grid:
 * `first` is its first voxel there, `size` the label grid's.
 */
export function paint(
  m: BitMask,
  labels: Uint8Array,
  value: number,
  size: Vec3 = m.size,
  first: Vec3 = [0, 0, 0],
): void {
  const [, ny, nz] = m.size;
  for (let row = 0; row < ny * nz; row++) {
    const y = first[1] + (row % ny);
    const z = first[2] + Math.floor(row / ny);
    const base = first[0] + size[0] * (y + size[1] * z);
    for (let w = 0; w < m.stride; w++) {
      let bits = m.words[row * m.stride + w] as number;
      if (bits === -1) {
        labels.fill(value, base + w * 32, base + w * 32 + 32);
        continue;
      }
      while (bits !== 0) {
        const low = bits & -bits;
        labels[base + w * 32 + 31 - Math.clz32(low)] = value;
        bits ^= low;
      }
    }
  }
}

/** The part of a mask that begins at `first`. */
export function cropMask(m: BitMask, first: Vec3, size: Vec3): BitMask {
  const out = emptyMask(size);
  const shift = first[0] & 31;
  const jump = first[0] >> 5;
  const spare = (size[0] & 31) === 0 ? -1 : (1 << (size[0] & 31)) - 1;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const from = m.stride * (first[1] + y + m.size[1] * (first[2] + z)) + jump;
      const to = out.stride * (y + size[1] * z);
      const left = m.stride - jump;
      for (let w = 0; w < out.stride; w++) {
        const low = w < left ? (m.words[from + w] as number) : 0;
        const high = shift !== 0 && w + 1 < left ? (m.words[from + w + 1] as number) : 0;
        const bits = shift === 0 ? low : (low >>> shift) | (high << (32 - shift));
        out.words[to + w] = w === out.stride - 1 ? bits & spare : bits;
      }
    }
  }
  return out;
}

/** The mask inside a larger empty one, its first voxel at `first`. */
export function pasteMask(m: BitMask, first: Vec3, size: Vec3): BitMask {
  const out = emptyMask(size);
  const shift = first[0] & 31;
  const jump = first[0] >> 5;
  for (let z = 0; z < m.size[2]; z++) {
    for (let y = 0; y < m.size[1]; y++) {
      const from = m.stride * (y + m.size[1] * z);
      const to = out.stride * (first[1] + y + size[1] * (first[2] + z)) + jump;
      for (let w = 0; w < m.stride; w++) {
        const bits = m.words[from + w] as number;
        out.words[to + w] = (out.words[to + w] as number) | (bits << shift);
        // Bits pushed out of the last word are the row's padding, always zero.
        if (shift !== 0 && jump + w + 1 < out.stride)
          out.words[to + w + 1] = (out.words[to + w + 1] as number) | (bits >>> (32 - shift));
      }
    }
  }
  return out;
}

/** The mask on a grid `factor` times finer: every voxel becomes a block. */
export function enlarge(m: BitMask, size: Vec3, factor: Vec3): BitMask {
  const out = emptyMask(size);
  const { stride } = out;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const to = stride * (y + size[1] * z);
      // A block's first row is spread bit by bit, its other rows are copies.
      if (y % factor[1] !== 0 || z % factor[2] !== 0) {
        const from = stride * (y - (y % factor[1]) + size[1] * (z - (z % factor[2])));
        out.words.copyWithin(to, from, from + stride);
        continue;
      }
      const from = m.stride * (y / factor[1] + m.size[1] * (z / factor[2]));
      for (let x = 0; x < size[0]; x++) {
        const source = Math.floor(x / factor[0]);
        const bit = ((m.words[from + (source >> 5)] as number) >>> (source & 31)) & 1;
        out.words[to + (x >> 5)] = (out.words[to + (x >> 5)] as number) | (bit << (x & 31));
      }
    }
  }
  return out;
}
