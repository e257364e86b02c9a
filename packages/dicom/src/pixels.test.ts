import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { YuepianError } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import {
  ascii,
  el,
  explicitBig,
  explicitLittle,
  item,
  join,
  part10,
  sequenceEnd,
  u16,
  u32,
  undefinedLength,
} from '../testing/bytes.ts';
import { dataAvailable, dataPath, readFile } from '../testing/data.ts';
import {
  frameBytes,
  type ImagePixel,
  imagePixel,
  nativeFrame,
  readDataset,
  transferSyntax,
  unpackNative,
} from './index.ts';

const image = (o: Partial<ImagePixel> = {}): ImagePixel => ({
  rows: 1,
  columns: 4,
  numberOfFrames: 1,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  sampleType: 'integer',
  ...o,
});

describe('stored values', () => {
  it('removes rubbish above the high bit and extends the sign', () => {
    const raw = u16([0xf7ff, 0x0800, 0x8001, 0x0fff]);
    const twelve = { bitsStored: 12, highBit: 11 };
    expect([...unpackNative(image(twelve), raw)]).toEqual([0x7ff, 0x800, 1, 0xfff]);
    expect([...unpackNative(image({ ...twelve, pixelRepresentation: 1 }), raw)]).toEqual([
      2047, -2048, 1, -1,
    ]);
  });

  it('reads bits that do not begin at the lowest', () => {
    const raw = u16([0x7ff0, 0x800f, 0x0010, 0xfff0]);
    const high = { bitsStored: 12, highBit: 15 };
    expect([...unpackNative(image(high), raw)]).toEqual([0x7ff, 0x800, 1, 0xfff]);
    expect([...unpackNative(image({ ...high, pixelRepresentation: 1 }), raw)]).toEqual([
      2047, -2048, 1, -1,
    ]);
  });

  it('reads signed bytes, big endian words and unaligned bytes', () => {
    const signed = image({ bitsAllocated: 8, bitsStored: 8, highBit: 7, pixelRepresentation: 1 });
    expect([...unpackNative(signed, Uint8Array.of(0, 127, 128, 255))]).toEqual([0, 127, -128, -1]);
    const big = unpackNative(image(), u16([1, 256, 65535, 3], false), { littleEndian: false });
    expect([...big]).toEqual([1, 256, 65535, 3]);
    const odd = join(Uint8Array.of(9), u16([1, 2, 3, 4])).subarray(1);
    expect([...unpackNative(image(), odd)]).toEqual([1, 2, 3, 4]);
    const swapped = image({ bitsAllocated: 8, bitsStored: 8, highBit: 7 });
    const ow = { littleEndian: false, vr: 'OW' };
    expect([...unpackNative(swapped, Uint8Array.of(2, 1, 4, 3), ow)]).toEqual([1, 2, 3, 4]);
  });

  it('copies nothing that is right already', () => {
    const raw = u16([1, 2, 3, 4]);
    expect(unpackNative(image({ bitsStored: 12, highBit: 11 }), raw).buffer).toBe(raw.buffer);
  });

  it('counts frames of single bits across byte borders', () => {
    const head = join(
      el(0x00280008, 'IS', '3'),
      el(0x00280010, 'US', u16([1])),
      el(0x00280011, 'US', u16([3])),
      el(0x00280100, 'US', u16([1])),
      el(0x00280101, 'US', u16([1])),
      el(0x00280102, 'US', u16([0])),
    );
    // Frames 101, 110, 011, lowest bit first: 1 0 1 1 1 0 0 1 | 1.
    const d = readDataset(
      part10(
        transferSyntax.explicit,
        join(head, el(0x7fe00010, 'OB', Uint8Array.of(0b10011101, 1))),
      ),
    );
    expect([1, 2, 3].map((n) => [...nativeFrame(d, n)].join(''))).toEqual(['101', '110', '011']);
  });
});

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof YuepianError ? error.code : `${error}`;
  }
  return 'no error';
};

const module_ = (frames: number, s = explicitLittle) =>
  join(
    el(0x00280008, 'IS', String(frames), s),
    el(0x00280010, 'US', u16([2], s.littleEndian), s),
    el(0x00280011, 'US', u16([2], s.littleEndian), s),
    el(0x00280100, 'US', u16([16], s.littleEndian), s),
  );

describe('native frames', () => {
  it('takes one frame of several, in both byte orders', () => {
    for (const s of [explicitLittle, explicitBig]) {
      const pixels = el(0x7fe00010, 'OW', u16([1, 2, 3, 4, 5, 6, 7, 800], s.littleEndian), s);
      const uid = s.littleEndian ? transferSyntax.explicit : transferSyntax.bigEndian;
      const d = readDataset(part10(uid, join(module_(2, s), pixels)));
      expect([...nativeFrame(d, 2)]).toEqual([5, 6, 7, 800]);
      expect(code(() => nativeFrame(d, 3))).toBe('not_found');
      expect(code(() => nativeFrame(d, 0))).toBe('not_found');
    }
  });

  it('refuses pixels that are too short, with both lengths', () => {
    const d = readDataset(
      part10(transferSyntax.explicit, join(module_(2), el(0x7fe00010, 'OW', u16([1, 2, 3])))),
    );
    expect(code(() => nativeFrame(d, 1))).toBe('pixel_data_short');
    expect(() => frameBytes(d, 1)).toThrow('16 bytes expected, 6 found');
  });

  it('refuses numbers that contradict each other', () => {
    const with_ = (...more: Uint8Array[]) =>
      code(() =>
        imagePixel(
          readDataset(
            part10(transferSyntax.explicit, join(...more, el(0x7fe00010, 'OW', u16([1, 2])))),
          ),
        ),
      );
    expect(with_(module_(1))).toBe('no error');
    expect(with_(el(0x00280010, 'US', u16([0])))).toBe('cannot_decode');
    expect(with_(module_(1), el(0x00280101, 'US', u16([17])))).toBe('cannot_decode');
    expect(with_(module_(1), el(0x00280101, 'US', u16([12])), el(0x00280102, 'US', u16([3])))).toBe(
      'cannot_decode',
    );
  });
});

describe('encapsulated frames', () => {
  const jpeg = (text: string) => join(Uint8Array.of(0xff, 0xd8, 0xff), ascii(text));
  const fragment = (content: Uint8Array) => {
    const even = content.length % 2 ? join(content, Uint8Array.of(0)) : content;
    return item(even, explicitLittle, even.length);
  };
  const file = (
    frames: number,
    table: number[],
    fragments: Uint8Array[],
    extra: Uint8Array[] = [],
  ) =>
    readDataset(
      part10(
        '1.2.840.10008.1.2.4.50',
        join(
          module_(frames),
          ...extra,
          el(
            0x7fe00010,
            'OB',
            join(
              item(u32(table), explicitLittle, table.length * 4),
              ...fragments.map(fragment),
              sequenceEnd(),
            ),
            explicitLittle,
            undefinedLength,
          ),
        ),
      ),
    );
  const text = (b: Uint8Array) => String.fromCharCode(...b.filter((c) => c >= 0x61 && c <= 0x7a));
  const all = (d: ReturnType<typeof file>, frames: number) =>
    Array.from({ length: frames }, (_, n) => text(frameBytes(d, n + 1)));

  it('joins all fragments of a single frame, whatever the table says', () => {
    expect(all(file(1, [], [jpeg('ab'), ascii('cd')]), 1)).toEqual(['abcd']);
    expect(all(file(1, [0], [jpeg('ab'), ascii('cd')]), 1)).toEqual(['abcd']);
  });

  it('follows the basic offset table', () => {
    // Items of 8 + 6, 8 + 2, 8 + 6 bytes.
    expect(all(file(2, [0, 24], [jpeg('abc'), ascii('de'), jpeg('fgh')]), 2)).toEqual([
      'abcde',
      'fgh',
    ]);
  });

  it('follows the extended offset table before the basic one', () => {
    const extended = el(0x7fe00001, 'OV', u32([0, 0, 14, 0]));
    const d = file(2, [], [jpeg('abc'), ascii('de'), ascii('fg')], [extended]);
    expect(all(d, 2)).toEqual(['abc', 'defg']);
  });

  it('without a table takes one fragment a frame, else looks where codestreams begin', () => {
    expect(all(file(2, [], [ascii('ab'), ascii('cd')]), 2)).toEqual(['ab', 'cd']);
    expect(all(file(2, [], [jpeg('abc'), ascii('de'), jpeg('f')]), 2)).toEqual(['abcde', 'f']);
    // A table that points nowhere is no table.
    expect(all(file(2, [0, 999], [jpeg('abc'), ascii('de'), jpeg('f')]), 2)).toEqual([
      'abcde',
      'f',
    ]);
  });

  it('refuses what cannot be told apart', () => {
    expect(code(() => frameBytes(file(2, [], [ascii('ab'), ascii('cd'), ascii('ef')]), 1))).toBe(
      'cannot_decode',
    );
    expect(code(() => frameBytes(file(1, [], []), 1))).toBe('cannot_decode');
    expect(code(() => frameBytes(file(1, [], [jpeg('a')]), 2))).toBe('not_found');
  });
});

describe.skipIf(!dataAvailable)('pixels of real files', () => {
  /** Rows of the manifest: file, and the first eight digits of the MD5 of what pydicom decodes. */
  const rows = dataAvailable
    ? [
        ...readFileSync(dataPath('dicom_cases', 'MANIFEST.md'), 'utf8').matchAll(
          /^\| (\S+) \|.* ts=(\S+) .*px=([0-9a-f]{8}) /gm,
        ),
      ]
        .map((m) => ({ file: m[1] ?? '', syntax: m[2] ?? '', md5: m[3] ?? '' }))
        .filter((r) =>
          [transferSyntax.explicit, transferSyntax.implicit].includes(r.syntax as never),
        )
    : [];

  it('are what pydicom reads, for every native little-endian grey or RGB image', () => {
    let compared = 0;
    for (const { file, md5 } of rows) {
      if (/FreezePattern/.test(file)) continue; // refused, see read.test.ts
      const d = readFile(dataPath('dicom_cases', ...file.split('/')));
      const i = imagePixel(d);
      // pydicom gives colour by pixel, keeps 32 and 64 bits, and extends no sign.
      if (!i || i.planarConfiguration === 1 || /422/.test(i.photometricInterpretation)) continue;
      if (i.bitsAllocated > 16 || (i.pixelRepresentation === 1 && i.bitsStored < i.bitsAllocated))
        continue;
      const hash = createHash('md5');
      for (let n = 1; n <= i.numberOfFrames; n++) {
        const frame = nativeFrame(d, n);
        hash.update(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
      }
      expect.soft([file, hash.digest('hex').slice(0, 8)]).toEqual([file, md5]);
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('are the same in big endian, deflated and implicit', () => {
    const ct = (name: string) =>
      nativeFrame(readFile(dataPath('transfer_syntaxes', 'ctimage', `CTImage.dcm_${name}.dcm`)), 1);
    const reference = Buffer.from(
      ct('LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1').slice().buffer,
    );
    for (const name of [
      'LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2',
      'BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2',
      'DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99',
    ]) {
      expect(reference.equals(Buffer.from(ct(name).slice().buffer)), name).toBe(true);
    }
  });

  it('of single bits are the same in big endian', () => {
    const little = readFile(dataPath('dicom_cases', 'seg-sr', 'dcmqi__liver.dcm'));
    const big = readFile(dataPath('transfer_syntaxes', 'pydicom_data', 'liver_expb.dcm'));
    const bits = (d: typeof big, n: number) => Buffer.from(nativeFrame(d, n));
    for (const n of [1, 2, 3]) expect(bits(big, n).equals(bits(little, n))).toBe(true);
  });

  it('gives whole JPEG codestreams of a file without offset table', () => {
    const d = readFile(
      dataPath('transfer_syntaxes', 'ctimage', 'CT0012.fragmented_no_bot_jpeg_baseline.51.dcm'),
    );
    const bytes = frameBytes(d, 1);
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    const end = bytes.findLastIndex((b) => b !== 0);
    expect([...bytes.subarray(end - 1, end + 1)]).toEqual([0xff, 0xd9]);
  });
});
