import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelManifest, VolumeManifest } from '@yuepian/contract';
import type { InstanceHeader, SegmentConcept } from '@yuepian/dicom';
import type { Volume } from '@yuepian/geometry';
import { segmentationOf, segmentationUids } from '../child/segmentation.ts';
import type { StructureSet } from '../derived.ts';
import { compute } from './compute.ts';
import { type Look, writeSet } from './set-output.ts';

export interface RunModelInput {
  readonly volume: Volume;
  readonly manifest: VolumeManifest;
  /** Any image of the series. */
  readonly header: InstanceHeader;
  readonly model: ModelManifest;
  readonly modelFolder: string;
  /** Of the set in derived/. */
  readonly folder: string;
  readonly scratch: string;
  readonly earlier: StructureSet | undefined;
  readonly memoryBytes?: number | undefined;
  readonly onStep: (step: string, fraction: number) => void;
  readonly onStructures: () => void;
  readonly onSegmentation: (file: string, sopInstanceUid: string) => Promise<void>;
}

/** Goes into every structure's `source`: which model, which version, whose licence. */
export const sourceOf = (model: ModelManifest): string =>
  `model ${model.id} ${model.modelVersion}, ${model.licence}`;

/** Raised when the same model gives another result: crop, resampling, post-processing. */
const inferenceVersion = 2;

/** What a result depends on: the same key, the same result. */
export const cacheKeyOf = (volume: VolumeManifest, model: ModelManifest): string =>
  createHash('sha256')
    .update(JSON.stringify([inferenceVersion, volume.id, volume.revision, model]))
    .digest('hex');

/**
 * Runs a model on a volume: a set of structures beside the others, and a DICOM SEG. What was
 * computed before of the same content by the same model is not computed again.
 * @throws YuepianError those of `compute`.
 */
export async function runModel(input: RunModelInput): Promise<void> {
  const { manifest, model, onStep } = input;
  const startedAt = performance.now();
  const cacheKey = cacheKeyOf(manifest, model);
  if (input.earlier?.complete && input.earlier.cacheKey === cacheKey) {
    input.onStructures();
    return;
  }
  const { map, device } = await compute({
    ...input,
    modality: manifest.modality,
    onStep: (name, fraction) => onStep(name, fraction * 0.85),
  });
  const source = sourceOf(model);
  const digest = await writeSet(map, {
    folder: input.folder,
    scratch: input.scratch,
    earlier: input.earlier?.complete ?? false,
    looks: looksOf(model),
    ...(map.sureness ? { sureness: map.sureness } : {}),
    onStructures: input.onStructures,
    // modelsOf counts from 0.6 to 0.95 of a run of its own.
    onStep: (name, fraction) => onStep(name, 0.85 + Math.max(0, fraction - 0.6) * 0.3),
    about: {
      source,
      kind: 'model',
      title: model.title,
      model: { id: model.id, version: model.modelVersion, licence: model.licence },
      notes: [],
      cacheKey,
      run: { seconds: (performance.now() - startedAt) / 1000, device },
    },
  });
  onStep('store', 0.97);
  if (map.segments.length === 0) return;
  const content = `${manifest.revision ?? ''} ${digest}`;
  const bytes = segmentationOf(map, {
    header: input.header,
    slices: manifest.resampled ? [] : manifest.source,
    source,
    content,
    concepts: conceptsOf(model),
  });
  const file = path.join(input.scratch, 'segmentation.dcm');
  await writeFile(file, bytes);
  const { sopInstanceUid } = segmentationUids(input.header.seriesInstanceUid, source, content);
  await input.onSegmentation(file, sopInstanceUid);
}

export const looksOf = (model: ModelManifest): ReadonlyMap<string, Look> =>
  new Map(
    model.classes.map((c) => [c.key, { name: c.name, colour: c.colour, opacity: c.opacity }]),
  );

const sct = (value: string, meaning: string) => ({ value, scheme: 'SCT', meaning });

/** How the classes of a model are coded in a segmentation object. */
export const conceptsOf = (model: ModelManifest): ReadonlyMap<string, SegmentConcept> =>
  new Map(
    model.classes.map((c) => [
      c.key,
      {
        label: c.name.en,
        colour: c.colour,
        codes: {
          category: sct('123037004', 'Anatomical Structure'),
          type: c.snomed ? sct(c.snomed, c.name.en.slice(0, 64)) : sct('85756007', 'Tissue'),
          ...(c.laterality
            ? {
                laterality:
                  c.laterality === 'left' ? sct('7771000', 'Left') : sct('24028007', 'Right'),
              }
            : {}),
        },
      },
    ]),
  );
