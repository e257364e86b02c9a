import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeVoiLut, type FrameStack } from '@yuepian/contract';
import { type DicomElements, element, sequence, writeInstance } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { deriveSeries } from './volumes.ts';

const u16 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Uint16Array.from(values).buffer);

/** A radiograph of one row of eight pixels that hold 0 … 7. */
const radiograph = (n: number, elements: DicomElements): Uint8Array =>
  writeInstance({
    '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    '00080018': element('UI', `1.2.3.${n}`),
    '00080060': element('CS', 'DX'),
    '0020000D': element('UI', '1.2.4'),
    '0020000E': element('UI', '1.2.5'),
    '00200013': element('IS', n),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280010': element('US', 1),
    '00280011': element('US', 8),
    '00280100': element('US', 16),
    '00280101': element('US', 16),
    '00280102': element('US', 15),
    '00280103': element('US', 0),
    '7FE00010': { vr: 'OW', bytes: u16([0, 1, 2, 3, 4, 5, 6, 7]) },
    ...elements,
  });

const lut = (first: number, values: readonly number[]): DicomElements => ({
  '00283002': element('US', values.length, first, 12),
  '00283006': { vr: 'OW', bytes: u16(values) },
});

async function stackOf(images: readonly Uint8Array[]): Promise<{
  stack: FrameStack | undefined;
  thumbnail: Uint8Array;
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'frames-'));
  try {
    const { layout } = await deriveSeries(
      images.map((bytes, n) => ({
        sopInstanceUid: `1.2.3.${n + 1}`,
        read: async (length) => (length === undefined ? bytes : bytes.subarray(0, length)),
      })),
      {
        seriesInstanceUid: '1.2.5',
        fingerprint: 'f',
        derived: path.join(folder, 'derived'),
        scratch: folder,
        onStep: () => undefined,
      },
    );
    const picture = path.join(folder, 'derived', layout.thumbnail?.folder ?? '', 'thumbnail.png');
    return { stack: layout.frames, thumbnail: new Uint8Array(await readFile(picture)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the stack of single images', () => {
  it('carries each VOI LUT once, whichever images name it', async () => {
    const [a, b] = [lut(2, [0, 4095, 7]), lut(0, [5, 6, 4000, 4095])];
    const { stack } = await stackOf([
      radiograph(1, { '00283010': sequence(a) }),
      radiograph(2, { '00283010': sequence(b, a) }),
      radiograph(3, { '00281050': element('DS', 3), '00281051': element('DS', 6) }),
    ]);
    expect(
      stack?.voiLuts?.map((l) => [...decodeVoiLut(l)].map((v) => Math.round(v * 4095))),
    ).toEqual([
      [0, 4095, 7],
      [5, 6, 4000, 4095],
    ]);
    expect(stack?.frames.map((f) => f.windows)).toEqual([
      [{ centre: 3, width: 2, name: '', lut: 0 }],
      [
        { centre: 1.5, width: 3, name: '', lut: 1 },
        { centre: 3, width: 2, name: '', lut: 0 },
      ],
      [{ centre: 3, width: 6, name: '' }],
    ]);
  });

  it('says which side of the patient is at which edge, where the file does', async () => {
    const { stack } = await stackOf([
      radiograph(1, { '00200020': element('CS', 'L', 'F') }),
      radiograph(2, {}),
    ]);
    expect(stack?.frames.map((f) => f.edges)).toEqual([
      { left: 'R', right: 'L', top: 'H', bottom: 'F' },
      undefined,
    ]);
  });

  it('is pictured through Modality LUT and VOI LUT, not by what is stored', async () => {
    // Both tables reverse the order: the picture is that of the plain pixels.
    const turned = [7, 6, 5, 4, 3, 2, 1, 0];
    const greys = turned.map((v) => v * 585);
    const both = await stackOf([
      radiograph(1, {
        '00283000': sequence({ ...lut(0, turned), '00283004': element('LO', 'US') }),
        '00283010': sequence(lut(0, greys)),
      }),
    ]);
    const plain = await stackOf([
      radiograph(1, {
        '00281050': element('DS', 3.5),
        '00281051': element('DS', 7),
        '00281056': element('CS', 'LINEAR_EXACT'),
      }),
    ]);
    expect(both.thumbnail).toEqual(plain.thumbnail);
  });
});
