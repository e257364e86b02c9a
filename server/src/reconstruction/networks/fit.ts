import { availableMemory } from 'node:process';
import {
  type Misfit,
  type ModelManifest,
  type ModelSummary,
  misfitOf,
  modelSummary,
  YuepianError,
} from '@yuepian/contract';
import { spacing, type Volume } from '@yuepian/geometry';
import { classicalSource, passVoxels } from '@yuepian/reconstruct';

/** The run without a network, listed with the others. */
export const classicalModelId = 'classical';

export const classicalSummary: ModelSummary = modelSummary.parse({
  id: classicalModelId,
  modelVersion: classicalSource.replace(/^\D+/, ''),
  title: { zh: '自动预览（皮肤、骨、肺）', en: 'Automatic preview (skin, bone, lungs)' },
  licence: 'Apache-2.0',
  citation: '',
  source: '',
  engine: 'classical',
  fits: { modalities: ['CT', 'MR'] },
  classes: [],
  bytes: 0,
  addedAt: '',
});

interface SeriesWords {
  readonly modality: string;
  readonly description: string;
  readonly bodyPart: string;
}

/**
 * Why a model is not offered for a volume; empty when it is. What a series does not say (body part,
 * contrast) is not held against it.
 */
export function misfitsOf(
  model: ModelManifest,
  series: SeriesWords,
  volume: Pick<Volume, 'size' | 'affine'> | undefined,
  memoryBytes?: number,
): Misfit[] {
  const { fits } = model;
  const found: Misfit[] = [];
  const modalities: readonly string[] = fits.modalities;
  if (!modalities.includes(series.modality)) {
    found.push(misfitOf('modality', fits.modalities.join(', '), series.modality));
  }
  const part = series.bodyPart.toUpperCase().trim();
  if (part && fits.bodyParts.length > 0 && !fits.bodyParts.some((p) => part.includes(p))) {
    found.push(misfitOf('body_part', fits.bodyParts.join(', '), part));
  }
  const other = otherContrast(fits.contrasts, series.description);
  if (other) found.push(misfitOf('contrast', fits.contrasts.join(', '), series.description));
  if (!volume) return [...found, misfitOf('no_volume', '', '')];
  const steps = spacing(volume.affine);
  const [finest, coarsest] = fits.spacing;
  if (Math.min(...steps) < finest || Math.max(...steps) > coarsest) {
    const text = steps.map((s) => s.toFixed(2)).join(' × ');
    found.push(misfitOf('spacing', `${finest}–${coarsest}`, text));
  }
  const extents = steps.map((s, axis) => s * (volume.size[axis] ?? 0));
  const shortest = Math.min(...extents);
  if (shortest < fits.minimumExtent) {
    found.push(misfitOf('extent', String(fits.minimumExtent), shortest.toFixed(0)));
  }
  const needed = memoryOf(model, volume);
  const available = Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, availableMemory());
  if (needed > available) found.push(misfitOf('memory', gigabytes(needed), gigabytes(available)));
  return found;
}

/** Bytes a run takes at its peak: the volume, its labels, and the tensors of a pass. */
export function memoryOf(model: ModelManifest, volume: Pick<Volume, 'size' | 'affine'>): number {
  const voxels = volume.size[0] * volume.size[1] * volume.size[2];
  const base = voxels * 6 + 300e6;
  if (!model.tensor || model.engine.kind !== 'onnx') return base;
  return base + passVoxels(model.tensor, volume) * model.bytesPerVoxel;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** The misfits as one sentence. */
export const doesNotFit = (model: ModelManifest, misfits: readonly Misfit[]): YuepianError =>
  new YuepianError('model_does_not_fit', {
    model: model.title.en,
    modelZh: model.title.zh,
    reason: misfits.map((m) => m.en).join('; '),
    reasonZh: misfits.map((m) => m.zh).join('；'),
  });

const contrastWords: Readonly<Record<string, RegExp>> = {
  T1: /\bt1|mprage|mp2rage|spgr|bravo|\btfl\b|\bfspgr/i,
  T2: /\bt2(?!.{0,12}flair)/i,
  FLAIR: /flair|dark.?fluid|tirm/i,
  DWI: /\bdwi|\badc\b|diff/i,
};

/** True when the description names another contrast and none of the wanted ones. */
function otherContrast(wanted: readonly string[], description: string): boolean {
  if (wanted.length === 0) return false;
  const named = Object.keys(contrastWords).filter((c) => contrastWords[c]?.test(description));
  return named.length > 0 && !named.some((c) => wanted.includes(c));
}
