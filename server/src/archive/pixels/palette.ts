import { YuepianError } from '@yuepian/contract';

/** A Palette Color Lookup Table (PS3.3 §C.7.6.3.1.5, §C.7.6.3.1.6). */
export interface Palette {
  /** Entries in each table. */
  readonly entries: number;
  /** Stored value that the first entry belongs to; smaller ones take the first entry too. */
  readonly first: number;
  /** 8-bit red, green and blue, `entries` each. */
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
}

export interface PaletteChannel {
  /** (0028,1101…1103): entries, first value mapped, bits per entry. */
  readonly descriptor: readonly number[];
  readonly data: Uint8Array;
  readonly bigEndian: boolean;
  /** (0028,1221…1223) instead of (0028,1201…1203). */
  readonly segmented: boolean;
}

export function makePalette(channels: readonly [PaletteChannel, PaletteChannel, PaletteChannel]) {
  const [red, green, blue] = channels;
  // 0 stands for 65536, which does not fit the descriptor's 16 bits.
  const entries = (red.descriptor[0] ?? 0) || 65536;
  const first = red.descriptor[1] ?? 0;
  const palette: Palette = {
    entries,
    first,
    red: channel(red, entries),
    green: channel(green, entries),
    blue: channel(blue, entries),
  };
  return palette;
}

/** Looks every stored value up; interleaved RGB, 3 bytes a pixel. */
export function applyPalette(samples: ArrayLike<number>, palette: Palette): Uint8Array {
  const { entries, first, red, green, blue } = palette;
  const rgb = new Uint8Array(samples.length * 3);
  for (let i = 0, o = 0; i < samples.length; i++) {
    const entry = Math.min(Math.max((samples[i] as number) - first, 0), entries - 1);
    rgb[o++] = red[entry] as number;
    rgb[o++] = green[entry] as number;
    rgb[o++] = blue[entry] as number;
  }
  return rgb;
}

function channel(source: PaletteChannel, entries: number): Uint8Array {
  const bits = source.descriptor[2] ?? 16;
  const values = source.segmented ? expand(source, entries) : plain(source, entries, bits);
  // Some makers say 16 bits and store 8: then the high byte would be black everywhere.
  const wide = bits > 8 && values.some((v) => v > 255);
  return Uint8Array.from(values, (v) => (wide ? v >> 8 : v));
}

function plain(source: PaletteChannel, entries: number, bits: number): number[] {
  const { data } = source;
  // 8-bit entries come packed as bytes, or (out of the standard, but common) one to a word.
  if (bits <= 8 && data.byteLength < entries * 2) {
    if (data.byteLength < entries) throw short(entries, data.byteLength);
    return Array.from(data.subarray(0, entries));
  }
  const values = words(source);
  if (values.length < entries) throw short(entries, values.length);
  return values.slice(0, entries);
}

/** Segmented tables: discrete, linear and indirect segments (PS3.3 §C.7.9.2). */
function expand(source: PaletteChannel, entries: number): number[] {
  const data = words(source);
  const values: number[] = [];
  const run = (at: number, end: number, segments: number, depth: number): number => {
    let p = at;
    for (let done = 0; p + 1 < end && done < segments && values.length < entries; done++) {
      const opcode = data[p] as number;
      const length = data[p + 1] as number;
      p += 2;
      if (opcode === 0) {
        for (let i = 0; i < length && p < end; i++) values.push(data[p++] as number);
      } else if (opcode === 1) {
        const from = values.at(-1);
        const to = data[p++];
        if (from === undefined || to === undefined) throw short(entries, values.length);
        for (let i = 1; i <= length; i++) {
          values.push(Math.round(from + ((to - from) * i) / length));
        }
      } else if (opcode === 2 && depth === 0) {
        // Byte offset of the segments to repeat, least significant word first.
        const offset = ((data[p + 1] ?? 0) * 65536 + (data[p] ?? 0)) / 2;
        p += 2;
        run(offset, data.length, length, 1);
      } else {
        throw new YuepianError('cannot_decode', { reason: `palette segment type ${opcode}` });
      }
    }
    return p;
  };
  run(0, data.length, Number.POSITIVE_INFINITY, 0);
  if (values.length < entries) throw short(entries, values.length);
  return values.slice(0, entries);
}

function words({ data, bigEndian }: PaletteChannel): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.byteLength >> 1 }, (_, i) => view.getUint16(i * 2, !bigEndian));
}

const short = (expected: number, actual: number): YuepianError =>
  new YuepianError('cannot_decode', {
    reason: `the palette has ${actual} of ${expected} entries`,
  });
