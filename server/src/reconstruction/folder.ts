import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Warning, YuepianError } from '@yuepian/contract';
import { assembleVolume, rectify } from '@yuepian/dicom';
import type { LabelMap, Volume } from '@yuepian/geometry';
import { classicalSource, estimateMemory, report, toGlb, toStl } from '@yuepian/reconstruct';
import { type FoundVolume, findVolumes, readNiftiFile } from './child/folder-input.ts';
import { lookOf } from './child/look.ts';
import { checkMemory } from './child/memory.ts';
import { digestOf, labelsOf, type Model, modelsOf } from './child/models.ts';
import { type SegmentationSubject, segmentationOf } from './child/segmentation.ts';
import {
  compute,
  conceptsOf,
  doesNotFit,
  type InstalledModel,
  looksOf,
  misfitsOf,
  sourceOf,
} from './networks/index.ts';

export interface FolderOptions {
  /** A folder of DICOM files, however nested, or a .nii or .nii.gz file. */
  readonly input: string;
  /** Made when it is not there; files of the same names are replaced. */
  readonly output: string;
  /** For NIfTI, which does not say; without it CT where air reads like air. */
  readonly modality?: 'CT' | 'MR';
  /** An installed model to run instead of the classical pipeline. */
  readonly model?: InstalledModel;
  readonly onProgress?: (step: string, fraction: number) => void;
}

/** `report.json`. */
export interface FolderReport {
  readonly version: 1;
  readonly source: string;
  /** Where a model ran. */
  readonly device?: string;
  /** The series that was taken: the biggest CT or MR volume in the folder. */
  readonly series: {
    readonly seriesInstanceUid: string;
    readonly modality: string;
    readonly description: string;
    /** What tells the volume from others in the series. */
    readonly label: string;
    readonly size: readonly [number, number, number];
  };
  /** Volumes in the folder that were not taken. */
  readonly others: readonly string[];
  readonly structures: ReturnType<typeof report>['structures'];
  readonly warnings: readonly Warning[];
  readonly seconds: number;
}

/**
 * Reconstructs without a server: writes `segmentation.dcm`, `<key>.glb` and `<key>.stl` per
 * structure, and `report.json` into the output folder.
 * @throws YuepianError not_found, not_a_volume, out_of_memory; of a model model_does_not_fit,
 *   model_changed, engine_unreachable, engine_answer; errors of the disk.
 */
export async function reconstructFolder(options: FolderOptions): Promise<FolderReport> {
  const startedAt = performance.now();
  const onStep = options.onProgress ?? (() => undefined);
  const subject = await subjectOf(options, onStep);
  const { volume, modality } = subject;
  await mkdir(options.output, { recursive: true });
  // The first fifth of the bar is reading.
  const late = (step: string, fraction: number): void => onStep(step, 0.2 + 0.8 * fraction);
  const { map, device } = await segmented(options.model, subject, late);
  const source = options.model ? sourceOf(options.model.manifest) : classicalSource;
  const looks = options.model ? looksOf(options.model.manifest) : new Map<string, Look>();
  const models: Model[] = [];
  for await (const model of modelsOf(map, { onStep: late }, startedAt)) {
    await writeModel(options.output, model, source, (key) => looks.get(key) ?? lookOf(key));
    models.push(model);
  }
  late('store', 0.95);
  if (map.segments.length > 0) {
    const content = digestOf(map);
    const concepts = options.model ? { concepts: conceptsOf(options.model.manifest) } : {};
    const bytes = segmentationOf(map, { ...subject, source, content, ...concepts });
    await writeFile(path.join(options.output, 'segmentation.dcm'), bytes);
  }
  const { header, plan, others } = subject;
  const result: FolderReport = {
    ...report(
      source,
      models.flatMap(({ surface, levels, seconds }) => {
        const finest = levels.at(-1);
        return finest ? [{ surface, finest, seconds }] : [];
      }),
    ),
    ...(device === undefined ? {} : { device }),
    series: {
      seriesInstanceUid: header.seriesInstanceUid,
      modality,
      description: header.series.description,
      label: plan?.label ?? '',
      size: [...volume.size],
    },
    others,
    warnings: plan ? [...plan.warnings] : [],
    seconds: (performance.now() - startedAt) / 1000,
  };
  await writeFile(path.join(options.output, 'report.json'), `${JSON.stringify(result, null, 2)}\n`);
  onStep('done', 1);
  return result;
}

interface Look {
  readonly colour: string;
  readonly opacity: number;
}

/** By a model, which must fit, or by the classical pipeline. */
async function segmented(
  model: InstalledModel | undefined,
  { volume, modality, header }: Subject,
  onStep: (step: string, fraction: number) => void,
): Promise<{ map: LabelMap; device?: string }> {
  if (!model) return { map: await labelsOf(volume, { modality, onStep }) };
  const words = { ...header.series, modality };
  const misfits = misfitsOf(model.manifest, words, volume);
  if (misfits.length > 0) throw doesNotFit(model.manifest, misfits);
  return compute({
    volume,
    modality,
    model: model.manifest,
    modelFolder: model.folder,
    onStep: (step, fraction) => onStep(step, fraction * 0.6),
  });
}

interface Subject extends Pick<SegmentationSubject, 'header' | 'slices'> {
  readonly volume: Volume;
  readonly modality: string;
  readonly plan?: FoundVolume['plan'];
  readonly others: readonly string[];
}

async function subjectOf(
  options: FolderOptions,
  onStep: (step: string, fraction: number) => void,
): Promise<Subject> {
  if (/\.nii(\.gz)?$/i.test(options.input)) {
    const { volume, header, modality } = await readNiftiFile(options.input, options.modality);
    checkMemory(estimateMemory(volume.size, 'int16'));
    return { volume, header, modality, slices: [], others: [] };
  }
  const found = await findVolumes(options.input, (f) => onStep('read', f * 0.1));
  const [first, ...rest] = found;
  if (!first) {
    throw new YuepianError('not_a_volume', { reason: 'no CT or MR volume in the folder' });
  }
  const { plan, frames, header } = first;
  const doubled = plan.uniform ? 0 : plan.size[0] * plan.size[1] * plan.size[2] * 2;
  checkMemory(estimateMemory(plan.size, 'int16') + doubled);
  const stored = await assembleVolume(plan, frames.source(plan.slices), {
    onProgress: (done, total) => onStep('decode', 0.1 + (0.1 * done) / total),
  }).finally(() => frames.close());
  return {
    volume: rectify(stored, plan),
    modality: plan.modality,
    header,
    plan,
    slices: plan.uniform ? plan.slices : [],
    others: rest.map(nameOf),
  };
}

const nameOf = ({ header, plan }: FoundVolume): string =>
  [
    header.series.number,
    plan.modality,
    header.series.description || header.seriesInstanceUid,
    plan.label,
    plan.size.join('×'),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');

async function writeModel(
  output: string,
  { levels }: Model,
  source: string,
  look: (key: string) => Look,
): Promise<void> {
  const finest = levels.at(-1);
  if (!finest) return;
  const glb = await toGlb([finest], { source, look });
  await writeFile(path.join(output, `${finest.key}.glb`), glb);
  await writeFile(path.join(output, `${finest.key}.stl`), toStl(finest));
}
