import { toPatient, type Vec3 } from '@yuepian/geometry';
import { boneLevels, ctAbdomen } from '@yuepian/phantom';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type BoneMap, type MaskBox, splitBones } from '../index.ts';

// Rendering takes seconds on an idle machine, and the machine may not be idle.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

interface Trial {
  readonly found: BoneMap;
  /** Name of the true bone per voxel, '' outside of bone. */
  readonly truth: readonly string[];
}

/** Splits the true bone of the synthetic patient between two heights (LPS mm). */
function trial(size: number, slices: number, low: number, high: number): Trial {
  const ct = ctAbdomen({ size, slices });
  const { affine } = ct;
  const [from, to] = [low, high].map((z) => Math.round((z - affine[11]) / affine[10]));
  const first = Math.max(0, from ?? 0);
  const count = Math.min(ct.size[2], to ?? 0) - first;
  const box: Vec3 = [size, size, count];
  const own: MaskBox['affine'] = [...affine.slice(0, 11), affine[11] + first * affine[10]] as never;
  const levels = boneLevels();
  const truth: string[] = new Array(size * size * count).fill('');
  const labelOf = new Map(
    ct.segments.flatMap((s) => (s.labels.length === 1 ? [[s.labels[0], s.key]] : [])),
  );
  for (let k = 0; k < count; k++) {
    const { labels } = ct.renderSlice(first + k);
    for (let i = 0; i < labels.length; i++) {
      const key = labelOf.get(labels[i]);
      if (key === undefined || !bones.has(key)) continue;
      const p = toPatient(own, [i % size, Math.floor(i / size), k]);
      const at = i + size * size * k;
      if (key === 'spine') truth[at] = levels.vertebra(p);
      else if (key === 'rib') truth[at] = levels.rib(p);
      else if (key === 'pelvis') truth[at] = p[0] > 0 ? 'pelvis_left' : 'pelvis_right';
      else truth[at] = key;
    }
  }
  const mask = { size: box, affine: own, data: Uint8Array.from(truth, (t) => (t === '' ? 0 : 1)) };
  return { found: splitBones(mask), truth };
}

const bones: ReadonlySet<string> = new Set([
  'spine',
  'rib',
  'pelvis',
  'sacrum',
  'femur_left',
  'femur_right',
]);

/** For every bone of the split: what it is called, the true bone that most of it is, Dice with that. */
function judged({ found, truth }: Trial): Map<string, { is: string; dice: number }> {
  const total = new Map<string, number>();
  const shared = new Map<number, Map<string, number>>(found.bones.map((b) => [b.label, new Map()]));
  for (const [i, name] of truth.entries()) {
    if (name !== '') total.set(name, (total.get(name) ?? 0) + 1);
    const own = shared.get(found.data[i] ?? 0);
    own?.set(name, (own.get(name) ?? 0) + 1);
  }
  return new Map(
    found.bones.map((b) => {
      const [is, both] = [...(shared.get(b.label) ?? [])].sort((p, q) => q[1] - p[1])[0] ?? ['', 0];
      return [b.level ?? b.key, { is, dice: (2 * both) / (b.voxels + (total.get(is) ?? 0)) }];
    }),
  );
}

describe.each([
  // From below the hips to L1: the part where wings of the ilium were once called ribs.
  {
    what: 'pelvis and lumbar spine at 0.8 mm',
    size: 512,
    slices: 250,
    low: -260,
    high: 116,
    top: 'L1',
  },
  {
    what: 'the whole trunk at 1.6 × 1.6 × 3.1 mm',
    size: 256,
    slices: 160,
    low: -260,
    high: 300,
    top: 'T9',
  },
])('the synthetic patient, $what', ({ size, slices, low, high, top }) => {
  let bonesFound: Map<string, { is: string; dice: number }>;
  beforeAll(() => {
    bonesFound = judged(trial(size, slices, low, high));
  });

  it('calls no bone by the name of another', () => {
    for (const [called, { is }] of bonesFound) {
      // A rib's number is its place in the images: only its side can be wrong.
      if (called.startsWith('rib')) expect(is).toMatch(called.replace(/_\d+$/, '_'));
      else if (!called.startsWith('bone')) expect(is, called).toBe(called);
    }
  });

  it('parts hips, sacrum, femora and lumbar vertebrae where they are parted', () => {
    const dice = (name: string): number => bonesFound.get(name)?.dice ?? 0;
    for (const name of ['pelvis_left', 'pelvis_right', 'sacrum', 'femur_left', 'femur_right'])
      expect(dice(name), name).toBeGreaterThan(0.98);
    for (const name of ['L5', 'L4', 'L3', 'L2', ...(top === 'L1' ? [] : ['L1'])])
      expect(dice(name), name).toBeGreaterThan(0.92);
    if (top !== 'L1')
      for (const name of ['T12', 'T11', 'T10', 'T9'])
        expect(dice(name), name).toBeGreaterThan(0.82);
  });

  it('finds ribs where there are ribs', () => {
    const ribs = [...bonesFound.keys()].filter((name) => name.startsWith('rib'));
    expect(ribs.length).toBe(top === 'L1' ? 0 : 16);
  });
});
