import type { Vec3 } from '@yuepian/geometry';
import { describe, expect, it, vi } from 'vitest';
import { measure } from '../testing/measure.ts';
import { warpOf } from './core/warp.ts';
import { covered } from './ct/body.ts';
import { ctAbdomen, mrHead, type PhantomCase } from './index.ts';

// Building a patient takes seconds on an idle machine, and the machine may not be idle.
vi.setConfig({ testTimeout: 240_000 });

const between = (a: Vec3, b: Vec3): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const landmark = (c: PhantomCase, name: string): Vec3 => c.truth.landmarks[name] as Vec3;

describe('the way from a patient to the shapes', () => {
  it('of seed 1 is none', () => {
    expect(warpOf(1, covered).toPatient([12.5, -7, 88])).toEqual([12.5, -7, 88]);
    expect(warpOf(1, covered).toShapes(2, 88)).toBe(88);
  });

  it('goes back to the digit, keeps order, and changes lengths by some per cent at most', () => {
    for (const seed of [2, 3, 4, 77, 999_999]) {
      const warp = warpOf(seed, covered);
      for (const axis of [0, 1, 2] as const) {
        for (let p = covered.min[axis]; p < covered.max[axis]; p += 5) {
          const slope = (warp.toShapes(axis, p + 0.01) - warp.toShapes(axis, p)) / 0.01;
          expect(Math.abs(slope - 1)).toBeLessThan(0.1);
          const point: [number, number, number] = [0, 0, 0];
          point[axis] = warp.toShapes(axis, p);
          expect(warp.toPatient(point)[axis]).toBeCloseTo(p, 9);
        }
      }
      // What lies above and below the images stays outside.
      expect(warp.toShapes(2, covered.min[2])).toBeCloseTo(covered.min[2], 9);
      expect(warp.toShapes(2, covered.max[2])).toBeCloseTo(covered.max[2], 9);
    }
  });
});

describe('another seed', () => {
  it('is another patient, whose truth is his own (CT)', () => {
    const [one, other] = [1, 4].map((seed) => ctAbdomen({ size: 160, slices: 125, seed }));
    if (!one || !other) throw new Error('no phantom');
    const truth = other.truth.volumesMl;
    let different = 0;
    for (const key of [
      'kidney_left',
      'kidney_right',
      'liver',
      'spleen',
      'bladder',
      'bone',
      'skin',
    ]) {
      const found = measure(other, key);
      // Voxels of 2.5 × 2.5 × 4 mm.
      expect(Math.abs(found.ml / (truth[key] ?? 0) - 1), key).toBeLessThan(0.03);
      const usual = one.truth.volumesMl[key] ?? 0;
      const change = (truth[key] ?? 0) / usual;
      expect(change, key).toBeGreaterThan(0.75);
      expect(change, key).toBeLessThan(1.25);
      if (Math.abs(change - 1) > 0.01) different++;
    }
    expect(different).toBeGreaterThan(4);
    // Not one factor for all: a patient is no enlarged copy.
    const ratio = (key: string) => (truth[key] ?? 0) / (one.truth.volumesMl[key] ?? 1);
    expect(Math.abs(ratio('kidney_left') / ratio('spleen') - 1)).toBeGreaterThan(0.002);

    const stone = measure(other, 'kidney_stone').centroid;
    expect(between(stone, landmark(other, 'stone_centre'))).toBeLessThan(1.5);
    const tumour = measure(other, 'kidney_tumour').centroid;
    expect(between(tumour, landmark(other, 'tumour_centre'))).toBeLessThan(4);
    for (const name of ['stone_centre', 'tumour_centre', 'femoral_head_left']) {
      const moved = between(landmark(other, name), landmark(one, name));
      expect(moved, name).toBeGreaterThan(0.3);
      expect(moved, name).toBeLessThan(25);
    }
    const { distances } = other.truth;
    expect(distances.tumour_centre_to_stone_centre).toBeCloseTo(
      between(landmark(other, 'tumour_centre'), landmark(other, 'stone_centre')),
      9,
    );
    expect(distances.stone_length).not.toBe(one.truth.distances.stone_length);
    expect(Math.abs((distances.stone_length ?? 0) / 8.4 - 1)).toBeLessThan(0.1);
  });

  it('is another patient, whose truth is hers (MR)', () => {
    const other = mrHead({ size: 128, slices: 90, seed: 5 });
    for (const { key } of other.segments) {
      const truth = other.truth.volumesMl[key] ?? 0;
      expect(Math.abs(measure(other, key).ml / truth - 1), key).toBeLessThan(0.04);
    }
    const tumour = measure(other, 'brain_tumour').centroid;
    expect(between(tumour, landmark(other, 'tumour_centre'))).toBeLessThan(4);
    expect(other.truth.distances.eye_to_eye).not.toBe(64);
    // Air all around: nothing of the head is cut off at the sides or the front.
    const { data, size } = other.labelMap;
    const [nx, ny, nz] = size;
    const rim = (i: number, j: number): number => {
      let n = 0;
      for (let k = 0; k < nz; k++) n += (data[i + nx * (j + ny * k)] as number) > 0 ? 1 : 0;
      return n;
    };
    const sides = Array.from({ length: nx }, (_, i) => rim(i, 0) + rim(0, i) + rim(nx - 1, i));
    expect(sides.reduce((a, b) => a + b, 0)).toBe(0);
  });
});
