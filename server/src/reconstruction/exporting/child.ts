import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { cropOfMask, decodeMask, type MaskEdges, YuepianError } from '@yuepian/contract';
import type { LabelMap, Segment } from '@yuepian/geometry';
import {
  fromGlb,
  isPrintable,
  type Mesh,
  meshOf,
  to3mf,
  toGlb,
  toObj,
  toPly,
  toStl,
} from '@yuepian/reconstruct';
import { FileBlobStore, isBlobKey } from '../../storage/index.ts';
import { segmentationOf } from '../child/segmentation.ts';
import { readHeader } from '../child/series-files.ts';
import { answerOnce } from '../editing/child/answer.ts';
import { surfaceOf } from '../editing/child/surface.ts';
import { boneConcept } from '../findings/concepts.ts';
import { type ExportResult, type ExportTask, exportTask } from './protocol.ts';

type Item = ExportTask['items'][number];

/** Writes one file of structures, or says whether they could be printed. */
async function run(task: ExportTask): Promise<ExportResult> {
  if (task.format === 'seg') {
    const bytes = await segmentation(task);
    await writeFile(task.out, bytes);
    return { bytes: bytes.byteLength, warnings: [] };
  }
  const meshes: Mesh[] = [];
  for (const item of task.items) {
    const mesh = await meshOfItem(item, task);
    if (mesh) meshes.push({ ...mesh, key: item.key });
  }
  if (meshes.length === 0) throw new YuepianError('not_found', { what: 'model' });
  if (task.format === 'check') {
    const checks = await Promise.all(meshes.map((m) => isPrintable(m)));
    const warnings = checks.flatMap((c) => c.warnings);
    const named = (key: unknown): string => task.items.find((i) => i.key === key)?.name ?? '';
    return {
      bytes: 0,
      warnings: warnings.map(({ code, details }) => ({
        code,
        details: { ...details, key: named(details.key) },
      })),
    };
  }
  const bytes = await written(task.format, meshes, task);
  await writeFile(task.out, bytes);
  return { bytes: bytes.byteLength, warnings: [] };
}

async function written(
  format: Exclude<ExportTask['format'], 'seg' | 'check'>,
  meshes: readonly Mesh[],
  task: ExportTask,
): Promise<Uint8Array> {
  const itemOf = (key: string): Item | undefined => task.items.find((i) => i.key === key);
  const look = (key: string) => {
    const { colour = '#c0c0c0', opacity = 1 } = itemOf(key) ?? {};
    return { colour, opacity };
  };
  const name = (key: string): string => itemOf(key)?.name ?? key;
  switch (format) {
    case 'stl':
      return toStl(joined(meshes));
    case 'obj':
      return new TextEncoder().encode(toObj(meshes).obj);
    case 'ply':
      return toPly(meshes, look);
    case '3mf':
      return to3mf(meshes, look, name);
    case 'glb':
      return toGlb(meshes, { source: task.source, look });
  }
}

/** STL knows no parts: all of them in one. */
function joined(meshes: readonly Mesh[]): Mesh {
  const [only] = meshes;
  if (only && meshes.length === 1) return only;
  const vertices = meshes.reduce((n, m) => n + m.positions.length, 0);
  const positions = new Float32Array(vertices);
  const indices = new Uint32Array(meshes.reduce((n, m) => n + m.indices.length, 0));
  let [v, t] = [0, 0];
  for (const m of meshes) {
    positions.set(m.positions, v);
    for (let i = 0; i < m.indices.length; i++) indices[t + i] = (m.indices[i] as number) + v / 3;
    v += m.positions.length;
    t += m.indices.length;
  }
  return meshOf('structures', positions, indices);
}

async function meshOfItem(item: Item, task: ExportTask): Promise<Mesh | undefined> {
  if (item.glb !== undefined) return (await fromGlb(await readFile(item.glb)))[0];
  const mask = await maskOf(item, task);
  return mask && surfaceOf(mask, { ...task, key: item.key });
}

async function maskOf(item: Item, { size }: ExportTask): Promise<MaskEdges | undefined> {
  if (item.mask === undefined) return undefined;
  const plain = gunzipSync(await readFile(item.mask));
  return decodeMask(plain, size[0] * size[1] * size[2]);
}

async function segmentation(task: ExportTask): Promise<Uint8Array> {
  const { series } = task;
  if (!series || !isBlobKey(series.blob)) throw new YuepianError('not_found', { what: 'series' });
  const { blob } = series;
  const blobs = await FileBlobStore.open(series.dataFolder, { cleanTmp: false });
  const header = await readHeader({
    sopInstanceUid: '',
    read: (length) =>
      blobs.bytes(blob, length === undefined ? undefined : { start: 0, end: length }),
  });
  const masks: { key: string; mask: MaskEdges }[] = [];
  for (const item of task.items) {
    const mask = await maskOf(item, task);
    if (mask && mask.length > 0) masks.push({ key: item.key, mask });
  }
  return segmentationOf(labelMapOf(masks, task), {
    header,
    slices: series.slices,
    source: task.source,
    content: series.content,
    concepts: new Map(
      task.items.flatMap(({ key, name, colour }) => {
        // The whole bone is in the table.
        const concept = key === 'bone' ? undefined : boneConcept(key, name, colour);
        return concept ? [[key, concept] as const] : [];
      }),
    ),
    ...(series.isEdited ? { algorithm: 'SEMIAUTOMATIC' as const } : {}),
  });
}

/**
 * Structures that may overlap as one map: every combination that occurs is a label of its own.
 * @throws YuepianError invalid_request for more than 255 combinations.
 */
export function labelMapOf(
  masks: readonly { readonly key: string; readonly mask: MaskEdges }[],
  on: Pick<ExportTask, 'size' | 'affine' | 'frameOfReferenceUid'>,
): LabelMap {
  const whole = { first: [0, 0, 0], size: on.size } as const;
  const data = new Uint8Array(on.size[0] * on.size[1] * on.size[2]);
  /** Members of each label. */
  const members: number[][] = [[]];
  for (const [n, { mask }] of masks.entries()) {
    const inside = cropOfMask(mask, on.size, whole);
    const next = new Map<number, number>();
    for (let p = 0; p < data.length; p++) {
      if (inside[p] === 0) continue;
      const old = data[p] as number;
      let label = next.get(old);
      if (label === undefined) {
        label = members.length;
        if (label > 255) {
          throw new YuepianError('invalid_request', { reason: 'too many overlapping structures' });
        }
        members.push([...(members[old] ?? []), n]);
        next.set(old, label);
      }
      data[p] = label;
    }
  }
  const segments: Segment[] = masks.map(({ key }, n) => ({
    key,
    labels: members.flatMap((of, label) => (of.includes(n) ? [label] : [])),
  }));
  return { ...on, data, segments };
}

// Imported by its test, it has no task.
if (process.send && import.meta.main) answerOnce(exportTask, run);
