import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readNifti } from '@yuepian/dicom';
import { toPatient } from '@yuepian/geometry';
import { boneLevels, ctAbdomen } from '@yuepian/phantom';
import { type BoneMap, maskFromLabels, splitBones } from '@yuepian/reconstruct';
import { print } from './figure.ts';

/**
 * Splitting a mask of bone into single bones, Dice per bone. The mask is the union of the reference's
 * own bones, so that the figure is that of the split and not of finding bone.
 */
export default async function bones(): Promise<void> {
  phantom();
  const data = process.env.YUEPIAN_TEST_DATA ?? '../shared/data';
  const folder = join(data, 'torso_ct_totalseg');
  if (existsSync(folder)) torso(folder);
  else console.error(`bones: ${folder} is not there; only the phantom was measured`);
}

interface Reference {
  readonly key: string;
  readonly has: (index: number) => boolean;
}

/** Dice of each reference bone with the bone of the split that covers most of it. */
function compare(
  name: string,
  found: BoneMap,
  references: readonly Reference[],
  note: string,
): void {
  for (const r of references) {
    const overlap = new Map<number, number>();
    let total = 0;
    for (let i = 0; i < found.data.length; i++) {
      if (!r.has(i)) continue;
      total++;
      const label = found.data[i] as number;
      overlap.set(label, (overlap.get(label) ?? 0) + 1);
    }
    if (total === 0) continue;
    overlap.delete(0);
    const best = [...overlap].sort((a, b) => b[1] - a[1])[0];
    const bone = found.bones.find((b) => b.label === best?.[0]);
    print({
      name: `bones.${name}.${r.key}`,
      value: bone === undefined ? 0 : (2 * (best?.[1] ?? 0)) / (bone.voxels + total),
      unit: 'Dice',
      n: 1,
      note: `${note}; called ${bone?.key ?? 'nothing'}${bone?.level ? ` (${bone.level})` : ''}`,
    });
  }
}

function phantom(): void {
  const ct = ctAbdomen({ size: 256, slices: 160 });
  const map = ct.labelMap;
  const labelsOf = (key: string): readonly number[] =>
    map.segments.find((s) => s.key === key)?.labels ?? [];
  const mask = maskFromLabels(map, labelsOf('bone'));
  const started = performance.now();
  const found = splitBones(mask);
  print({
    name: 'bones.phantom.time',
    value: (performance.now() - started) / 1000,
    unit: 's',
    n: 1,
    note: `${mask.size.join('×')}, ${found.bones.length} bones: ${found.bones.map((b) => b.key).join(' ')}`,
  });
  const levels = boneLevels();
  const keyOf = new Map(
    ['spine', 'rib', 'pelvis', 'sacrum', 'femur_left', 'femur_right'].flatMap((key) =>
      labelsOf(key).map((label) => [label, key] as const),
    ),
  );
  const [nx, ny] = map.size;
  const names = Array.from(map.data, (label, i) => {
    const key = keyOf.get(label);
    if (key !== 'spine' && key !== 'rib' && key !== 'pelvis') return key;
    const p = toPatient(map.affine, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    if (key === 'spine') return levels.vertebra(p);
    if (key === 'rib') return levels.rib(p);
    return p[0] > 0 ? 'pelvis_left' : 'pelvis_right';
  });
  compare(
    'phantom',
    found,
    [...new Set(names)]
      .filter((key) => key !== undefined)
      .sort()
      .map((key) => ({ key, has: (i: number) => names[i] === key })),
    'true labels of the shapes',
  );
}

/** Labels of TotalSegmentator 2 (task total) that are bone. */
const torsoLabels: Record<number, string> = {
  25: 'sacrum',
  26: 'sacrum',
  ...Object.fromEntries([5, 4, 3, 2, 1].map((n, i) => [27 + i, `L${n}`])),
  ...Object.fromEntries([12, 11, 10, 9, 8, 7].map((n, i) => [32 + i, `T${n}`])),
  75: 'femur_left',
  76: 'femur_right',
  77: 'pelvis_left',
  78: 'pelvis_right',
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [92 + i, `rib_left ${i + 1}`])),
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [104 + i, `rib_right ${i + 1}`])),
  116: 'sternum',
};

function torso(folder: string): void {
  const volume = readNifti(
    gunzipSync(readFileSync(join(folder, 'example_seg_fast_force_split.nii.gz'))),
  );
  const names = [...volume.data].map((l) => torsoLabels[l]);
  const mask = {
    size: volume.size,
    affine: volume.affine,
    data: Uint8Array.from(names, (n) => (n === undefined ? 0 : 1)),
  };
  const started = performance.now();
  const found = splitBones(mask);
  print({
    name: 'bones.torso.time',
    value: (performance.now() - started) / 1000,
    unit: 's',
    n: 1,
    note: `${mask.size.join('×')}, ${found.bones.length} bones: ${found.bones.map((b) => b.key).join(' ')}`,
  });
  compare(
    'torso',
    found,
    [...new Set(Object.values(torsoLabels))].map((key) => ({
      key,
      has: (i: number) => names[i] === key,
    })),
    'labels of another model, 3 mm',
  );
}
