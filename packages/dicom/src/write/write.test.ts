import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import type { LabelMap } from '@yuepian/geometry';
import { afterAll, describe, expect, it } from 'vitest';
import { readDataset } from '../read.ts';
import {
  type DicomElements,
  decimalString,
  deflatedLittleEndian,
  element,
  implicitLittleEndian,
  isUid,
  type PatientStudy,
  randomUid,
  readSegmentation,
  sequence,
  uidFrom,
  writeInstance,
  writeSegmentation,
} from './index.ts';

const data = process.env.YUEPIAN_TEST_DATA ?? '../shared/data';
const folder = mkdtempSync(join(tmpdir(), 'write-'));
afterAll(() => rmSync(folder, { recursive: true }));

const instance: DicomElements = {
  '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.7'),
  '00080018': element('UI', '2.25.1234'),
  '00100010': element('PN', {
    Alphabetic: 'Wang^XiaoMing',
    Ideographic: '王^小明',
    Phonetic: '',
  }),
  '00100020': element('LO', 'ODD'),
  '00200032': element('DS', -124.51171875, 1 / 3, 1e-7),
  '00280009': element('AT', '00181063'),
  '00280010': element('US', 65535),
  '00189087': element('FD', Math.PI),
  '00081140': sequence(
    { '00081155': element('UI', '2.25.1') },
    {
      '00081155': element('UI', '2.25.22'),
      '00081199': { ...sequence({}), undefinedLength: true },
    },
  ),
  '7FE00010': { vr: 'OB', bytes: new Uint8Array([1, 2, 3]) },
};

describe('writeInstance', () => {
  it.each([
    ['explicit', {}],
    ['implicit', { transferSyntaxUid: implicitLittleEndian }],
    ['deflated', { transferSyntaxUid: deflatedLittleEndian, deflateRaw: deflateRawSync }],
  ])('comes back from the reader: %s', (_name, options) => {
    const bytes = writeInstance(instance, options);
    const read = readDataset(bytes, { inflateRaw: inflateRawSync });
    expect(read.personName('PatientName')).toEqual({
      alphabetic: 'Wang^XiaoMing',
      ideographic: '王^小明',
      phonetic: '',
    });
    expect(read.string('PatientID')).toBe('ODD');
    expect(read.numbers('ImagePositionPatient')[0]).toBe(-124.51171875);
    expect(read.numbers('ImagePositionPatient')[1]).toBeCloseTo(1 / 3, 13);
    expect(read.number('Rows')).toBe(65535);
    expect(read.number('x00189087')).toBe(Math.PI);
    expect(read.sequence('x00081140').map((item) => item.string('x00081155'))).toEqual([
      '2.25.1',
      '2.25.22',
    ]);
    expect([...(read.bytes('PixelData') ?? [])]).toEqual([1, 2, 3, 0]);
  });

  it('pads to even lengths and starts with the Part 10 mark', () => {
    const bytes = writeInstance(instance);
    expect(bytes.length % 2).toBe(0);
    expect(bytes.subarray(0, 128).every((b) => b === 0)).toBe(true);
    expect(new TextDecoder().decode(bytes.subarray(128, 132))).toBe('DICM');
  });

  it('writes encapsulated fragments after an empty offset table', () => {
    const bytes = writeInstance(
      { ...instance, '7FE00010': { vr: 'OB', fragments: [new Uint8Array([9, 8, 7])] } },
      { transferSyntaxUid: '1.2.840.10008.1.2.5' },
    );
    expect([...bytes.subarray(-28)]).toEqual([
      0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0x00, 0xe0, 4, 0, 0, 0, 9, 8, 7, 0, 0xfe,
      0xff, 0xdd, 0xe0, 0, 0, 0, 0,
    ]);
  });

  it.each([
    ['a missing UID', { '00080018': element('UI') }],
    ['a value too long for its VR', { '00080060': element('CS', 'A'.repeat(17)) }],
    ['a number that does not fit', { '00280010': element('US', 70000) }],
    ['a backslash in a value', { '00100020': element('LO', 'a\\b') }],
    ['letters in a UID', { '0020000D': element('UI', 'x.1') }],
    ['an unknown tag', { rows: element('US', 1) }],
  ])('refuses %s', (_name, wrong) => {
    expect(() => writeInstance({ ...instance, ...wrong })).toThrow(RangeError);
  });
});

describe('values', () => {
  it.each([0, 1, -0.5, 1 / 3, -1 / 3, 1e-12, 123456789.125, -2.2250738585072014e-308])(
    'writes %d as at most 16 characters',
    (value) => {
      const text = decimalString(value);
      expect(text.length).toBeLessThanOrEqual(16);
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-8);
    },
  );

  it('makes valid UIDs, the same for the same text', () => {
    expect(uidFrom('a')).toBe(uidFrom('a'));
    expect(uidFrom('a')).not.toBe(uidFrom('b'));
    const many = new Set(Array.from({ length: 2000 }, (_, n) => uidFrom(`series ${n}`)));
    expect(many.size).toBe(2000);
    expect([...many, randomUid()].every(isUid)).toBe(true);
    expect(randomUid()).not.toBe(randomUid());
  });
});

const patientStudy: PatientStudy = {
  patientId: 'P1',
  patientName: { Alphabetic: 'Li^Si', Ideographic: '李^四' },
  studyInstanceUid: '2.25.77',
  studyDate: '20260101',
  studyTime: '120000',
};

/** 5 × 3 × 4 oblique grid; 15 pixels a frame, so frames start inside bytes. */
function smallMap(): LabelMap {
  const data = new Uint8Array(60);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7) % 4;
  data.subarray(15, 30).fill(0);
  return {
    size: [5, 3, 4],
    affine: [0.8, 0.1, 0.05, -10, -0.1, 0.8, 0, 5, -0.04, -0.02, 2.5, 30],
    frameOfReferenceUid: '2.25.9',
    data,
    segments: [
      { key: 'skin', labels: [1, 2, 3] },
      { key: 'femur_right', labels: [2] },
      { key: 'rib_7', labels: [3] },
      { key: 'lesion', labels: [] },
    ],
  };
}

const write = (labelMap: LabelMap): Uint8Array =>
  writeSegmentation({
    labelMap,
    source: {
      patientStudy,
      seriesInstanceUid: '2.25.5',
      frames: Array.from({ length: labelMap.size[2] }, (_, k) => ({
        sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
        sopInstanceUid: `2.25.10${k}`,
      })),
    },
    seriesInstanceUid: '2.25.6',
    sopInstanceUid: '2.25.7',
    seriesNumber: 100,
    seriesDescription: '自动分割',
    algorithm: { type: 'AUTOMATIC', name: 'classical 1' },
    date: '20260101',
    time: '120000',
  });

/** Voxels of a segment as 0 and 1. */
function voxelsOf(map: LabelMap, n: number): number[] {
  const labels = map.segments[n]?.labels ?? [];
  return [...map.data].map((label) => (labels.includes(label) ? 1 : 0));
}

describe('segmentations', () => {
  it('come back equal, overlapping segments and odd frame sizes too', () => {
    const labelMap = smallMap();
    const read = readSegmentation(write(labelMap));
    for (const back of [read.toLabelMap(labelMap), read.toLabelMap()]) {
      expect(back.size).toEqual(labelMap.size);
      back.affine.forEach((v, n) => {
        expect(v).toBeCloseTo(labelMap.affine[n] as number, 9);
      });
      labelMap.segments.forEach((_s, n) => {
        expect(voxelsOf(back, n)).toEqual(voxelsOf(labelMap, n));
      });
    }
    expect(read.segments.map((s) => s.key)).toEqual(['skin', 'femur_right', 'rib_7', 'segment_4']);
    expect(read.segments[1]?.codes.laterality?.meaning).toBe('Right');
    expect(read.segments[0]?.colour).toBe('#d9a583');
    expect(read.segments[0]?.algorithmName).toBe('classical 1');
    // Slice 1 is empty: no frame is written for it.
    expect(read.frames.some((f) => f.source?.sopInstanceUid === '2.25.101')).toBe(false);
    expect(read.frames).toHaveLength(9);
  });

  it('are put onto a finer grid by the nearest pixel', () => {
    const labelMap = smallMap();
    const fine = {
      size: [10, 6, 4],
      affine: [0.4, 0.05, 0.05, -10.225, -0.05, 0.4, 0, 4.825, -0.02, -0.01, 2.5, 30.015],
    } as const;
    const read = readSegmentation(write(labelMap)).toLabelMap(fine);
    const [coarse, double] = [voxelsOf(labelMap, 1), voxelsOf(read, 1)];
    double.forEach((value, index) => {
      const [i, j, k] = [index % 10, Math.floor(index / 10) % 6, Math.floor(index / 60)];
      expect(value).toBe(coarse[(i >> 1) + 5 * ((j >> 1) + 3 * k)]);
    });
  });

  it('are refused when nothing is segmented, cut short or of another type', () => {
    const empty = { ...smallMap(), data: new Uint8Array(60) };
    expect(() => write(empty)).toThrow(YuepianError);
    const bytes = write(smallMap());
    const cut = readDataset(bytes);
    const unknown = writeInstance({
      '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.66.4'),
      '00080018': element('UI', '2.25.3'),
      '00620001': element('CS', 'SURFACE'),
    });
    expect(() => readSegmentation(unknown)).toThrow(/SURFACE/);
    expect(cut.number('NumberOfFrames')).toBe(9);
    const short = writeInstance({
      '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.66.4'),
      '00080018': element('UI', '2.25.3'),
      '00280010': element('US', 64),
      '00280011': element('US', 64),
      '00620001': element('CS', 'BINARY'),
      '7FE00010': { vr: 'OB', bytes: new Uint8Array(2) },
    });
    expect(() => readSegmentation(short).toLabelMap()).toThrow(YuepianError);
  });

  const validator = (() => {
    try {
      execFileSync('dciodvfy', ['-version'], { stdio: 'ignore' });
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  })();
  it.skipIf(!validator)('have no error for dciodvfy', () => {
    const path = join(folder, 'seg.dcm');
    writeFileSync(
      path,
      write({ ...smallMap(), affine: [0.8, 0, 0, -10, 0, 0.8, 0, 5, 0, 0, 2, 30] }),
    );
    const report = execFileSync('sh', ['-c', `dciodvfy "${path}" 2>&1 || true`], {
      encoding: 'utf8',
    });
    expect(report.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
    expect(report).toContain('Segmentation');
  });

  const acrin = join(data, 'petct_acrin_nsclc/seg.dcm.gz');
  it.skipIf(!existsSync(acrin))('of another maker are read', () => {
    const read = readSegmentation(new Uint8Array(gunzipSync(readFileSync(acrin))));
    expect(read.segments.map((s) => [s.number, s.algorithmType])).toEqual([
      [1, 'MANUAL'],
      [2, 'MANUAL'],
    ]);
    expect(read.frames).toHaveLength(58);
    const map = read.toLabelMap();
    expect(map.size.slice(0, 2)).toEqual([512, 512]);
    const counts = [0, 1].map((n) => voxelsOf(map, n).reduce((a, b) => a + b, 0));
    const bits = read.frames.map(
      (f, n) => [f.segment, read.mask(n).reduce((a, b) => a + b, 0)] as const,
    );
    for (const segment of [1, 2]) {
      const sum = bits.filter(([s]) => s === segment).reduce((a, [, n]) => a + n, 0);
      expect(counts[segment - 1]).toBe(sum);
      expect(sum).toBeGreaterThan(100);
    }
  });

  const overlapping = join(data, 'seg_sr_rt/highdicom/seg_image_ct_binary_overlap.dcm');
  it.skipIf(!existsSync(overlapping))('that overlap keep every voxel of each', () => {
    const read = readSegmentation(new Uint8Array(readFileSync(overlapping)));
    const map = read.toLabelMap();
    read.segments.forEach((segment, n) => {
      const bits = read.frames.flatMap((f, i) =>
        f.segment === segment.number ? [read.mask(i).reduce((a, b) => a + b, 0)] : [],
      );
      const sum = bits.reduce((a, b) => a + b, 0);
      expect(voxelsOf(map, n).reduce((a, b) => a + b, 0)).toBe(sum);
    });
    expect(map.segments.length).toBeGreaterThan(1);
  });
});
