import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { segment, splitBones } from '../index.ts';
import { maskFromLabels } from '../interactive/index.ts';
import { readVoxels, testData } from '../testing.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Single bones of a CT as a user gets them: bone by threshold, then split. */
async function bonesOf(file: string) {
  const volume = { ...readVoxels(file), frameOfReferenceUid: '1.2.3' };
  const map = await segment(volume, { modality: 'CT' });
  const labels = map.segments.find((s) => s.key === 'bone')?.labels ?? [];
  return splitBones(maskFromLabels(map, labels));
}

it.skipIf(testData === undefined)(
  'counts the levels of a real trunk as another model does',
  async () => {
    const folder = join(testData ?? '', 'torso_ct_totalseg');
    const found = await bonesOf(join(folder, 'example_ct.nii.gz'));
    // TotalSegmentator 2, task total: 27 is L5, 31 is L1; 25 and 26 sacrum and S1.
    const reference = readVoxels(join(folder, 'example_seg_fast_force_split.nii.gz')).data;
    for (const [level, label] of [
      ['L5', 27],
      ['L4', 28],
      ['L3', 29],
      ['L2', 30],
      ['L1', 31],
      ['T12', 32],
    ] as const) {
      const own = found.bones.find((b) => b.level === level)?.label;
      const inLabel = new Map<number, number>();
      for (const [i, l] of found.data.entries())
        if (l === own) inLabel.set(reference[i] ?? 0, (inLabel.get(reference[i] ?? 0) ?? 0) + 1);
      inLabel.delete(0);
      const most = [...inLabel].sort((a, b) => b[1] - a[1])[0];
      expect(most?.[0], level).toBe(label);
    }
    // Nothing of a hip is called a rib.
    for (const b of found.bones.filter((one) => one.kind.startsWith('rib')))
      expect(b.centre[2], b.key).toBeGreaterThan(360);
  },
);
