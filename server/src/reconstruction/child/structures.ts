import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { VolumeManifest } from '@yuepian/contract';
import type { InstanceHeader } from '@yuepian/dicom';
import { bytesPerVoxel, type LabelMap, type Volume } from '@yuepian/geometry';
import { classicalSource, estimateMemory } from '@yuepian/reconstruct';
import { type DerivedStructure, keepOnly, type StructureSet, writeWhole } from '../derived.ts';
import { downsampleLabels, labelLevel, planLevels } from '../pyramid/index.ts';
import { classicalGlb } from './look.ts';
import { writeMasks } from './masks.ts';
import { checkMemory } from './memory.ts';
import { Mesher } from './mesher.ts';
import { digestOf, labelRanks, labelsOf, modelsOf } from './models.ts';
import { type PackedModel, packed } from './packed.ts';
import { segmentationOf, segmentationUids } from './segmentation.ts';

export interface StructuresInput {
  readonly volume: Volume;
  readonly manifest: VolumeManifest;
  /** Any image of the series. */
  readonly header: InstanceHeader;
  /** derived/<volumeId>. */
  readonly folder: string;
  readonly scratch: string;
  /** Structures of an earlier run that are being shown. */
  readonly earlier: StructureSet | undefined;
  readonly memoryBytes?: number | undefined;
  readonly onStep: (step: string, fraction: number) => void;
  /** `structures.json` has changed. */
  readonly onStructures: () => void;
  /** A SEG in the scratch folder wants to be archived. */
  readonly onSegmentation: (file: string, sopInstanceUid: string) => Promise<void>;
}

const compress = promisify(gzip);

/**
 * Labels, models and SEG of a volume. A first run shows coarse previews as soon as they are there;
 * the result replaces them, or an earlier result, at once: nobody sees a mixture of two.
 * @throws YuepianError out_of_memory
 */
export async function makeStructures(input: StructuresInput): Promise<void> {
  const { volume, manifest, onStep } = input;
  const startedAt = performance.now();
  const voxels = volume.data.length;
  const held = voxels * bytesPerVoxel[manifest.voxelType];
  // The second thread has labels of its own.
  const needed = estimateMemory(volume.size, manifest.voxelType) + voxels - held;
  checkMemory(needed, input.memoryBytes);
  const options = { modality: manifest.modality, onStep };
  await using mesher = new Mesher();
  // Whoever sees an earlier result keeps it until the new one is whole.
  const preview = input.earlier ? undefined : new Preview(input, mesher);
  if (!preview) mesher.warm();
  const map = await labelsOf(volume, options, (coarse) => preview?.show(coarse));
  const output = new StructureOutput(input, digestOf(map));
  const models = makeModels(map, mesher, onStep, startedAt);
  await Promise.all([models, output.writeLabels(map), preview?.shown()]);
  for (const model of await models) await output.add(model);
  onStep('store', 0.96);
  await output.finish();
  if (map.segments.length === 0) return;
  try {
    await archive(map, output.digest, input);
  } catch (error) {
    // The models are of use without it; the log says what is missing.
    if (!(error instanceof RangeError)) throw error;
    console.error('the segmentation could not be written as DICOM', error);
  }
}

/** Skin on the second thread, the rest on this one. */
async function makeModels(
  map: LabelMap,
  mesher: Mesher,
  onStep: StructuresInput['onStep'],
  startedAt: number,
): Promise<PackedModel[]> {
  const part = (isSkin: boolean): LabelMap => ({
    ...map,
    segments: map.segments.filter(({ key }) => (key === 'skin') === isSkin),
  });
  const rest = part(false);
  const skin = rest.segments.length > 0 ? mesher.models(part(true)) : undefined;
  // Awaited below; the other thread may fail before.
  skin?.catch(() => undefined);
  const models: PackedModel[] = [];
  for await (const model of modelsOf(skin ? rest : map, { onStep }, startedAt))
    models.push(await packed(model, classicalGlb));
  const seconds = (performance.now() - startedAt) / 1000;
  return [...((await skin) ?? []).map((model) => ({ ...model, seconds })), ...models];
}

const rough = { levels: [60_000], maxTriangles: 150_000 };
/** So few that nothing is simplified. */
const roughest = { levels: [60_000], maxTriangles: 60_000 };

/** What is known early, on a coarse grid, for the eye only. */
class Preview {
  readonly #output: StructureOutput;
  readonly #mesher: Mesher;
  readonly #known = new Set<string>();
  #shown: Promise<void> = Promise.resolve();

  constructor(input: StructuresInput, mesher: Mesher) {
    this.#output = new StructureOutput(input);
    this.#mesher = mesher;
  }

  /**
   * Shows what is new in `map`. The very first, by which people know the patient, is made here and
   * now: it takes less time than the second thread needs to start. Of the rest only the beginning is
   * waited for; the segmentation goes on meanwhile.
   */
  async show(map: LabelMap): Promise<void> {
    const fresh = map.segments.filter(({ key }) => !this.#known.has(key));
    const isFirst = this.#known.size === 0;
    for (const { key } of fresh) this.#known.add(key);
    const alone = (segment: LabelMap['segments'][number]) => ({ ...map, segments: [segment] });
    const [first] = fresh;
    if (isFirst && first) {
      for await (const model of modelsOf(alone(first), roughest))
        await this.#output.add(await packed(model, classicalGlb));
    }
    // Not before: on two cores it would take its time from the first model.
    this.#mesher.warm();
    // One by one: bone need not wait for the lungs.
    for (const segment of isFirst ? fresh.slice(1) : fresh) {
      const made = this.#mesher.models(alone(segment), rough);
      this.#shown = this.#shown.then(async () => {
        for (const model of await made) await this.#output.add(model);
      });
      made.catch(() => undefined);
    }
    this.#shown.catch(() => undefined);
  }

  /** Resolves when all of it is shown. @throws what the making or the disk threw. */
  shown(): Promise<void> {
    return this.#shown;
  }
}

async function archive(map: LabelMap, digest: string, input: StructuresInput): Promise<void> {
  const { header, manifest, scratch } = input;
  const content = `${manifest.revision ?? ''} ${digest}`;
  const bytes = segmentationOf(map, {
    header,
    slices: manifest.resampled ? [] : manifest.source,
    source: classicalSource,
    content,
  });
  const file = path.join(scratch, 'segmentation.dcm');
  await writeFile(file, bytes);
  const { sopInstanceUid } = segmentationUids(header.seriesInstanceUid, classicalSource, content);
  await input.onSegmentation(file, sopInstanceUid);
}

/** The files of one result and the list that names them. */
class StructureOutput {
  readonly digest: string;
  readonly #input: StructuresInput;
  readonly #structures: DerivedStructure[] = [];
  #labels: StructureSet['labels'];
  #masks: readonly string[] = [];

  readonly #preview: boolean;

  /** Without a digest it is a preview, whose files are named by the moment. */
  constructor(input: StructuresInput, digest?: string) {
    this.#input = input;
    this.#preview = digest === undefined;
    this.digest = digest ?? `preview-${Date.now().toString(36)}`;
  }

  async writeLabels(map: LabelMap): Promise<void> {
    const level = labelLevel(planLevels(map.size, map.affine));
    const coarse = downsampleLabels(map.data, map.size, level.factor, labelRanks(map));
    const file = `labels-${this.digest}.gz`;
    await this.#write(file, await compress(coarse, { level: 1 }));
    this.#labels = { level: level.level, file };
    this.#masks = await writeMasks(map, this.digest, (name, content) => this.#write(name, content));
  }

  async add({ levels, ...model }: PackedModel): Promise<void> {
    const written: DerivedStructure['levels'] = [];
    for (const [lod, { glb, triangles }] of levels.entries()) {
      const file = `meshes/${model.key}-${lod}-${this.digest}.glb`;
      await this.#write(file, glb);
      written.push({ file, triangles, bytes: glb.byteLength });
    }
    this.#structures.push({ ...model, labels: [...model.labels], levels: written });
    // A preview shows model by model; a result replaces what was shown as a whole.
    if (this.#preview) await this.#publish(false);
  }

  /** The result is whole; files of earlier ones go. */
  async finish(): Promise<void> {
    await this.#publish(true);
    const { folder } = this.#input;
    const models = this.#structures.flatMap((s) => s.levels.map((l) => path.basename(l.file)));
    await keepOnly(path.join(folder, 'meshes'), new Set(models));
    await keepOnly(path.join(folder, 'masks'), new Set(this.#masks));
    await keepOnly(folder, new Set([this.#labels?.file ?? '']), /^labels-/);
  }

  async #publish(complete: boolean): Promise<void> {
    const set: StructureSet = {
      version: 1,
      source: classicalSource,
      kind: 'classical',
      notes: [],
      digest: this.digest,
      complete,
      ...(this.#preview ? { preview: true } : {}),
      ...(this.#labels ? { labels: this.#labels } : {}),
      structures: this.#structures,
    };
    await this.#write('structures.json', JSON.stringify(set));
    this.#input.onStructures();
  }

  /** Never half a file under its name: somebody may be reading the same content right now. */
  #write(name: string, content: string | Uint8Array): Promise<void> {
    const { folder, scratch } = this.#input;
    return writeWhole(path.join(folder, name), content, scratch);
  }
}
