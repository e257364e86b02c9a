import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import { determinant, spacing, toPatient, voxelTypeOf } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { dataAvailable, dataPath } from '../testing/data.ts';
import { readNifti } from './index.ts';

interface Options {
  readonly littleEndian?: boolean;
  readonly sform?: readonly number[];
  readonly quaternion?: readonly number[];
  readonly qfac?: number;
  readonly slope?: number;
  readonly units?: number;
}

/** A 2 × 3 × 2 image of int16 with the values 0…11, by the field table of nifti1.h. */
function nifti1(o: Options = {}): Uint8Array {
  const le = o.littleEndian ?? true;
  const bytes = new Uint8Array(352 + 24);
  const v = new DataView(bytes.buffer);
  v.setInt32(0, 348, le);
  for (const [n, d] of [3, 2, 3, 2, 1, 1, 1, 1].entries()) v.setInt16(40 + 2 * n, d, le);
  v.setInt16(70, 4, le);
  for (const [n, d] of [o.qfac ?? 1, 2, 3, 4].entries()) v.setFloat32(76 + 4 * n, d, le);
  v.setFloat32(108, 352, le);
  v.setFloat32(112, o.slope ?? 0, le);
  v.setUint8(123, o.units ?? 2);
  if (o.quaternion) {
    v.setInt16(252, 1, le);
    for (const [n, q] of o.quaternion.entries()) v.setFloat32(256 + 4 * n, q, le);
  }
  if (o.sform) {
    v.setInt16(254, 1, le);
    for (const [n, s] of o.sform.entries()) v.setFloat32(280 + 4 * n, s, le);
  }
  for (let n = 0; n < 12; n++) v.setInt16(352 + 2 * n, n, le);
  return bytes;
}

const ras = [2, 0, 0, -10, 0, 3, 0, -20, 0, 0, 4, 30];

describe('NIfTI-1', () => {
  it.each([true, false])('reads sform and voxels, little endian %s', (littleEndian) => {
    const v = readNifti(nifti1({ littleEndian, sform: ras }));
    expect(v.size).toEqual([2, 3, 2]);
    // RAS (−10, −20, 30) is LPS (10, 20, 30).
    expect(v.affine).toEqual([-2, -0, -0, 10, -0, -3, -0, 20, 0, 0, 4, 30]);
    expect([...v.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(voxelTypeOf(v.data)).toBe('int16');
  });

  it('turns a left-handed image round without moving a voxel', () => {
    const v = readNifti(nifti1({ sform: [-2, 0, 0, 10, 0, 3, 0, -20, 0, 0, 4, 30] }));
    expect(determinant(v.affine)).toBeGreaterThan(0);
    expect([...v.data]).toEqual([6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
    expect(toPatient(v.affine, [0, 0, 1])).toEqual([-10, 20, 30]);
    expect(toPatient(v.affine, [0, 0, 0])).toEqual([-10, 20, 34]);
  });

  it('reads the quaternion where there is no sform', () => {
    // A quarter turn about z: i points to +y (RAS), j to −x.
    const h = Math.SQRT1_2;
    const v = readNifti(nifti1({ quaternion: [0, 0, h, 1, 2, 3] }));
    const expected = [-0, 3, 0, -1, -2, -0, 0, -2, 0, 0, 4, 3];
    v.affine.forEach((a, n) => {
      expect(a).toBeCloseTo(expected[n] ?? 0, 5);
    });
    const flipped = readNifti(nifti1({ quaternion: [0, 0, h, 1, 2, 3], qfac: -1 }));
    expect(determinant(flipped.affine)).toBeGreaterThan(0);
    expect(flipped.data[0]).toBe(6);
  });

  it('scales values and units', () => {
    expect([...readNifti(nifti1({ sform: ras, slope: 0.5 })).data].slice(0, 3)).toEqual([
      0, 0.5, 1,
    ]);
    expect(spacing(readNifti(nifti1({ sform: ras, units: 1 })).affine)[0]).toBe(2000);
  });

  it('refuses what is none, has no orientation, or is cut off', () => {
    const code = (b: Uint8Array) => {
      try {
        readNifti(b);
      } catch (e) {
        return e instanceof YuepianError ? e.code : 'other';
      }
      return 'no error';
    };
    expect(code(new Uint8Array(1000))).toBe('not_a_volume');
    expect(code(new Uint8Array(3))).toBe('not_a_volume');
    expect(code(nifti1())).toBe('not_a_volume');
    expect(code(nifti1({ sform: ras }).subarray(0, 370))).toBe('truncated');
    expect(code(nifti1({ sform: [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0] }))).toBe('not_a_volume');
  });
});

describe.skipIf(!dataAvailable)('real NIfTI', () => {
  const open = (...path: string[]) => readNifti(gunzipSync(readFileSync(dataPath(...path))));

  it('puts CT and its labels on one grid, in HU', () => {
    const ct = open('torso_ct_totalseg', 'example_ct_sm.nii.gz');
    const labels = open('torso_ct_totalseg', 'example_seg.nii.gz');
    expect(ct.size).toEqual(labels.size);
    expect(ct.affine).toEqual(labels.affine);
    expect(determinant(ct.affine)).toBeGreaterThan(0);
    expect(labels.data.some((l) => l > 50)).toBe(true);
    // Liver is label 5: soft tissue, on the patient's right (x below the middle).
    let [n, hu, x] = [0, 0, 0];
    const [nx, ny, nz] = ct.size;
    labels.data.forEach((l, at) => {
      if (l !== 5) return;
      n++;
      hu += ct.data[at] as number;
      x += toPatient(ct.affine, [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)])[0];
    });
    const middle = toPatient(ct.affine, [nx / 2, ny / 2, nz / 2])[0];
    expect(hu / n).toBeGreaterThan(30);
    expect(hu / n).toBeLessThan(160);
    expect(x / n).toBeLessThan(middle - 20);
  });

  it('reads the brain atlas at 1 mm', () => {
    const v = open('head_ct_atlas', 'ct_brain_atlas_1mm.nii.gz');
    expect(spacing(v.affine).map((s) => Number(s.toFixed(3)))).toEqual([1, 1, 1]);
  });
});
