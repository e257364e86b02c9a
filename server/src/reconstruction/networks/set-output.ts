import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { LabelMap } from '@yuepian/geometry';
import type { Sureness } from '@yuepian/reconstruct';
import { writeMasks } from '../child/masks.ts';
import { digestOf, labelRanks, type Model, modelsOf } from '../child/models.ts';
import { packed } from '../child/packed.ts';
import { type DerivedStructure, keepOnly, type StructureSet, writeWhole } from '../derived.ts';
import { downsampleLabels, labelLevel, planLevels } from '../pyramid/index.ts';

/** How a structure is named and looks, where the table of structures does not say. */
export interface Look {
  readonly name: { readonly zh: string; readonly en: string };
  readonly colour: string;
  readonly opacity: number;
}

export interface SetTarget {
  /** Folder of the set in derived/. */
  readonly folder: string;
  readonly scratch: string;
  /** What is true of the set before its structures are there. */
  readonly about: Omit<StructureSet, 'version' | 'digest' | 'complete' | 'structures' | 'labels'>;
  readonly looks: ReadonlyMap<string, Look>;
  /** How sure the network is, where it says. */
  readonly sureness?: Sureness;
  /** Measurements that belong to structures, by key. */
  readonly stones?: ReadonlyMap<string, DerivedStructure['stone']>;
  /** A result of an earlier run is kept until the new one is whole. */
  readonly earlier: boolean;
  readonly onStep: (step: string, fraction: number) => void;
  /** `structures.json` has changed. */
  readonly onStructures: () => void;
}

const compress = promisify(gzip);
const fallback: Look = { name: { zh: '', en: '' }, colour: '#c0c0c0', opacity: 1 };

/**
 * Writes the labels and models of a label map as one set; structures appear one after another.
 * @returns the digest of the labels.
 */
export async function writeSet(map: LabelMap, target: SetTarget): Promise<string> {
  const { folder, scratch, looks } = target;
  const digest = digestOf(map);
  const structures: DerivedStructure[] = [];
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeWhole(path.join(folder, name), content, scratch);
  const level = labelLevel(planLevels(map.size, map.affine));
  const coarse = downsampleLabels(map.data, map.size, level.factor, labelRanks(map));
  const labels = { level: level.level, file: `labels-${digest}.gz` };
  await write(labels.file, await compress(coarse, { level: 1 }));
  // So that one of them can be changed by hand.
  const masks = await writeMasks(map, digest, write);
  const publish = async (complete: boolean): Promise<void> => {
    const set: StructureSet = {
      ...target.about,
      version: 1,
      digest,
      complete,
      labels,
      structures,
    };
    await write('structures.json', JSON.stringify(set));
    target.onStructures();
  };
  const surenessOf = async (
    [label, ...more]: readonly number[],
    key: string,
    volumeMl: number,
  ): Promise<DerivedStructure['sureness']> => {
    const box = label === undefined || more.length > 0 ? undefined : target.sureness?.boxOf(label);
    if (!target.sureness || label === undefined || !box) return undefined;
    const file = `margins/${key}-${digest}.gz`;
    await write(file, await compress(new Uint8Array(box.data), { level: 1 }));
    const { size, affine } = box;
    const { lowMl, wonMl, highMl } = target.sureness.rangeOf(label);
    return {
      // Islands that post-processing took away are not to come back by the range.
      lowMl: Math.max(0, volumeMl - Math.max(0, wonMl - lowMl)),
      highMl: volumeMl + Math.max(0, highMl - wonMl),
      file,
      size: [...size],
      affine: [...affine],
    };
  };
  const add = async (model: Model): Promise<void> => {
    const { key } = model.surface;
    const look = looks.get(key) ?? fallback;
    const { levels, ...rest } = await packed(model, {
      source: target.about.source,
      look: () => look,
    });
    const written: DerivedStructure['levels'] = [];
    for (const [lod, { glb, triangles }] of levels.entries()) {
      const file = `meshes/${key}-${lod}-${digest}.glb`;
      await write(file, glb);
      written.push({ file, triangles, bytes: glb.byteLength });
    }
    const sureness = await surenessOf(rest.labels, key, rest.volumeMl);
    const stone = target.stones?.get(key);
    structures.push({
      ...(stone ? { stone } : {}),
      ...(sureness && { sureness }),
      ...(looks.has(key) ? { name: look.name, colour: look.colour, opacity: look.opacity } : {}),
      ...rest,
      labels: [...rest.labels],
      levels: written,
    });
    if (!target.earlier) await publish(false);
  };
  for await (const model of modelsOf(map, { onStep: target.onStep })) await add(model);
  await publish(true);
  const files = structures.flatMap((s) => s.levels.map((l) => path.basename(l.file)));
  await keepOnly(path.join(folder, 'meshes'), new Set(files));
  await keepOnly(path.join(folder, 'masks'), new Set(masks));
  const margins = structures.flatMap((s) => (s.sureness ? [path.basename(s.sureness.file)] : []));
  await keepOnly(path.join(folder, 'margins'), new Set(margins));
  await keepOnly(folder, new Set([labels.file]), /^labels-/);
  return digest;
}
