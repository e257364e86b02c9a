import {
  affineFromSteps,
  type PatientPoint,
  patientPoint,
  plane,
  type Vec3,
} from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { type Bone, type BoneMap, cutBone, mergeBones, splitBones } from '../index.ts';
import type { MaskBox } from '../interactive/index.ts';
import { dice, labelsOf } from '../testing.ts';

/**
 * A trunk of simple shapes, standing upright in patient space: seven vertebrae with arches whose
 * joints touch, a sacrum, hips, femora whose heads fill their sockets, ribs. Values say which bone it is.
 */
const spine = [0, 30, 60, 90, 120, 150, 180];
function boneAt(x: number, y: number, z: number): number {
  for (const [n, at] of spine.entries()) {
    const dz = z - (95 + at);
    if (Math.hypot(x / 1.4, y - 20) < 17 && Math.abs(dz) < 12.5) return 10 + n;
    // Arch and joints: thin, from the body backward, touching the next arch below.
    if (Math.abs(x) < 14 && Math.abs(x) > 8 && y > 30 && y < 52 && Math.abs(dz) < 5) return 10 + n;
    if (Math.abs(x) < 5 && y > 48 && y < 66 && Math.abs(dz + 4) < 8) return 10 + n;
  }
  for (const side of [1, -1]) {
    const [hx, hy, hz] = [x * side - 88, y + 5, z + 12];
    if (Math.hypot(hx, hy, hz) < 23) return side > 0 ? 3 : 4;
    const shaft = Math.hypot(x * side - 135, y);
    if (shaft < 17 && z < 0 && z > -90) return side > 0 ? 3 : 4;
    if (Math.abs(hx - 22) < 26 && Math.hypot(hy, hz + 0.5 * hx - 4) < 13) return side > 0 ? 3 : 4;
    const wing = Math.abs(x * side - 82 - (z - 20) * 0.25);
    if (wing < 7 && z > 12 && z < 110 && y > -45 && y < 45) return side > 0 ? 1 : 2;
    if (Math.hypot(x * side - 45, y + 20) < 12 && z < 5 && z > -70) return side > 0 ? 1 : 2;
    const rib = Math.hypot((x * side) / 115, (y - 0) / 85) - 1;
    for (const [n, at] of [250, 280].entries())
      if (Math.abs(rib) < 0.045 && x * side > 40 && Math.abs(z - at + (55 - y) * 0.2) < 5)
        return side > 0 ? 20 + n : 30 + n;
  }
  if (Math.abs(x) < 40 && Math.abs(y - 35) < 16 && z > 5 && z < 76) return 5;
  return 0;
}

const size: Vec3 = [140, 80, 185];
const affine = affineFromSteps([-2.2, 0, 0], [0, 2.2, 0], [0, 0, 2.2], [154, -95, -100]);
const truth = labelsOf(size, affine, boneAt).data;
const mask: MaskBox = { size, affine, data: truth.map((v) => (v === 0 ? 0 : 1)) };
const found = splitBones(mask);
const named = (map: BoneMap, key: string): Bone => {
  const bone = map.bones.find((b) => b.key === key);
  if (bone === undefined) throw new Error(`no ${key} among ${map.bones.map((b) => b.key)}`);
  return bone;
};
const agreement = (key: string, value: number): number => {
  const { label } = named(found, key);
  return dice(
    (i) => found.data[i] === label,
    (i) => truth[i] === value,
    truth.length,
  );
};

describe('splitBones', () => {
  it.each([
    ['pelvis_left', 1],
    ['pelvis_right', 2],
    ['femur_left', 3],
    ['femur_right', 4],
    ['sacrum', 5],
    ['vertebra_7', 10],
    ['vertebra_6', 11],
    ['vertebra_5', 12],
    ['vertebra_4', 13],
    ['vertebra_3', 14],
    ['vertebra_2', 15],
    ['vertebra_1', 16],
    ['rib_left_1', 21],
    ['rib_left_2', 20],
    ['rib_right_1', 31],
    ['rib_right_2', 30],
  ] as const)('finds %s, on the right side and in the right order', (key, value) => {
    expect(agreement(key, value)).toBeGreaterThan(0.85);
  });

  it('counts levels from the sacrum', () => {
    const levels = found.bones.filter((b) => b.kind === 'vertebra').map((b) => [b.key, b.level]);
    expect(levels.sort()).toEqual(
      ['T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5'].map((level, n) => [`vertebra_${n + 1}`, level]),
    );
    const upper = { ...mask, data: mask.data.map((v, i) => (i >= 140 * 80 * 82 ? v : 0)) };
    expect(splitBones(upper).bones.every((b) => b.level === undefined)).toBe(true);
  });

  it('labels every voxel of the mask and none beside it, crumbs aside', () => {
    let [missed, beside] = [0, 0];
    for (let i = 0; i < truth.length; i++) {
      if (mask.data[i] === 1 && found.data[i] === 0) missed++;
      if (mask.data[i] === 0 && found.data[i] !== 0) beside++;
    }
    expect(beside).toBe(0);
    expect(missed / mask.data.reduce((a, b) => a + b, 0)).toBeLessThan(0.002);
  });

  it('of an empty mask is empty', () => {
    expect(splitBones({ ...mask, data: new Uint8Array(truth.length) }).bones).toEqual([]);
  });
});

describe('of a head', () => {
  /** A vault of two centimetres less than a real one, a base, and a jaw; no trunk. */
  const head = (x: number, y: number, z: number): number => {
    const r = Math.hypot(x / 72, y / 90, Math.max(0, z) / 80);
    if (z > -4 && r < 1 && r > 0.92) return 1;
    if (z > -14 && z <= -4 && Math.hypot(x / 72, y / 90) < 1 && Math.hypot(x, y - 30) > 16)
      return 1;
    const jaw = Math.hypot(x / 48, (y + 30) / 50);
    return z < -60 && z > -90 && y < -20 && jaw < 1 && jaw > 0.76 ? 2 : 0;
  };
  const grid: Vec3 = [90, 110, 100];
  const steps = affineFromSteps([2, 0, 0], [0, 2, 0], [0, 0, 2], [-90, -110, -110]);
  const labels = labelsOf(grid, steps, head).data;
  const split = splitBones({ size: grid, affine: steps, data: labels.map((v) => (v ? 1 : 0)) });

  it('names the skull and the jaw, and no rib, vertebra or sternum', () => {
    expect(split.bones.map((b) => b.kind).sort()).toEqual(['mandible', 'skull']);
    for (const [kind, value] of [
      ['skull', 1],
      ['mandible', 2],
    ] as const) {
      const label = split.bones.find((b) => b.kind === kind)?.label;
      const score = dice(
        (i) => split.data[i] === label,
        (i) => labels[i] === value,
        labels.length,
      );
      expect(score, kind).toBeGreaterThan(0.97);
    }
  });
});

describe('of pieces that no rule knows', () => {
  it('gives no name but that of a piece of bone', () => {
    // A hip bone's wing and a ball, with nothing else in the images.
    const loose = labelsOf(
      [80, 80, 60],
      affineFromSteps([2, 0, 0], [0, 2, 0], [0, 0, 2], [-80, -80, -60]),
      (x, y, z) =>
        Math.abs(x - 40 - z * 0.3) < 5 && Math.abs(y) < 50 && Math.abs(z) < 40
          ? 1
          : Math.hypot(x + 40, y, z) < 12
            ? 1
            : 0,
    );
    const split = splitBones({ size: loose.size, affine: loose.affine, data: loose.data });
    expect(split.bones.map((b) => b.key).sort()).toEqual(['bone_1', 'bone_2']);
  });

  it('does not part a spine whose discs the mask does not show, nor count its levels', () => {
    const solid = mask.data.map((v, i) => {
      const k = Math.floor(i / (size[0] * size[1]));
      const [x, y, z] = [
        154 - 2.2 * (i % size[0]),
        -95 + 2.2 * (Math.floor(i / size[0]) % size[1]),
        -100 + 2.2 * k,
      ];
      return z > 160 && Math.hypot(x / 1.4, y - 20) < 17 ? 1 : v;
    });
    const split = splitBones({ ...mask, data: solid });
    expect(split.bones.filter((b) => b.kind === 'spine').length).toBe(1);
    const levels = split.bones.map((b) => b.level).filter((l) => l !== undefined);
    expect(levels.sort()).toEqual(['L4', 'L5']);
  });
});

describe('mergeBones and cutBone', () => {
  it('merge two into one and renumber', () => {
    const [a, b] = [named(found, 'vertebra_2'), named(found, 'vertebra_3')];
    const merged = mergeBones(found, a.label, b.label);
    expect(merged.bones).toHaveLength(found.bones.length - 1);
    expect(named(merged, 'vertebra_2').voxels).toBe(a.voxels + b.voxels);
    expect(named(merged, 'vertebra_3').voxels).toBe(named(found, 'vertebra_4').voxels);
    expect(() => mergeBones(found, a.label, 250)).toThrow(/250/);
  });

  it('cut by a plane, and merging takes it back', () => {
    const sacrum = named(found, 'sacrum');
    const cut = cutBone(found, sacrum.label, plane(sacrum.centre, [0, 0, 1]));
    const parts = cut.bones.filter((b) => b.kind === 'sacrum');
    expect(parts.map((b) => b.key).sort()).toEqual(['sacrum_1', 'sacrum_2']);
    expect(parts.reduce((n, b) => n + b.voxels, 0)).toBe(sacrum.voxels);
    const [first, second] = parts as [Bone, Bone];
    const back = mergeBones(cut, first.label, second.label).data;
    // Not toEqual: it takes a minute for two million voxels.
    expect(back.every((v, i) => v === found.data[i])).toBe(true);
    expect(() => cutBone(found, sacrum.label, plane(patientPoint(0, 0, 900), [0, 0, 1]))).toThrow(
      /misses/,
    );
  });

  it('cut by two seeds half-way between them', () => {
    const merged = mergeBones(
      found,
      named(found, 'vertebra_2').label,
      named(found, 'vertebra_3').label,
    );
    const { label } = named(merged, 'vertebra_2');
    const seeds: [PatientPoint, PatientPoint] = [
      patientPoint(0, 20, 245),
      patientPoint(0, 20, 215),
    ];
    const cut = cutBone(merged, label, seeds);
    const upper = cut.bones.find((b) => b.label === label);
    expect(upper?.centre[2]).toBeGreaterThan(235);
    expect(() => cutBone(merged, label, [seeds[0], patientPoint(0, 500, 0)])).toThrow(/misses/);
  });
});
