import { YuepianError } from '@yuepian/contract';
import type { LabelMap, Segment, Vec3, Volume } from '@yuepian/geometry';
import { type BitMask, cropMask, isEmpty, paint } from '../grid/bits.ts';
import { components } from '../grid/components.ts';
import { type CoarseVolume, cropCoarse, shrink } from '../grid/shrink.ts';
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
  const whole = await shrink(volume, factor, 'int16', pace);
  const labels = new Uint8Array(whole.data.length);
  const wholeBody = await ctBody(whole, pace);
  paint(wholeBody, labels, classicalLabels.soft);
  pace.step('body', 1);
  await pace.breathe();
  const skin = segmentsOf(presentIn(labels));
  yield coarseStage(whole, labels, skin);
  if (skin.length === 0) {
    const none = new Uint8Array(volume.data.length);
    yield { resolution: 'full', labelMap: labelled(volume, none, []) };
    return;
  }

  // From here on, only the columns and rows that hold the patient.
  const box = bodyBox(wholeBody);
  const ct = cropCoarse(whole, box.first, box.size);
  const body = cropMask(wholeBody, box.first, box.size);
  const rough = await ctBone(ct, body, pace);
  const edges = boneEdges(ct, rough);
  // Where the coarse grid is the full one, its edges are final and decided here.
  const bone = factor.every((f) => f === 1) ? trimEdges(ct, rough, edges) : rough;
  pace.step('bone', 1);
  await pace.breathe();
  const lungs = await ctLungs(ct, body, bone, pace);
  if (lungs !== undefined) {
    paint(lungs.left, labels, classicalLabels.lung_left, whole.size, box.first);
    paint(lungs.right, labels, classicalLabels.lung_right, whole.size, box.first);
  }
  paint(bone, labels, classicalLabels.bone, whole.size, box.first);
  pace.step('lung', 1);
  await pace.breathe();
  yield coarseStage(whole, labels, segmentsOf(presentIn(labels)));

  const thresholds = ctEdges(volume, pasted(edges, ct.size, whole.size, box.first));
  const full = await refine(volume, labels, whole.size, factor, thresholds, pace);
  yield { resolution: 'full', labelMap: labelled(volume, full.data, segmentsOf(full.present)) };
}

/** Columns and rows around the patient with a rim of air; all slices, whose ends mean something. */
function bodyBox(body: BitMask): { first: Vec3; size: Vec3 } {
  const c = components(body);
  const rim = 2;
  const low = (axis: 0 | 1): number => {
    let n = body.size[axis];
    for (let k = 0; k < c.count; k++) n = Math.min(n, c.boxes[k * 6 + axis * 2] as number);
    return Math.max(0, n - rim);
  };
  const high = (axis: 0 | 1): number => {
    let n = 0;
    for (let k = 0; k < c.count; k++) n = Math.max(n, c.boxes[k * 6 + axis * 2 + 1] as number);
    return Math.min(body.size[axis] - 1, n + rim);
  };
  const first: Vec3 = [low(0), low(1), 0];
  return { first, size: [high(0) - first[0] + 1, high(1) - first[1] + 1, body.size[2]] };
}

/** A part put back into its place; zeros around it. */
function pasted(part: Int16Array, size: Vec3, whole: Vec3, first: Vec3): Int16Array {
  const out = new Int16Array(whole[0] * whole[1] * whole[2]);
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const from = size[0] * (y + size[1] * z);
      const to = first[0] + whole[0] * (first[1] + y + whole[1] * (first[2] + z));
      out.set(part.subarray(from, from + size[0]), to);
    }
  }
  return out;
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
  yield coarseStage(mr, labels, segmentsOf(presentIn(labels)));
  const edges = {
    body: body.threshold,
    bone: undefined,
    thinBone: 0,
    lung: Number.NEGATIVE_INFINITY,
  };
  const full = await refine(volume, labels, mr.size, factor, edges, pace);
  yield { resolution: 'full', labelMap: labelled(volume, full.data, segmentsOf(full.present)) };
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

/** 1 << label for every label that occurs, united. */
function presentIn(labels: Uint8Array): number {
  let present = 0;
  for (let i = 0; i < labels.length; i++) present |= 1 << (labels[i] as number);
  return present;
}

/** Only what is really there becomes a segment. */
function segmentsOf(present: number): Segment[] {
  const used = Object.values(classicalLabels).filter((label) => (present & (1 << label)) !== 0);
  if (used.length === 0) return [];
  const segments: Segment[] = [{ key: 'skin', labels: used }];
  for (const key of ['bone', 'lung_left', 'lung_right'] as const)
    if (used.includes(classicalLabels[key])) segments.push({ key, labels: [classicalLabels[key]] });
  return segments;
}
