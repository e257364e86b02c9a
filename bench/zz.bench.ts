import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readNifti } from '@yuepian/dicom';
import { toPatient } from '@yuepian/geometry';
import { ctAbdomen } from '@yuepian/phantom';
import { type BoneMap, type MaskBox, maskFromLabels, splitBones } from '@yuepian/reconstruct';
import { print } from './figure.ts';

/**
 * Splitting a mask of bone into single bones, Dice per bone. The mask is the union of the reference's
 * own bones, so that the figure is that of the split and not of finding bone.
 */
export default async function bones(): Promise<void> {
  if (process.env.PHB) phantom();
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
  const has =
    (key: string, side = 0) =>
    (i: number): boolean => {
      if (!labelsOf(key).includes(map.data[i] as number)) return false;
      return side === 0 || Math.sign(toPatient(map.affine, [i % map.size[0], 0, 0])[0]) === side;
    };
  const spine = wholeOf(found, mask, (key) => key.startsWith('vertebra'));
  const rib = wholeOf(found, mask, (key) => /^(rib|sternum)/.test(key));
  const note = 'true labels of the shapes';
  compare(
    'phantom',
    found,
    [
      { key: 'pelvis_left', has: has('pelvis', 1) },
      { key: 'pelvis_right', has: has('pelvis', -1) },
      { key: 'sacrum', has: has('sacrum') },
      { key: 'femur_left', has: has('femur_left') },
      { key: 'femur_right', has: has('femur_right') },
    ],
    note,
  );
  compare('phantom', spine, [{ key: 'all vertebrae together', has: has('spine') }], note);
  compare('phantom', rib, [{ key: 'all ribs and sternum together', has: has('rib') }], note);
}

/** The bones of some keys as one, where the truth does not tell them apart. */
function wholeOf(found: BoneMap, mask: MaskBox, wanted: (key: string) => boolean): BoneMap {
  const own = new Set(found.bones.filter((b) => wanted(b.key)).map((b) => b.label));
  const data = found.data.map((l) => (own.has(l) ? 1 : 0));
  const first = found.bones.find((b) => own.has(b.label));
  if (first === undefined) return { ...mask, data, bones: [] };
  const voxels = data.reduce((n, l) => n + l, 0);
  return { ...found, data, bones: [{ ...first, label: 1, key: `${own.size} bones`, voxels }] };
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
