import { readFileSync } from 'node:fs';
import { YuepianError } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import {
  ascii,
  el,
  explicitLittle,
  item,
  join,
  part10,
  sequenceEnd,
  u16,
  u32,
  undefinedLength,
} from '../testing/bytes.ts';
import { dataAvailable, dataPath, inflateRaw } from '../testing/data.ts';
import { firstSeed, fuzzSeconds, mutate, random } from '../testing/random.ts';
import {
  assembleVolume,
  describeInstance,
  frameBytes,
  isEncapsulated,
  layoutSeries,
  modalityValues,
  nativeFrame,
  niftiLabelMap,
  readDataset,
  readNifti,
  rectify,
  toDicomJson,
  transferSyntax,
  voiTables,
} from './index.ts';

/** All that a hostile file goes through when it is stored and shown. */
async function everything(bytes: Uint8Array): Promise<void> {
  const d = readDataset(bytes, { inflateRaw });
  JSON.stringify(toDicomJson(d, { bulkDataUri: (p) => p }));
  const h = describeInstance(d);
  JSON.stringify(h);
  voiTables(d);
  const layout = layoutSeries([h, h, h]);
  for (const plan of layout.volumes) {
    try {
      rectify(await assembleVolume(plan, (r) => nativeFrame(d, r.frame)), plan);
    } catch (error) {
      if (!(error instanceof YuepianError)) throw error;
    }
  }
  if (!h.frames[0]) return;
  frameBytes(d, 1);
  if (!isEncapsulated(d.transferSyntaxUid)) modalityValues(nativeFrame(d, 1), h.frames[0]);
}

const instance = part10(
  transferSyntax.explicit,
  join(
    el(0x00080005, 'CS', 'ISO 2022 IR 6\\ISO 2022 IR 58'),
    el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    el(0x00080018, 'UI', '1.2.3'),
    el(
      0x00081140,
      'SQ',
      join(item(el(0x00081150, 'UI', '1.2')), sequenceEnd()),
      explicitLittle,
      undefinedLength,
    ),
    el(0x00100010, 'PN', 'Wang=\x1b$)A\xcd\xf5'),
    el(0x0020000d, 'UI', '1.2.4'),
    el(0x0020000e, 'UI', '1.2.5'),
    el(0x00200032, 'DS', '0\\0\\0'),
    el(0x00200037, 'DS', '1\\0\\0\\0\\1\\0'),
    el(0x00280008, 'IS', '2'),
    el(0x00280010, 'US', u16([4])),
    el(0x00280011, 'US', u16([4])),
    el(0x00280030, 'DS', '1\\1'),
    el(0x00280100, 'US', u16([16])),
    el(
      0x00283000,
      'SQ',
      item(join(el(0x00283002, 'US', u16([4, 0, 16])), el(0x00283006, 'US', u16([1, 2, 3, 4])))),
    ),
    el(
      0x52009230,
      'SQ',
      join(
        ...[0, 3].map((z) => item(el(0x00209113, 'SQ', item(el(0x00200032, 'DS', `0\\0\\${z}`))))),
      ),
    ),
    el(0x7fe00010, 'OW', new Uint8Array(64)),
  ),
);
const compressed = part10(
  '1.2.840.10008.1.2.4.70',
  join(
    instance.subarray(132 + 12 + 28, instance.length - 64 - 12),
    el(
      0x7fe00010,
      'OB',
      join(
        item(u32([0, 16]), explicitLittle, 8),
        item(new Uint8Array(8), explicitLittle, 8),
        item(new Uint8Array(8), explicitLittle, 8),
        sequenceEnd(),
      ),
      explicitLittle,
      undefinedLength,
    ),
  ),
);

/** A mosaic of four tiles, with its CSA header, a VOI LUT and a decay that wants an SUV. */
const mosaic = part10(
  transferSyntax.explicit,
  join(
    el(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\MOSAIC'),
    el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.4'),
    el(0x00080018, 'UI', '1.2.3'),
    el(0x00080021, 'DA', '20260101'),
    el(0x00080031, 'TM', '101112.5'),
    el(0x00080060, 'CS', 'PT'),
    el(0x00101030, 'DS', '70'),
    el(0x00180088, 'DS', '2'),
    el(0x0020000d, 'UI', '1.2.4'),
    el(0x0020000e, 'UI', '1.2.5'),
    el(0x00200032, 'DS', '0\\0\\0'),
    el(0x00200037, 'DS', '1\\0\\0\\0\\1\\0'),
    el(0x00280010, 'US', u16([4])),
    el(0x00280011, 'US', u16([4])),
    el(0x00280030, 'DS', '1\\1'),
    el(0x00280051, 'CS', 'ATTN\\DECY'),
    el(0x00280100, 'US', u16([16])),
    el(
      0x00283010,
      'SQ',
      item(join(el(0x00283002, 'US', u16([2, 0, 8])), el(0x00283006, 'US', u16([1, 2])))),
    ),
    el(0x00290010, 'LO', 'SIEMENS CSA HEADER'),
    el(0x00291010, 'OB', csa()),
    el(
      0x00540016,
      'SQ',
      item(
        join(
          el(0x00181072, 'TM', '090000'),
          el(0x00181074, 'DS', '4e8'),
          el(0x00181075, 'DS', '6586'),
        ),
      ),
    ),
    el(0x00541001, 'CS', 'BQML'),
    el(0x00541102, 'CS', 'START'),
    el(0x7fe00010, 'OW', new Uint8Array(32)),
  ),
);

function csa(): Uint8Array {
  const tag = (name: string, ...values: string[]): Uint8Array => {
    const head = new Uint8Array(64);
    head.set(ascii(name));
    const items = values.map((v) =>
      join(u32([v.length, v.length, 77, 0]), ascii(v.padEnd(4, '\0'))),
    );
    return join(head, u32([values.length, 0, 0, values.length, 77]), ...items);
  };
  const tags = [tag('NumberOfImagesInMosaic', '4'), tag('SliceNormalVector', '0', '0', '1')];
  return join(ascii('SV10'), Uint8Array.of(4, 3, 2, 1), u32([tags.length, 77]), ...tags);
}

/** A NIfTI-1 of 2 × 3 × 2 int16 with a label table, by the field table of nifti1.h. */
function nifti(): Uint8Array {
  const names = ascii('<Label Key="1"><![CDATA[liver]]></Label>');
  const bytes = new Uint8Array(352 + 48 + 24);
  const v = new DataView(bytes.buffer);
  v.setInt32(0, 348, true);
  for (const [n, d] of [3, 2, 3, 2, 1, 1, 1, 1].entries()) v.setInt16(40 + 2 * n, d, true);
  v.setInt16(68, 1002, true);
  v.setInt16(70, 4, true);
  for (const [n, d] of [1, 2, 3, 4].entries()) v.setFloat32(76 + 4 * n, d, true);
  v.setFloat32(108, 400, true);
  v.setInt16(252, 1, true);
  v.setInt16(254, 1, true);
  for (const [n, s] of [2, 0, 0, -10, 0, 3, 0, -20, 0, 0, 4, 30].entries()) {
    v.setFloat32(280 + 4 * n, s, true);
  }
  bytes.set(names, 352);
  for (let n = 0; n < 12; n++) v.setInt16(400 + 2 * n, n % 3, true);
  return bytes;
}

const realFiles = [
  'multiframe-structure/pydicom-data__emri_small_RLE.dcm',
  'enhanced/niivue__enh.dcm',
  'structure/pydicom__MR_small_implicit.dcm',
  'structure/pydicom__MR_small_bigendian.dcm',
  'structure/pydicom__image_dfl.dcm',
  'structure/pydicom__rtplan.dcm',
  'seg-sr/highdicom__sr_document_with_multiple_groups.dcm',
  'charset/pydicom__chrH31.dcm',
];

/** Tries until `rounds` are done, or as long as the environment says. @returns how many were refused. */
async function tryAll(
  seed: number,
  rounds: number,
  seconds: number,
  attempt: (next: () => number) => unknown,
): Promise<number> {
  let refused = 0;
  const end = performance.now() + 1000 * seconds;
  for (let round = 0; seconds > 0 ? performance.now() < end : round < rounds; round++) {
    // A generator of its own each round, so that a fault can be tried again alone.
    const own = firstSeed + seed * 10_000_000 + round;
    try {
      await attempt(random(own));
    } catch (error) {
      if (!(error instanceof YuepianError)) throw new Error(`seed ${own}`, { cause: error });
      refused++;
    }
  }
  return refused;
}

const patience = Math.max(60_000, fuzzSeconds * 2_000);

describe('damaged bytes', () => {
  it('only ever give a YuepianError', { timeout: patience }, async () => {
    const seeds = [instance, compressed, mosaic];
    if (dataAvailable) {
      seeds.push(
        ...realFiles.map(
          (f) => new Uint8Array(readFileSync(dataPath('dicom_cases', ...f.split('/')))),
        ),
      );
    }
    let refused = 0;
    for (const [n, seed] of seeds.entries()) {
      const rounds = seed.length < 5000 ? 800 : 25;
      refused += await tryAll(n + 1, rounds, fuzzSeconds / seeds.length, (next) =>
        everything(mutate(seed, next)),
      );
    }
    expect(refused).toBeGreaterThan(300);
  });

  it('of a NIfTI too', { timeout: patience }, async () => {
    const seed = nifti();
    expect(niftiLabelMap(readNifti(seed), 'x')?.segments[0]?.key).toBe('liver');
    const refused = await tryAll(50, 2000, fuzzSeconds / 4, (next) =>
      niftiLabelMap(readNifti(mutate(seed, next, 0)), 'seg'),
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('the seeds themselves are fine', async () => {
    for (const seed of [instance, compressed, mosaic]) await everything(seed);
  });

  it('random bytes, with and without the mark', { timeout: patience }, async () => {
    await tryAll(99, 2000, fuzzSeconds / 8, (next) => {
      const bytes = Uint8Array.from({ length: 400 }, () => Math.floor(next() * 256));
      const kind = Math.floor(next() * 6);
      if (kind % 2) bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
      if (kind % 3 === 0) bytes.set([0x08, 0x00], kind % 2 ? 132 : 0);
      for (const read of [() => readDataset(bytes), () => readNifti(bytes)]) {
        expect(read).toThrow(YuepianError);
      }
    });
  });
});
