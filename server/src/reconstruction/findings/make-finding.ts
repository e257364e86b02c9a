import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  boxOfMask,
  cropOfMask,
  decodeMask,
  type MaskEdges,
  structureTable,
  YuepianError,
} from '@yuepian/contract';
import type { SegmentConcept } from '@yuepian/dicom';
import { bytesPerVoxel, type LabelMap, spacing, toPatient, type Vec3 } from '@yuepian/geometry';
import {
  affineOfPart,
  boneTerms,
  classicalSource,
  cropImage,
  estimateMemory,
  findStones,
  type IndexBox,
  type MaskBox,
  type Stone,
  splitBones,
} from '@yuepian/reconstruct';
import { checkMemory } from '../child/memory.ts';
import type { ChildTask } from '../child/protocol.ts';
import { segmentationOf, segmentationUids } from '../child/segmentation.ts';
import type { StructuresInput } from '../child/structures.ts';
import type { DerivedStructure } from '../derived.ts';
import { type Look, writeSet } from '../networks/set-output.ts';
import { boneConcept } from './concepts.ts';
import { setTitleOf } from './findings.ts';

export interface FindingInput extends StructuresInput {
  readonly finding: NonNullable<ChildTask['finding']>;
}

interface Found {
  readonly map: LabelMap;
  readonly looks: ReadonlyMap<string, Look>;
  readonly concepts: ReadonlyMap<string, SegmentConcept>;
  readonly stones?: ReadonlyMap<string, DerivedStructure['stone']>;
  readonly notes: readonly { readonly zh: string; readonly en: string }[];
}

/**
 * Makes the structures that come from one structure: a set beside the others, and a DICOM SEG. All of
 * them are unverified.
 * @throws YuepianError out_of_memory; mask_missing when its voxels are of another volume.
 */
export async function makeFinding(input: FindingInput): Promise<void> {
  const { volume, manifest, finding, onStep } = input;
  const startedAt = performance.now();
  const voxels = volume.data.length;
  const held = voxels * bytesPerVoxel[manifest.voxelType];
  // Labels, the mask's box and the labels of the box.
  checkMemory(
    estimateMemory(volume.size, manifest.voxelType) + 2 * voxels - held,
    input.memoryBytes,
  );
  if (finding.size.some((n, a) => n !== volume.size[a])) throw new YuepianError('mask_missing');
  const edges = decodeMask(gunzipSync(await readFile(finding.maskFile)), voxels);
  onStep(finding.finding === 'bones' ? 'split' : 'stones', 0.05);
  const found = finding.finding === 'bones' ? bonesIn(edges, input) : stonesIn(edges, input);
  const source = `${classicalSource}, ${finding.finding} of ${finding.key}`;
  const digest = await writeSet(found.map, {
    folder: input.folder,
    scratch: input.scratch,
    earlier: input.earlier !== undefined,
    looks: found.looks,
    ...(found.stones ? { stones: found.stones } : {}),
    onStructures: input.onStructures,
    // modelsOf counts from 0.6 to 0.95 of a run of its own.
    onStep: (name, fraction) => onStep(name, Math.max(0.6, fraction)),
    about: {
      source,
      kind: 'classical',
      title: setTitleOf(finding.finding, finding.name),
      of: finding.of,
      ofContent: finding.content,
      notes: [...found.notes],
      run: { seconds: (performance.now() - startedAt) / 1000, device: 'CPU' },
    },
  });
  onStep('store', 0.97);
  if (found.map.segments.length === 0) return;
  const content = `${manifest.revision ?? ''} ${digest}`;
  const bytes = segmentationOf(found.map, {
    header: input.header,
    slices: manifest.resampled ? [] : manifest.source,
    source,
    content,
    concepts: found.concepts,
  });
  const file = path.join(input.scratch, 'segmentation.dcm');
  await writeFile(file, bytes);
  const { sopInstanceUid } = segmentationUids(input.header.seriesInstanceUid, source, content);
  await input.onSegmentation(file, sopInstanceUid);
}

const sct = (value: string, meaning: string) => ({ value, scheme: 'SCT', meaning });

function bonesIn(edges: MaskEdges, { volume, onStep }: FindingInput): Found {
  const box = boxOfMask(edges, volume.size);
  if (!box) return { map: labelMapOf(volume, []), ...nothing };
  const bones = splitBones(maskIn(edges, volume, box), {
    onStep: (fraction) => onStep('split', 0.05 + 0.5 * fraction),
  });
  const [nx, ny] = volume.size;
  const [bx, by, bz] = box.size;
  const inVolume = indexIn(volume.size, box);
  // Pieces that are only counted are named by their place: split again, another must not take over
  // what people have said and changed of this one.
  const places = new Map<number, number>();
  for (const [i, label] of bones.data.entries())
    if (label !== 0 && !places.has(label)) places.set(label, inVolume(i));
  const terms = new Map(
    [...boneTerms(bones.bones)].map(([label, term]) => [
      label,
      /_\d+$/.test(term.key) ? { ...term, key: `${term.key}_${places.get(label) ?? 0}` } : term,
    ]),
  );
  // From the head down, as people read them.
  const segments = [...terms].map(([label, { key }]) => ({ key, labels: [label] }));
  const map = labelMapOf(volume, segments);
  for (let k = 0; k < bz; k++)
    for (let j = 0; j < by; j++) {
      const from = bx * (j + by * k);
      const to = box.first[0] + nx * (j + box.first[1] + ny * (k + box.first[2]));
      map.data.set(bones.data.subarray(from, from + bx), to);
    }
  const all = [...terms.values()];
  return {
    map,
    looks: new Map(all.map((t) => [t.key, { name: t.name, colour: t.colour, opacity: 1 }])),
    concepts: new Map(
      all.flatMap((t) => {
        const concept = boneConcept(t.key, t.name.en, t.colour);
        return concept ? [[t.key, concept] as const] : [];
      }),
    ),
    notes: bones.bones.some((b) => b.level !== undefined)
      ? [
          {
            zh: '椎体序号自骶骨向上数，按 5 个腰椎计；5–10% 的人不是 5 个，请核对。',
            en: 'Levels are counted up from the sacrum, taking five lumbar vertebrae; 5–10 % of people have four or six. Check them.',
          },
        ]
      : [],
  };
}

const nothing = { looks: new Map(), concepts: new Map(), notes: [] } as const;

/** What a stone may reach beyond its kidney, and the ring its surroundings are read in, mm. */
const around = 12;

function stonesIn(edges: MaskEdges, { volume, finding, onStep }: FindingInput): Found {
  const own = boxOfMask(edges, volume.size);
  if (!own) return { map: labelMapOf(volume, []), ...nothing };
  const box = widened(
    own,
    spacing(volume.affine).map((s) => Math.ceil(around / s)),
    volume.size,
  );
  const found = findStones(cropImage(volume, box), maskIn(edges, volume, box)).slice(0, 254);
  onStep('stones', 0.5);
  const inVolume = indexIn(volume.size, box);
  // Named by its place: the same stone keeps its key when the kidney is changed and searched again.
  const keyOf = (s: Stone): string =>
    `kidney_stone_${inVolume(s.indices[s.indices.length >> 1] ?? 0)}`;
  const map = labelMapOf(
    volume,
    found.map((s, n) => ({ key: keyOf(s), labels: [n + 1] })),
  );
  for (const [n, stone] of found.entries())
    for (const i of stone.indices) map.data[inVolume(i)] = n + 1;
  const names = found.map((_, n) => ({
    zh: `${finding.name.zh}结石 ${n + 1}`,
    en: `Stone ${n + 1}, ${finding.name.en.toLowerCase()}`,
  }));
  const { colour, opacity, snomed, en } = structureTable.kidney_stone;
  const each = <T>(of: (stone: Stone, n: number) => T): ReadonlyMap<string, T> =>
    new Map(found.map((stone, n) => [keyOf(stone), of(stone, n)]));
  // By height in the patient, whatever way the slices lie.
  const [xs, ys, zs] = own.first.map((f, a) => [f, f + (own.size[a] ?? 1) - 1]);
  const heights = (xs ?? []).flatMap((i) =>
    (ys ?? []).flatMap((j) => (zs ?? []).map((k) => toPatient(volume.affine, [i, j, k])[2])),
  );
  return {
    map,
    looks: each((_, n) => ({ name: names[n] ?? { zh: '', en: '' }, colour, opacity })),
    concepts: each((_, n) => ({
      label: names[n]?.en ?? en,
      colour,
      codes: {
        category: sct('49755003', 'Morphologically Altered Structure'),
        type: sct(snomed, en),
      },
    })),
    stones: each((stone) => ({
      centre: [stone.position[0], stone.position[1], stone.position[2]],
      third: thirdOf(stone.position[2], Math.min(...heights), Math.max(...heights)),
      longestMm: stone.longest,
      meanHu: stone.mean,
      maxHu: stone.max,
    })),
    notes: [
      {
        zh: '肾内及其周围 5 mm 内高于 200 HU 且明显高于周围组织者；造影剂可能掩盖或冒充结石。',
        en: 'Denser than 200 HU and than what surrounds it, in the kidney and 5 mm around it; contrast medium may hide a stone or look like one.',
      },
    ],
  };
}

/** Index of a voxel of a box in its volume. */
const indexIn =
  ([nx, ny]: Vec3, { first, size: [w, h] }: IndexBox) =>
  (i: number): number =>
    first[0] +
    (i % w) +
    nx * (first[1] + (Math.floor(i / w) % h) + ny * (first[2] + Math.floor(i / (w * h))));

const thirdOf = (z: number, low: number, high: number): 'upper' | 'middle' | 'lower' => {
  const part = (z - low) / Math.max(1e-6, high - low);
  return part > 2 / 3 ? 'upper' : part < 1 / 3 ? 'lower' : 'middle';
};

const labelMapOf = (volume: FindingInput['volume'], segments: LabelMap['segments']): LabelMap => ({
  size: volume.size,
  affine: volume.affine,
  frameOfReferenceUid: volume.frameOfReferenceUid,
  data: new Uint8Array(volume.data.length),
  segments,
});

const maskIn = (edges: MaskEdges, volume: FindingInput['volume'], box: IndexBox): MaskBox => ({
  size: box.size,
  affine: affineOfPart(volume.affine, box.first),
  data: cropOfMask(edges, volume.size, box),
});

function widened(box: IndexBox, by: readonly number[], size: Vec3): IndexBox {
  const first = box.first.map((f, a) => Math.max(0, f - (by[a] ?? 0)));
  const end = box.first.map((f, a) =>
    Math.min(size[a] ?? 0, f + (box.size[a] ?? 0) + (by[a] ?? 0)),
  );
  return {
    first: first as unknown as Vec3,
    size: end.map((e, a) => e - (first[a] ?? 0)) as unknown as Vec3,
  };
}
