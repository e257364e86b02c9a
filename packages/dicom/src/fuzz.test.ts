import { readFileSync } from 'node:fs';
import { YuepianError } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import {
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
import {
  assembleVolume,
  describeInstance,
  frameBytes,
  layoutSeries,
  nativeFrame,
  readDataset,
  readNifti,
  toDicomJson,
  transferSyntax,
} from './index.ts';

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes a few bytes: any value, or the ones that lengths and tags are made of; sometimes cuts. */
function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  const out = new Uint8Array(bytes);
  const changes = 1 + Math.floor(next() * 6);
  for (let n = 0; n < changes; n++) {
    const at = 132 + Math.floor(next() ** 2 * (out.length - 132));
    const choice = [0, 0xff, 0x7f, 0x80, 0xfe, Math.floor(next() * 256)];
    out[at] = choice[Math.floor(next() * choice.length)] ?? 0;
  }
  return next() < 0.2 ? out.subarray(0, Math.floor(next() * out.length)) : out;
}

/** All that a hostile file goes through when it is stored and shown. */
async function everything(bytes: Uint8Array): Promise<void> {
  const d = readDataset(bytes, { inflateRaw });
  JSON.stringify(toDicomJson(d, { bulkDataUri: (p) => p }));
  const h = describeInstance(d);
  const layout = layoutSeries([h, h, h]);
  for (const plan of layout.volumes) await assembleVolume(plan, (r) => nativeFrame(d, r.frame));
  if (h.frames[0]) frameBytes(d, 1);
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

describe('damaged bytes', () => {
  it('only ever give a YuepianError', async () => {
    const seeds = [instance, compressed];
    if (dataAvailable) {
      seeds.push(
        ...realFiles.map(
          (f) => new Uint8Array(readFileSync(dataPath('dicom_cases', ...f.split('/')))),
        ),
      );
    }
    let refused = 0;
    for (const [n, seed] of seeds.entries()) {
      const next = random(n + 1);
      const rounds = seed.length < 5000 ? 800 : 25;
      for (let round = 0; round < rounds; round++) {
        try {
          await everything(mutate(seed, next));
        } catch (error) {
          if (!(error instanceof YuepianError)) {
            throw new Error(`seed ${n}, round ${round}`, { cause: error });
          }
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  });

  it('the seeds themselves are fine', async () => {
    await everything(instance);
    await everything(compressed);
  });

  it('random bytes, with and without the mark', () => {
    const next = random(99);
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: 400 }, () => Math.floor(next() * 256));
      if (round % 2) bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
      if (round % 3 === 0) bytes.set([0x08, 0x00], round % 2 ? 132 : 0);
      for (const read of [() => readDataset(bytes), () => readNifti(bytes)]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(YuepianError);
        }
      }
    }
  });
});
