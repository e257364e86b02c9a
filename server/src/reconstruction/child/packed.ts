import { type GlbOptions, toGlb } from '@yuepian/reconstruct';
import type { Model } from './models.ts';

/** A model as it is written: each level of detail a GLB file. */
export interface PackedModel {
  readonly key: string;
  readonly labels: readonly number[];
  readonly voxels: number;
  readonly volumeMl: number;
  /** Of the finest level; 0 when it is closed. */
  readonly openEdges: number;
  readonly seconds: number;
  /** Coarse first. */
  readonly levels: readonly {
    readonly glb: Uint8Array<ArrayBuffer>;
    readonly triangles: number;
  }[];
}

export async function packed(model: Model, options: GlbOptions): Promise<PackedModel> {
  const { surface, seconds } = model;
  const { key, labels, voxels, volumeMl } = surface;
  const levels = [];
  for (const mesh of model.levels)
    levels.push({ glb: await toGlb([mesh], options), triangles: mesh.indices.length / 3 });
  const openEdges = model.levels.at(-1)?.openEdges ?? 0;
  return { key, labels, voxels, volumeMl, openEdges, seconds, levels };
}
