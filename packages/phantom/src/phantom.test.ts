import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset, readSegmentation } from '@yuepian/dicom';
import type { Vec3 } from '@yuepian/geometry';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { measure, members } from '../testing/measure.ts';
import { ctAbdomen, mrHead, type PhantomCase, phantomInstances } from './index.ts';

// Building a patient takes seconds on an idle machine, and the machine may not be idle.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const hasValidator = (() => {
  try {
    execFileSync('dciodvfy', ['-version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
})();

describe('ctAbdomen', () => {
  let ct: PhantomCase;
  beforeAll(() => {
    ct = ctAbdomen({ size: 256, slices: 200 });
  });

  it('has every structure that it names, on the right side of the body', () => {
    const found = new Map(ct.segments.map((s) => [s.key, measure(ct, s.key)]));
    for (const [key, f] of found) expect(f.ml, key).toBeGreaterThan(0.02);
    const x = (key: string) => found.get(key)?.centroid[0] ?? 0;
    // x grows to the patient's left.
    for (const key of ['kidney_left', 'femur_left', 'lung_left', 'spleen', 'kidney_tumour']) {
      expect(x(key), key).toBeGreaterThan(25);
    }
    for (const key of ['kidney_right', 'femur_right', 'lung_right', 'liver', 'kidney_stone']) {
      expect(x(key), key).toBeLessThan(-25);
    }
    const z = (key: string) => found.get(key)?.centroid[2] ?? 0;
    expect(z('lung_left')).toBeGreaterThan(z('liver'));
    expect(z('liver')).toBeGreaterThan(z('bladder'));
    // The spine lies behind the aorta: y grows to the back.
    expect(found.get('spine')?.centroid[1]).toBeGreaterThan(
      (found.get('aorta')?.centroid[1] ?? 0) + 15,
    );
  });

  it('has sizes within the range of adults', () => {
    const ranges: Record<string, readonly [number, number]> = {
      kidney_left: [110, 220],
      kidney_right: [110, 220],
      kidney_tumour: [8, 40],
      kidney_stone: [0.1, 0.4],
      liver: [1100, 2000],
      spleen: [90, 320],
      bladder: [100, 350],
    };
    for (const [key, [low, high]] of Object.entries(ranges)) {
      const { ml } = measure(ct, key);
      expect(ml, key).toBeGreaterThan(low);
      expect(ml, key).toBeLessThan(high);
    }
  });

  it('counts the same volume in voxels as its shapes have', () => {
    const truth = ct.truth.volumesMl;
    // Voxels of 1.56 × 1.56 × 2.5 mm: fine for organs, coarse for a stone.
    for (const { key } of ct.segments) {
      const expected = truth[key] ?? 0;
      const tolerance = expected < 1 ? 0.3 : expected < 50 ? 0.04 : 0.015;
      expect(Math.abs(measure(ct, key).ml / expected - 1), key).toBeLessThan(tolerance);
    }
  });

  it('shows each tissue at the HU it was made of', () => {
    const { values } = ct.truth;
    for (const [key, value, tolerance] of [
      ['liver', values.liver, 12],
      ['spleen', values.spleen, 14],
      ['aorta', values.aorta, 35],
      ['lung_left', values.lung, 60],
    ] as const) {
      expect(Math.abs(measure(ct, key).mean - (value ?? 0)), key).toBeLessThan(tolerance);
    }
    expect(measure(ct, 'kidney_stone').mean).toBeGreaterThan(500);
    expect(ct.volume.data[0]).toBeLessThan(-900);
  });

  it('puts landmarks where the voxels are', () => {
    const { landmarks, distances } = ct.truth;
    const near = (key: string, landmark: string, mm: number) => {
      const c = measure(ct, key).centroid;
      const p = landmarks[landmark] as Vec3;
      expect(Math.hypot(c[0] - p[0], c[1] - p[1], c[2] - p[2]), key).toBeLessThan(mm);
    };
    near('kidney_stone', 'stone_centre', 0.8);
    near('kidney_tumour', 'tumour_centre', 4);
    expect(distances.femoral_head_to_femoral_head).toBe(176);
  });

  it('is one skin with everything inside, and bone is the sum of its parts', () => {
    const skin = measure(ct, 'skin').ml;
    expect(skin).toBeGreaterThan(20_000);
    const parts = ['spine', 'rib', 'pelvis', 'sacrum', 'femur_left', 'femur_right'];
    const sum = parts.reduce((total, key) => total + measure(ct, key).ml, 0);
    expect(measure(ct, 'bone').ml).toBeCloseTo(sum, 6);
  });
});

describe('mrHead', () => {
  let mr: PhantomCase;
  beforeAll(() => {
    mr = mrHead({ size: 160, slices: 120 });
  });

  it('has a brain, ventricles and a tumour of the right hemisphere inside the skull', () => {
    const found = Object.fromEntries(mr.segments.map((s) => [s.key, measure(mr, s.key)]));
    expect(found.brain?.ml).toBeGreaterThan(900);
    expect(found.brain?.ml).toBeLessThan(1500);
    expect(found.ventricles?.ml).toBeGreaterThan(8);
    expect(found.ventricles?.ml).toBeLessThan(45);
    expect(found.brain_tumour?.ml).toBeGreaterThan(8);
    expect(found.brain_tumour?.centroid[0]).toBeLessThan(-25);
    expect(Math.abs(found.brain?.centroid[0] ?? 99)).toBeLessThan(3);
    expect(found.skull?.ml).toBeGreaterThan(300);
  });

  it('counts the same volume in voxels as its shapes have', () => {
    const truth = mr.truth.volumesMl;
    for (const { key } of mr.segments) {
      expect(Math.abs(measure(mr, key).ml / (truth[key] ?? 0) - 1), key).toBeLessThan(0.03);
    }
  });

  it('looks like T1: white matter over grey over fluid, and no negative signal', () => {
    const { data } = mr.volume;
    expect(data.every((v) => v >= 0 && v <= 4095)).toBe(true);
    expect(measure(mr, 'ventricles').mean).toBeLessThan(measure(mr, 'brain').mean - 200);
    expect(measure(mr, 'skull').mean).toBeLessThan(measure(mr, 'brain').mean);
  });
});

describe('options', () => {
  it('makes the same patient again from the same seed', async () => {
    const first = mrHead({ size: 96, slices: 40, seed: 3 });
    const slice = first.renderSlice(24);
    // A fresh copy of the module: nothing that the first one built is there.
    vi.resetModules();
    const fresh = await import('./index.ts');
    const again = fresh.mrHead({ size: 96, slices: 40, seed: 3 });
    expect(again.renderSlice(24)).toEqual(slice);
    expect(again.identity).toEqual(first.identity);
  });

  it('makes another patient from another seed', () => {
    const [one, other] = [1, 3].map((seed) => mrHead({ size: 96, slices: 40, seed }));
    expect(other?.renderSlice(24).values).not.toEqual(one?.renderSlice(24).values);
    expect(other?.renderSlice(24).labels).not.toEqual(one?.renderSlice(24).labels);
    expect(other?.identity.seriesInstanceUid).not.toBe(one?.identity.seriesInstanceUid);
  });

  it('covers the same anatomy with fewer, thicker slices', () => {
    const [few, many] = [ctAbdomen({ size: 32, slices: 20 }), ctAbdomen({ size: 32, slices: 100 })];
    const ends = (c: PhantomCase) => [
      c.affine[11] - c.affine[10] / 2,
      c.affine[11] + (c.size[2] - 0.5) * c.affine[10],
    ];
    expect(ends(few)).toEqual(ends(many));
    expect(few.affine[10]).toBe(25);
  });

  it('refuses what no scanner would make', () => {
    expect(() => ctAbdomen({ size: 0 })).toThrow(RangeError);
    expect(() => mrHead({ slices: 1.5 })).toThrow(RangeError);
    expect(() => mrHead({ seed: -1 })).toThrow(RangeError);
  });
});

describe('phantomInstances', () => {
  const folder = mkdtempSync(join(tmpdir(), 'phantom-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const cases = {
    CT: ctAbdomen({ size: 64, slices: 24 }),
    MR: mrHead({ size: 64, slices: 24 }),
  };

  it.each(['CT', 'MR'] as const)(
    'writes the %s series that reads back to the same values',
    (modality) => {
      const phantom = cases[modality];
      const files = [...phantomInstances(phantom)];
      expect(files).toHaveLength(25);
      const k = 13;
      const dataset = readDataset(files[k]?.bytes ?? new Uint8Array(0));
      expect(dataset.personName('PatientName').ideographic).toMatch(/^(王|李)\^/);
      expect(dataset.numbers('ImagePositionPatient')[2]).toBeCloseTo(
        phantom.affine[11] + k * phantom.affine[10],
        9,
      );
      const bytes = dataset.bytes('PixelData') ?? new Uint8Array(0);
      const stored = new Uint16Array(bytes.slice().buffer);
      const intercept = dataset.number('RescaleIntercept') ?? 0;
      const values = phantom.renderSlice(k).values;
      expect([...stored].map((v) => v + intercept)).toEqual([...values]);
    },
  );

  it('carries the ground truth as a segmentation that reads back equal', () => {
    const phantom = cases.CT;
    const seg = [...phantomInstances(phantom)].at(-1);
    const read = readSegmentation(seg?.bytes ?? new Uint8Array(0)).toLabelMap(phantom.volume);
    expect(read.segments.map((s) => s.key)).toEqual(phantom.segments.map((s) => s.key));
    phantom.segments.forEach((segment, n) => {
      const truth = members(phantom, segment.key);
      const mine = new Uint8Array(256);
      for (const label of read.segments[n]?.labels ?? []) mine[label] = 1;
      const different = phantom.labelMap.data.findIndex(
        (label, i) => truth[label] !== mine[read.data[i] as number],
      );
      expect(different, segment.key).toBe(-1);
    });
  });

  it.skipIf(!hasValidator).each(['CT', 'MR'] as const)(
    '%s and its SEG have no error for dciodvfy',
    (modality) => {
      const files = [...phantomInstances(cases[modality])];
      for (const file of [files[0], files.at(-1)]) {
        const path = join(folder, `${modality}.dcm`);
        writeFileSync(path, file?.bytes ?? '');
        const report = execFileSync('sh', ['-c', `dciodvfy "${path}" 2>&1 || true`], {
          encoding: 'utf8',
        });
        expect(report.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
        expect(report).toMatch(/CTImage|MRImage|Segmentation/);
      }
    },
  );
});
