import { maskVoxels, type Structure, structure, type VolumeManifest } from '@yuepian/contract';
import { voxelsMl } from '@yuepian/geometry';
import type { SeriesStore } from '../series.store.ts';
import type { EditedModels } from './models.ts';
import { digestOfMask, type EditedState } from './state.ts';

/** A changed structure as a client sees it. Its model is made later where there is none of this state. */
export async function describeEdited(of: {
  readonly state: EditedState;
  readonly manifest: VolumeManifest;
  /** What it was made from, where that is known. */
  readonly source: Structure | undefined;
  readonly models: EditedModels;
  readonly series: SeriesStore;
}): Promise<Structure> {
  const { state, manifest, source, models, series } = of;
  const { row, mask } = state;
  const made = await models.read(state);
  if (!state.hidden && made?.revision !== state.revision) models.later(state, manifest);
  const levels = made?.levels ?? source?.levels ?? [];
  const content = digestOfMask(mask);
  const verdict = (await series.verdicts([row.id], content)).get(row.id);
  const voxels = maskVoxels(mask);
  return structure.parse({
    id: row.id,
    volumeId: row.volume_id,
    key: row.key,
    name: { zh: row.name_zh, en: row.name_en },
    colour: row.colour,
    opacity: row.opacity,
    voxels,
    volumeMl: voxelsMl(voxels, manifest.affine),
    source: `edited by ${state.by}, from ${row.origin}`,
    content,
    verified: verdict?.state === 'verified',
    ...(verdict ? { verdict } : {}),
    openEdges: made?.openEdges ?? 0,
    meshUrl: levels.at(-1)?.url ?? '',
    levels,
    // The label map is what reconstruction found; what was changed since is drawn from the mask.
    labels: [],
    edited: {
      revision: state.revision,
      by: state.by,
      at: state.at,
      from: row.origin,
      ...(made ? { meshRevision: made.revision } : {}),
    },
  });
}
