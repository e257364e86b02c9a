import { YuepianError } from '@yuepian/contract';
import type { LabelMap, Segment, Volume } from '@yuepian/geometry';
import { type BitMask, isEmpty, paint } from '../grid/bits.ts';
import { type CoarseVolume, shrink } from '../grid/shrink.ts';
import { Pace } from '../pace.ts';
import { ctBody, mrBody } from './body.ts';
import { boneEdges, ctBone, trimEdges } from './bone.ts';
import { ctLungs } from './lungs.ts';
import { classicalLabels, type EdgeThresholds, refine } from './refine.ts';
import { bodyThreshold, boneThresholds, coarseFactor, lungThreshold } from './thresholds.ts';

/** Goes into every structure's `source`: results of different versions are not comparable. */
export const classicalSource = 'classical 1';

export interface SegmentOptions {
  /** DICOM Modality (0008,0060). CT gives skin, bone and lungs, MR gives skin, others nothing. */
  readonly modality: string;
  /** Steps: body, bone, lung, refine; fraction of the step, 0…1. */
  readonly onStep?: (step: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** What is known so far. */
export interface SegmentStage {
  /** `coarse` maps are previews on a grid of voxels up to 2 mm; `full` is the result. */
  readonly resolution: 'coarse' | 'full';
  readonly labelMap: LabelMap;
}

/**
 * Body, skin, bone and lungs without a network.
 * @param volume CT in HU, MR in any unit.
 * @returns labels on the volume's own grid; `skin` owns every label (it is the filled body), and a
 * segment that was not found is not there.
 * @throws YuepianError `job_cancelled`, `not_a_volume` when the data does not fit the size.
 */
export async function segment(volume: Volume, options: SegmentOptions): Promise<LabelMap> {
  let result: LabelMap | undefined;
  for await (const stage of segmentStages(volume, options)) result = stage.labelMap;
  return result as LabelMap;
}

/**
 * The same, telling what is known as soon as it is: skin on the coarse grid, then skin, bone and
 * lungs on the coarse grid, then the full result. Surfaces can be made of any of them.
 */
export async function* segmentStages(
  volume: Volume,
  options: SegmentOptions,
): AsyncGenerator<SegmentStage> {
  const n = volume.size[0] * volume.size[1] * volume.size[2];
  if (n === 0 || volume.data.length !== n)
    throw new YuepianError('not_a_volume', { reason: 'the data does not fit the size' });
  const pace = new Pace(options.signal, options.onStep);
  if (options.modality === 'CT') yield* ctStages(volume, pace);
  else if (options.modality === 'MR') yield* mrStages(volume, pace);
  else yield { resolution: 'full', labelMap: labelled(volume, new Uint8Array(n), []) };
}

async function* ctStages(volume: Volume, pace: Pace): AsyncGenerator<SegmentStage> {
  const factor = coarseFactor(volume.affine, volume.size);
  const ct = await shrink(volume, factor, 'int16', pace);
  const labels = new Uint8Array(ct.data.length);
  const body = ctBody(ct);
  paint(body, labels, classicalLabels.soft);
  pace.step('body', 1);
  await pace.breathe();
  yield coarseStage(ct, labels, segmentsOf(labels));

  const rough = ctBone(ct, body);
  const edges = boneEdges(ct, rough);
  // Where the coarse grid is the full one, its edges are final and decided here.
  const bone = factor.every((f) => f === 1) ? trimEdges(ct, rough, edges) : rough;
  pace.step('bone', 1);
  await pace.breathe();
  const lungs = ctLungs(ct, body, bone);
  if (lungs !== undefined) {
    paint(lungs.left, labels, classicalLabels.lung_left);
    paint(lungs.right, labels, classicalLabels.lung_right);
  }
  paint(bone, labels, classicalLabels.bone);
  pace.step('lung', 1);
  await pace.breathe();
  yield coarseStage(ct, labels, segmentsOf(labels));

  const full = await refine(volume, labels, ct.size, factor, ctEdges(volume, edges), pace);
  yield { resolution: 'full', labelMap: labelled(volume, full, segmentsOf(full)) };
}

const ctEdges = (volume: Volume, bone: Int16Array): EdgeThresholds => ({
  body: bodyThreshold,
  bone,
  thinBone: boneThresholds(volume.affine).low,
  lung: lungThreshold,
});

async function* mrStages(volume: Volume, pace: Pace): AsyncGenerator<SegmentStage> {
  const factor = coarseFactor(volume.affine, volume.size);
  const mr = await shrink(volume, factor, 'float32', pace);
  const body = mrBody(mr);
  pace.step('body', 1);
  await pace.breathe();
  const labels = new Uint8Array(mr.data.length);
  if (body === undefined || isEmpty(body.mask)) {
    const none = new Uint8Array(volume.data.length);
    yield { resolution: 'full', labelMap: labelled(volume, none, []) };
    return;
  }
  paint(body.mask as BitMask, labels, classicalLabels.soft);
  yield coarseStage(mr, labels, segmentsOf(labels));
  const edges = {
    body: body.threshold,
    bone: undefined,
    thinBone: 0,
    lung: Number.NEGATIVE_INFINITY,
  };
  const full = await refine(volume, labels, mr.size, factor, edges, pace);
  yield { resolution: 'full', labelMap: labelled(volume, full, segmentsOf(full)) };
}

function labelled(
  grid: Volume | CoarseVolume,
  data: Uint8Array,
  segments: readonly Segment[],
): LabelMap {
  const { size, affine, frameOfReferenceUid } = grid;
  return { size, affine, frameOfReferenceUid, data, segments };
}

const coarseStage = (
  grid: CoarseVolume,
  labels: Uint8Array,
  segments: readonly Segment[],
): SegmentStage => ({
  resolution: 'coarse',
  // A stage may be meshed while the next one is painted: it owns its labels.
  labelMap: labelled(grid, labels.slice(), segments),
});

/** Only what is really there becomes a segment. */
function segmentsOf(labels: Uint8Array): Segment[] {
  const used = Object.values(classicalLabels).filter((label) => labels.includes(label));
  if (used.length === 0) return [];
  const segments: Segment[] = [{ key: 'skin', labels: used }];
  for (const key of ['bone', 'lung_left', 'lung_right'] as const)
    if (used.includes(classicalLabels[key])) segments.push({ key, labels: [classicalLabels[key]] });
  return segments;
}
