import { affineFromSteps, type PatientPoint, patientPoint, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import type { MaskBox } from '../interactive/index.ts';
import { labelsOf } from '../testing.ts';
import { partBetween } from './part.ts';
import type { Bone } from './split.ts';
import { boneTerms, codeOfBone } from './terms.ts';

// Two balls of unlike size with a neck of 4 mm radius at x = 6; voxels of 1.2 × 1.2 × 2 mm.
const size: Vec3 = [80, 40, 30];
const affine = affineFromSteps([1.2, 0, 0], [0, 1.2, 0], [0, 0, 2], [-44, -24, -30]);
const inside = (x: number, y: number, z: number): number => {
  if (Math.hypot(x + 16, y, z) < 22) return 1;
  if (Math.hypot(x - 26, y, z) < 16) return 2;
  return Math.hypot(y, z) < 4 && x > -16 && x < 26 ? (x < 8 ? 1 : 2) : 0;
};
const truth = labelsOf(size, affine, inside).data;
const mask: MaskBox = { size, affine, data: truth.map((v) => (v === 0 ? 0 : 1)) };
const at = (x: number, y: number, z: number): PatientPoint => patientPoint(x, y, z);
/** Voxels on the wrong side. */
const wrong = (part: Uint8Array): number =>
  part.reduce((n, v, i) => n + (mask.data[i] === 1 && v !== (truth[i] === 2 ? 1 : 0) ? 1 : 0), 0);

describe('partBetween', () => {
  it.each([
    ['middles', at(-16, 0, 0), at(26, 0, 0)],
    // Half-way between these lies far inside of the bigger ball.
    ['skins, one far out and one near the neck', at(-37, 0, 0), at(14, 6, 0)],
    ['places just outside', at(-16, 23.5, 0), at(26, -18, 0)],
  ] as const)('parts at the neck, from %s', (_, a, b) => {
    const part = partBetween(mask, [a, b]);
    expect(part.every((v, i) => v === 0 || mask.data[i] === 1)).toBe(true);
    // The neck is some 40 voxels a mm of its length.
    expect(wrong(part)).toBeLessThan(120);
    expect(wrong(partBetween(mask, [b, a]).map((v, i) => (mask.data[i] ?? 0) - v))).toBeLessThan(
      120,
    );
  });

  it('of one ball with one middle, half-way', () => {
    const one: MaskBox = { ...mask, data: truth.map((v) => (v === 1 ? 1 : 0)) };
    const part = partBetween(one, [at(-16, -12, 0), at(-16, 12, 0)]);
    const all = one.data.reduce((a, b) => a + b, 0);
    expect(part.reduce((a, b) => a + b, 0) / all).toBeGreaterThan(0.45);
    expect(part.reduce((a, b) => a + b, 0) / all).toBeLessThan(0.55);
  });

  it('says when a touch misses, or both are one', () => {
    expect(() => partBetween(mask, [at(-16, 0, 0), at(0, 30, 20)])).toThrow(/misses/);
    expect(() => partBetween(mask, [at(-16, 0, 0), at(-16, 0, 0)])).toThrow(/misses/);
  });
});

describe('codeOfBone', () => {
  it.each([
    ['vertebra_l3_101', { snomed: '36470004', meaning: 'L3 vertebra' }],
    ['rib_right_7', { snomed: '113197003', meaning: 'Rib', laterality: 'right' }],
    ['pelvis_left', { meaning: 'Hip bone', laterality: 'left' }],
    ['vertebra_2', { snomed: '51282000', meaning: 'Vertebra' }],
    ['bone_3', { meaning: 'Piece of bone' }],
    ['kidney_left', undefined],
    ['vertebra_l9', undefined],
  ])('%s', (key, code) => {
    expect(codeOfBone(key)).toEqual(code);
  });
});

describe('boneTerms', () => {
  const bone = (label: number, key: string, z: number, level?: string): Bone => ({
    label,
    key,
    kind: key.replace(/_\d+$/, '') as Bone['kind'],
    ...(level ? { level } : {}),
    voxels: 1,
    volumeMl: 1 as Bone['volumeMl'],
    centre: at(0, 0, z),
  });
  it('names, codes and tints; neighbours differ', () => {
    const terms = boneTerms([
      bone(1, 'vertebra_1', 100, 'L4'),
      bone(2, 'vertebra_2', 70, 'L5'),
      bone(3, 'rib_left_2', 120),
      bone(4, 'femur_right', 0),
      bone(5, 'bone_1', 10),
    ]);
    expect(terms.get(2)).toMatchObject({
      key: 'vertebra_l5',
      name: { zh: '第 5 腰椎 (L5)', en: 'L5 vertebra' },
    });
    expect(terms.get(3)).toMatchObject({
      key: 'rib_left_2',
      name: { zh: '左肋（图中第 2）', en: 'Left rib 2 in view' },
    });
    expect(terms.get(4)).toMatchObject({ key: 'femur_right', name: { en: 'Right femur' } });
    expect(new Set([...terms.values()].map((t) => t.key)).size).toBe(5);
    expect(terms.get(1)?.colour).not.toBe(terms.get(2)?.colour);
  });
});
