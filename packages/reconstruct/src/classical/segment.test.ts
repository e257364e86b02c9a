import { affineFromSteps, type LabelMap, type Vec3, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import {
  dice,
  readVoxels,
  type SyntheticBody,
  syntheticBody,
  type Tissue,
  testData,
} from '../testing.ts';
import { airThreshold } from './body.ts';
import { classicalLabels } from './refine.ts';
import { type SegmentStage, segment, segmentStages } from './segment.ts';
import { boneThresholds, coarseFactor } from './thresholds.ts';

const bones: readonly Tissue[] = ['cortex', 'marrow'];
const outside: readonly Tissue[] = ['air', 'table'];

/** Dice of a segment against the tissue it should be. */
function diceOf(map: LabelMap, key: string, truth: (i: number) => boolean): number {
  const labels = new Set(map.segments.find((s) => s.key === key)?.labels);
  return dice((i) => labels.has(map.data[i] as number), truth, map.data.length);
}

/** A grid around the origin with the given spacing, columns to the left and rows to the back. */
function grid(
  size: Vec3,
  spacing: Vec3,
): { size: Vec3; affine: ReturnType<typeof affineFromSteps> } {
  const first = size.map((n, a) => (-(n - 1) / 2) * (spacing[a] as number)) as unknown as Vec3;
  const affine = affineFromSteps([spacing[0], 0, 0], [0, spacing[1], 0], [0, 0, spacing[2]], first);
  return { size, affine };
}

const x = (g: { size: Vec3; affine: readonly number[] }, i: number): number =>
  (g.affine[3] as number) + (g.affine[0] as number) * (i % g.size[0]);

/** The trunk on fine slices and what was found in it; made once. */
const fine = grid([340, 240, 120], [0.95, 0.95, 1]);
let made: Promise<SyntheticBody & { map: LabelMap }> | undefined;
function fineBody(): Promise<SyntheticBody & { map: LabelMap }> {
  made ??= (async () => {
    const body = syntheticBody(fine.size, fine.affine);
    return { ...body, map: await segment(body.volume, { modality: 'CT' }) };
  })();
  return made;
}

describe('CT', () => {
  const expectTruth = (
    map: LabelMap,
    g: ReturnType<typeof grid>,
    tissue: (i: number) => Tissue,
    boneDice: number,
  ): void => {
    expect(map.segments.map((s) => s.key)).toEqual(['skin', 'bone', 'lung_left', 'lung_right']);
    expect(diceOf(map, 'skin', (i) => !outside.includes(tissue(i)))).toBeGreaterThan(0.995);
    expect(diceOf(map, 'bone', (i) => bones.includes(tissue(i)))).toBeGreaterThan(boneDice);
    // Left is where x of the patient is positive.
    const lung = (side: number) => (i: number) => tissue(i) === 'lung' && x(g, i) * side > 0;
    expect(diceOf(map, 'lung_left', lung(1))).toBeGreaterThan(0.98);
    expect(diceOf(map, 'lung_right', lung(-1))).toBeGreaterThan(0.98);
  };

  it('in fine slices, refined from a coarse grid: skin, bone and lungs are the truth', async () => {
    const { map, tissue } = await fineBody();
    expectTruth(map, fine, tissue, 0.98);
  });

  it('in thick slices, where the grid itself is coarse, too', async () => {
    const g = grid([224, 160, 40], [1.45, 1.45, 3.5]);
    const { volume, tissue } = syntheticBody(g.size, g.affine);
    expectTruth(await segment(volume, { modality: 'CT' }), g, tissue, 0.94);
  });

  it('leaves out table, bowel gas, aorta and spinal canal', async () => {
    const { map, tissue } = await fineBody();
    const { data } = map;
    const g = fine;
    const share = (of: Tissue, label: number): number => {
      let [n, hit] = [0, 0];
      for (let i = 0; i < data.length; i++) {
        if (tissue(i) !== of) continue;
        n++;
        if (data[i] === label) hit++;
      }
      return hit / n;
    };
    expect(share('table', 0)).toBe(1);
    expect(share('gas', classicalLabels.lung_left)).toBe(0);
    expect(share('gas', classicalLabels.soft)).toBeGreaterThan(0.99);
    expect(share('vessel', classicalLabels.bone)).toBeLessThan(0.05);
    expect(share('marrow', classicalLabels.bone)).toBeGreaterThan(0.98);
    let [canal, filled] = [0, 0];
    for (let k = 0; k < g.size[2]; k++)
      for (let j = 0; j < g.size[1]; j++)
        for (let i = 0; i < g.size[0]; i++) {
          const p = [i, j].map(
            (n, a) => (g.affine[a * 5] as number) * n + (g.affine[a * 4 + 3] as number),
          );
          if (Math.hypot(p[0] as number, (p[1] as number) - 80) > 6) continue;
          canal++;
          if (data[i + g.size[0] * (j + g.size[1] * k)] === classicalLabels.bone) filled++;
        }
    expect(filled / canal).toBeLessThan(0.05);
  });

  it('knows left and right from the patient, not from the columns', async () => {
    const g = grid([224, 160, 60], [1.45, 1.45, 2.5]);
    const flipped = affineFromSteps(
      [-1.45, 0, 0],
      [0, 1.45, 0],
      [0, 0, 2.5],
      [(223 / 2) * 1.45, (-159 / 2) * 1.45, (-59 / 2) * 2.5],
    );
    const { volume } = syntheticBody(g.size, flipped);
    const map = await segment(volume, { modality: 'CT' });
    let [sum, n] = [0, 0];
    for (let i = 0; i < map.data.length; i++) {
      if (map.data[i] !== classicalLabels.lung_left) continue;
      sum += (flipped[3] as number) + flipped[0] * (i % 224);
      n++;
    }
    expect(n).toBeGreaterThan(1000);
    expect(sum / n).toBeGreaterThan(50);
  });

  it('tells what it knows early: skin, then all on the coarse grid, then full', async () => {
    const { volume } = await fineBody();
    const g = fine;
    const stages: SegmentStage[] = [];
    const steps = new Set<string>();
    for await (const s of segmentStages(volume, {
      modality: 'CT',
      onStep: (name) => steps.add(name),
    }))
      stages.push(s);
    expect(stages.map((s) => s.resolution)).toEqual(['coarse', 'coarse', 'full']);
    expect(stages.map((s) => s.labelMap.segments.length)).toEqual([1, 4, 4]);
    expect(stages[0]?.labelMap.size).toEqual([170, 120, 60]);
    expect(stages[2]?.labelMap.size).toEqual(g.size);
    expect([...steps]).toEqual(['body', 'bone', 'lung', 'refine']);
    // The coarse grid lies where the full one does.
    const ml = stages.map((s) => {
      const m = s.labelMap;
      const n = m.data.reduce((sum, v) => sum + (v > 0 ? 1 : 0), 0);
      return (n * m.affine[0] * m.affine[5] * m.affine[10]) / 1000;
    });
    expect(Math.abs((ml[0] ?? 0) / (ml[2] ?? 1) - 1)).toBeLessThan(0.02);
  });

  it('a scan of air, and a block of water without air, are answered honestly', async () => {
    const g = grid([60, 60, 30], [2, 2, 3]);
    const volume = (value: number): Volume => ({
      ...g,
      frameOfReferenceUid: '1',
      data: new Int16Array(60 * 60 * 30).fill(value),
    });
    expect((await segment(volume(-1000), { modality: 'CT' })).segments).toEqual([]);
    const water = await segment(volume(0), { modality: 'CT' });
    expect(water.segments.map((s) => s.key)).toEqual(['skin']);
  });

  it('accepts float voxels and sizes that are no multiple of anything', async () => {
    const g = grid([203, 151, 47], [1.6, 1.6, 3]);
    const { volume, tissue } = syntheticBody(g.size, g.affine);
    const float: Volume = { ...volume, data: Float32Array.from(volume.data) };
    const map = await segment(float, { modality: 'CT' });
    expect(diceOf(map, 'skin', (i) => !outside.includes(tissue(i)))).toBeGreaterThan(0.99);
  });
});

describe('MR', () => {
  it('gives the skin of a head with dark skull and sinus, above the noise of the air', async () => {
    const g = grid([160, 180, 150], [1.2, 1.2, 1.2]);
    const { size, affine } = g;
    const data = new Float32Array(size[0] * size[1] * size[2]);
    const inside = new Uint8Array(data.length);
    let seed = 5;
    const noise = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      return (seed >>> 8) / 16777216;
    };
    let at = 0;
    for (let k = 0; k < size[2]; k++)
      for (let j = 0; j < size[1]; j++)
        for (let i = 0; i < size[0]; i++, at++) {
          const p = [affine[3] + 1.2 * i, affine[7] + 1.2 * j, affine[11] + 1.2 * k] as const;
          const r = Math.hypot(p[0] / 75, p[1] / 92, p[2] / 80);
          const sinus = Math.hypot(p[0], p[1] + 70, p[2] + 20) < 12;
          inside[at] = r <= 1 ? 1 : 0;
          const signal = r > 1 || sinus ? 0 : r > 0.94 ? 0.9 : r > 0.87 ? 0.03 : 0.5;
          data[at] = signal + 0.04 * Math.hypot(noise() - 0.5, noise() - 0.5);
        }
    const map = await segment({ ...g, frameOfReferenceUid: '1', data }, { modality: 'MR' });
    expect(map.segments).toEqual([{ key: 'skin', labels: [classicalLabels.soft] }]);
    expect(
      dice(
        (i) => map.data[i] !== 0,
        (i) => inside[i] === 1,
        data.length,
      ),
    ).toBeGreaterThan(0.985);
  });

  it('finds nothing in an empty image', async () => {
    const g = grid([40, 40, 20], [1, 1, 1]);
    const data = new Uint16Array(40 * 40 * 20);
    const map = await segment({ ...g, frameOfReferenceUid: '1', data }, { modality: 'MR' });
    expect(map.segments).toEqual([]);
    expect(map.data.every((v) => v === 0)).toBe(true);
    expect(airThreshold(new Float32Array(10))).toBeUndefined();
  });
});

describe('any input', () => {
  const g = grid([64, 64, 40], [2, 2, 2]);

  it('of another modality gives no segment', async () => {
    const { volume } = syntheticBody(g.size, g.affine);
    expect((await segment(volume, { modality: 'PT' })).segments).toEqual([]);
  });

  it('whose data does not fit its size is refused', async () => {
    const { volume } = syntheticBody(g.size, g.affine);
    await expect(
      segment({ ...volume, size: [64, 64, 41] }, { modality: 'CT' }),
    ).rejects.toMatchObject({
      code: 'not_a_volume',
    });
  });

  it('is cancelled before and while it runs', async () => {
    const { volume } = syntheticBody(g.size, g.affine);
    for (const when of ['before', 'body', 'bone', 'lung']) {
      const controller = new AbortController();
      if (when === 'before') controller.abort();
      const onStep = (step: string): void => {
        if (step === when) controller.abort();
      };
      await expect(
        segment(volume, { modality: 'CT', signal: controller.signal, onStep }),
      ).rejects.toMatchObject({ code: 'job_cancelled' });
    }
  });

  it('sets thresholds and the coarse grid by the size of its voxels', () => {
    const cube = (s: number) => grid([100, 100, 100], [s, s, s]).affine;
    expect(boneThresholds(cube(1))).toMatchObject({ low: 200, high: 350 });
    expect(boneThresholds(cube(2))).toMatchObject({ low: 165, high: 325 });
    expect(boneThresholds(cube(3))).toMatchObject({ low: 130, high: 300 });
    expect(boneThresholds(cube(9)).low).toBe(130);
    const g2 = grid([512, 512, 6], [0.5, 0.8, 1]);
    expect(coarseFactor(g2.affine, g2.size)).toEqual([4, 2, 1]);
    const g3 = grid([100, 100, 100], [1.2, 1, 5]);
    expect(coarseFactor(g3.affine, g3.size)).toEqual([1, 2, 1]);
  });
});

describe.skipIf(testData === undefined)('a real contrast CT of the abdomen, 3 mm', () => {
  it('agrees with the bones of another model, and the stent-like metal stays', async () => {
    const folder = `${testData}/torso_ct_totalseg`;
    const ct = readVoxels(`${folder}/example_ct.nii.gz`);
    const reference = readVoxels(`${folder}/example_seg_fast_force_split.nii.gz`);
    const map = await segment({ ...ct, frameOfReferenceUid: '1' }, { modality: 'CT' });
    // TotalSegmentator 2: sacrum and vertebrae 25–50, limbs, girdles and hips 69–78, skull 91, ribs
    // and sternum 92–116.
    const isBone = (label: number): boolean =>
      (label >= 25 && label <= 50) || (label >= 69 && label <= 78) || (label >= 91 && label <= 116);
    const score = diceOf(map, 'bone', (i) => isBone(reference.data[i] as number));
    expect(score).toBeGreaterThan(0.87);
    expect(map.segments.map((s) => s.key)).toContain('lung_right');
  });
});
