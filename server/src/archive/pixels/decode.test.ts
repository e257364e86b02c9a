import { deflateRawSync } from 'node:zlib';
import type { ImagePixel } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { decodeFrame, explicitBigEndian, explicitLittleEndian, makePalette } from './index.ts';

const grey: ImagePixel = {
  rows: 2,
  columns: 3,
  numberOfFrames: 1,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  pixelRepresentation: 1,
  planarConfiguration: 0,
  sampleType: 'integer',
};
const colour: ImagePixel = {
  ...grey,
  columns: 2,
  rows: 1,
  samplesPerPixel: 3,
  bitsAllocated: 8,
  bitsStored: 8,
  highBit: 7,
  pixelRepresentation: 0,
  photometricInterpretation: 'RGB',
};
const values = [-1024, -1, 0, 1, 2047, 32767];
const little = new Uint8Array(Int16Array.from(values).buffer);
const rleSyntax = '1.2.840.10008.1.2.5';
const deflatedFrame = '1.2.840.10008.1.2.8.1';

/** PS3.5 §G.5 by literal runs only. */
function rle(segments: readonly number[][]): Uint8Array {
  const bodies = segments
    .map((s) => [s.length - 1, ...s])
    .map((b) => (b.length % 2 ? [...b, 0] : b));
  const header = new Uint32Array(16);
  header[0] = segments.length;
  let at = 64;
  bodies.forEach((body, i) => {
    header[i + 1] = at;
    at += body.length;
  });
  return new Uint8Array([...new Uint8Array(header.buffer), ...bodies.flat()]);
}

describe('decodeFrame, uncompressed', () => {
  it('reads signed words in both byte orders', async () => {
    const big = Uint8Array.from(little);
    Buffer.from(big.buffer).swap16();
    expect([...(await decodeFrame(grey, explicitLittleEndian, little)).samples]).toEqual(values);
    expect([...(await decodeFrame(grey, explicitBigEndian, big)).samples]).toEqual(values);
  });

  it('reads from an odd address and leaves the bytes as they were', async () => {
    const whole = Buffer.concat([Buffer.from([9]), little]);
    const odd = whole.subarray(1);
    const decoded = await decodeFrame(
      { ...grey, bitsStored: 12, highBit: 11 },
      explicitLittleEndian,
      odd,
    );
    expect(decoded.samples[0]).toBe(-1024);
    expect(new Uint8Array(odd)).toEqual(little);
  });

  it('extends the sign of 12 stored bits and drops what is above them', async () => {
    const stored = Uint16Array.from([0xffff, 0x0800, 0x07ff, 0xf001, 0x0000, 0x1234]);
    const bytes = new Uint8Array(stored.buffer);
    const image = { ...grey, bitsStored: 12, highBit: 11 };
    const signed = await decodeFrame(image, explicitLittleEndian, bytes);
    expect([...signed.samples]).toEqual([-1, -2048, 2047, 1, 0, 0x234]);
    const unsigned = await decodeFrame(
      { ...image, pixelRepresentation: 0 },
      explicitLittleEndian,
      bytes,
    );
    expect([...unsigned.samples]).toEqual([4095, 2048, 2047, 1, 0, 0x234]);
  });

  it('unpacks single bits, lowest first, also from the middle of a byte', async () => {
    const image = {
      ...grey,
      bitsAllocated: 1,
      bitsStored: 1,
      highBit: 0,
      pixelRepresentation: 0,
    } as const;
    const first = await decodeFrame(image, explicitLittleEndian, Uint8Array.of(0b01_100101));
    expect([...first.samples]).toEqual([1, 0, 1, 0, 0, 1]);
    const second = await decodeFrame(
      image,
      explicitLittleEndian,
      Uint8Array.of(0b01_100101, 0b1010),
      {
        bitOffset: 6,
      },
    );
    expect([...second.samples]).toEqual([1, 0, 0, 1, 0, 1]);
  });

  it('says how much is missing', async () => {
    await expect(
      decodeFrame(grey, explicitLittleEndian, little.subarray(0, 11)),
    ).rejects.toMatchObject({ code: 'pixel_data_short', details: { expected: 12, actual: 11 } });
  });

  it('names a transfer syntax nobody knows', async () => {
    await expect(decodeFrame(grey, '1.2.3.4', little)).rejects.toMatchObject({
      code: 'unsupported_transfer_syntax',
      details: { uid: '1.2.3.4' },
    });
  });

  it('inflates deflated frames, and no bombs', async () => {
    const decoded = await decodeFrame(grey, deflatedFrame, deflateRawSync(little));
    expect([...decoded.samples]).toEqual(values);
    await expect(
      decodeFrame(grey, deflatedFrame, deflateRawSync(new Uint8Array(1 << 24))),
    ).rejects.toMatchObject({ code: 'cannot_decode' });
  });
});

describe('decodeFrame, RLE', () => {
  it('puts byte planes together, most significant first', async () => {
    const high = values.map((v) => (v >> 8) & 255);
    const low = values.map((v) => v & 255);
    expect([...(await decodeFrame(grey, rleSyntax, rle([high, low]))).samples]).toEqual(values);
  });

  it('gives RGB by pixel whatever the planar configuration is', async () => {
    const segments = [
      [1, 4],
      [2, 5],
      [3, 6],
    ];
    for (const planarConfiguration of [0, 1] as const) {
      const decoded = await decodeFrame(
        { ...colour, planarConfiguration },
        rleSyntax,
        rle(segments),
      );
      expect([...decoded.samples]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  it.each([
    ['no header', new Uint8Array(10)],
    ['the wrong number of segments', rle([[1, 2, 3, 4, 5, 6]])],
    [
      'a short segment',
      rle([
        [1, 2],
        [1, 2, 3, 4, 5, 6],
      ]),
    ],
  ])('refuses %s', async (_, bytes) => {
    await expect(decodeFrame(grey, rleSyntax, bytes)).rejects.toMatchObject({
      code: 'cannot_decode',
    });
  });
});

describe('decodeFrame, colour', () => {
  const rgbOf = async (image: ImagePixel, bytes: number[]) => [
    ...(await decodeFrame(image, explicitLittleEndian, Uint8Array.from(bytes))).samples,
  ];

  it('makes planes into pixels', async () => {
    expect(await rgbOf({ ...colour, planarConfiguration: 1 }, [1, 4, 2, 5, 3, 6])).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it('converts YBR_FULL as PS3.3 C.7.6.3.1.2 says', async () => {
    // Y, Cb, Cr of pure red and of mid grey.
    const image = { ...colour, photometricInterpretation: 'YBR_FULL' };
    expect(await rgbOf(image, [76, 85, 255, 128, 128, 128])).toEqual([254, 0, 0, 128, 128, 128]);
  });

  it('expands 4:2:2, where two pixels share their colour', async () => {
    const image = { ...colour, photometricInterpretation: 'YBR_FULL_422' };
    expect(await rgbOf(image, [76, 128, 128, 128])).toEqual([76, 76, 76, 128, 128, 128]);
  });

  it('looks colours up, with values beyond the table at its ends', async () => {
    const channel = (data: number[], bits = 8) => ({
      descriptor: [3, 10, bits],
      data: Uint8Array.from(data),
      bigEndian: false,
      segmented: false,
    });
    const palette = makePalette([
      channel([1, 2, 3, 0]),
      channel([4, 5, 6, 0]),
      channel([7, 8, 9, 0]),
    ]);
    const image = {
      ...grey,
      bitsAllocated: 8,
      bitsStored: 8,
      highBit: 7,
      pixelRepresentation: 0,
    } as const;
    const decoded = await decodeFrame(
      { ...image, photometricInterpretation: 'PALETTE COLOR' },
      explicitLittleEndian,
      Uint8Array.of(0, 10, 11, 12, 13, 255),
      { palette },
    );
    expect([...decoded.samples]).toEqual([1, 4, 7, 1, 4, 7, 2, 5, 8, 3, 6, 9, 3, 6, 9, 3, 6, 9]);
  });

  it('expands segmented tables: discrete, linear, and again', () => {
    // Discrete 0, 100; linear in 2 steps to 300; the first segment repeated (PS3.3 C.7.9.2).
    const words = Uint16Array.of(0, 2, 0, 25600, 1, 2, 51200, 2, 1, 0, 0);
    const channel = {
      descriptor: [6, 0, 16],
      data: new Uint8Array(words.buffer),
      bigEndian: false,
      segmented: true,
    };
    const palette = makePalette([channel, channel, channel]);
    expect([...palette.red]).toEqual([0, 100, 150, 200, 0, 100]);
  });

  it('says when the palette is missing or short', async () => {
    await expect(
      decodeFrame(
        { ...grey, photometricInterpretation: 'PALETTE COLOR' },
        explicitLittleEndian,
        little,
      ),
    ).rejects.toMatchObject({ code: 'cannot_decode' });
    const short = {
      descriptor: [4, 0, 8],
      data: Uint8Array.of(1),
      bigEndian: false,
      segmented: false,
    };
    expect(() => makePalette([short, short, short])).toThrow(/palette/);
  });
});
