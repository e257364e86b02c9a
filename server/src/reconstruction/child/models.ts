import { createHash } from 'node:crypto';
import type { LabelMap, Volume } from '@yuepian/geometry';
import {
  levelsOfDetail,
  levelTrianglesAmong,
  type Mesh,
  type SegmentSurface,
  segmentStages,
  surfaces,
} from '@yuepian/reconstruct';

/** Shares of a reconstruction by the clock, so that the bar moves evenly. */
const segmentSteps: Readonly<Record<string, readonly [number, number]>> = {
  body: [0.02, 0.2],
  bone: [0.2, 0.25],
  lung: [0.25, 0.3],
  refine: [0.3, 0.6],
};
const segmented = 0.6;
const surfaced = 0.95;

export interface Model {
  readonly surface: SegmentSurface;
  /** Coarse first. */
  readonly levels: readonly Mesh[];
  /** From the start of the run to this model being there. */
  readonly seconds: number;
}

export interface ProgressOptions {
  /** Step and fraction of the whole run. */
  readonly onStep?: (step: string, fraction: number) => void;
}

/**
 * The label map of a volume, full resolution. `onCoarse` gets what is known earlier, on a grid of
 * voxels up to 2 mm: first the skin, then everything. The segmentation waits for it.
 */
export async function labelsOf(
  volume: Volume,
  options: ProgressOptions & { readonly modality: string },
  onCoarse?: (map: LabelMap) => Promise<void> | undefined,
): Promise<LabelMap> {
  const onStep = (name: string, fraction: number): void => {
    const [start, end] = segmentSteps[name] ?? [0, 0];
    options.onStep?.(name, start + (end - start) * fraction);
  };
  for await (const stage of segmentStages(volume, { modality: options.modality, onStep })) {
    if (stage.resolution === 'full') return stage.labelMap;
    await onCoarse?.(stage.labelMap);
  }
  throw new Error('segmentation ended without a result');
}

export interface ModelOptions extends ProgressOptions {
  /** Triangles of the levels of detail. */
  readonly levels?: readonly number[];
  /** Triangles before simplification; few make a rough model soon. */
  readonly maxTriangles?: number;
}

/** Models one after another, skin first: it is what people know the patient by. */
export async function* modelsOf(
  map: LabelMap,
  options: ModelOptions = {},
  startedAt = performance.now(),
): AsyncGenerator<Model> {
  const keys = map.segments.map((segment) => segment.key);
  const first = keys.filter((key) => key === 'skin');
  const targets = options.levels ?? levelTrianglesAmong(keys.length);
  const batches = [first, keys.filter((key) => key !== 'skin')].filter((b) => b.length > 0);
  let done = 0;
  for (const batch of batches) {
    const from = segmented + (surfaced - segmented) * (done / keys.length);
    const share = (surfaced - segmented) * (batch.length / keys.length);
    const onStep = (_: string, fraction: number): void =>
      options.onStep?.('surface', from + share * Math.min(1, fraction) * 0.9);
    const { maxTriangles } = options;
    const limit = maxTriangles === undefined ? {} : { maxTriangles };
    for (const surface of await surfaces(map, { keys: batch, onStep, ...limit })) {
      const levels = await levelsOfDetail(surface, targets);
      yield { surface, levels, seconds: (performance.now() - startedAt) / 1000 };
    }
    done += batch.length;
  }
}

/** Names the content of a label map. */
export function digestOf(map: LabelMap): string {
  const hash = createHash('sha256').update(map.data);
  hash.update(JSON.stringify([map.size, map.affine, map.segments]));
  return hash.digest('base64url').slice(0, 22);
}

/** Rank of each label when several meet in one coarse voxel: bone, then organs, then what holds them. */
export function labelRanks(map: LabelMap): Uint8Array {
  const rank = new Uint8Array(256);
  for (const { key, labels } of map.segments) {
    const own = key === 'bone' ? 3 : key === 'skin' || key === 'body' ? 1 : 2;
    for (const label of labels) rank[label] = Math.max(rank[label] as number, own);
  }
  return rank;
}
