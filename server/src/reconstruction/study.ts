import {
  type SeriesDetail,
  type Structure,
  type StudyDetail,
  type StudySummary,
  structure,
  structureTable,
  type VolumeManifest,
} from '@yuepian/contract';
import type { ArchivedSeries } from '../archive/index.ts';
import type { SeriesLayoutRecord } from './child/protocol.ts';
import { type DerivedFolder, type StructureSet, structureIdOf } from './derived.ts';
import type { Editing } from './editing/index.ts';
import { modelObstacleOf } from './obstacle.ts';
import type { ReconstructionDeps } from './ports.ts';
import type { JobQueue } from './queue/index.ts';
import type { SeriesStore } from './series.store.ts';

export interface StudyParts {
  readonly deps: Pick<ReconstructionDeps, 'archive' | 'caseOfStudy'>;
  readonly derived: DerivedFolder;
  readonly queue: JobQueue;
  readonly store: SeriesStore;
  readonly editing: Editing;
}

/** What a client needs to open a study, or undefined when there is none. */
export async function describeStudy(
  uid: string,
  parts: StudyParts,
): Promise<StudyDetail | undefined> {
  const summary = await parts.deps.archive.study(uid);
  if (!summary) return undefined;
  const series = await parts.deps.archive.series(uid);
  const [caseId, described] = await Promise.all([
    parts.deps.caseOfStudy(summary.studyInstanceUid),
    Promise.all(series.map((one) => describeSeries(one, parts))),
  ]);
  return { ...(await withThumbnail(summary, parts.store)), caseId, series: described };
}

async function withThumbnail(summary: StudySummary, store: SeriesStore): Promise<StudySummary> {
  const url = (await thumbnailUrls([summary.studyInstanceUid], store)).get(
    summary.studyInstanceUid,
  );
  return url ? { ...summary, thumbnailUrl: url } : summary;
}

/** Addresses of the pictures for the library, for the studies that have one. */
export async function thumbnailUrls(
  studyUids: readonly string[],
  store: SeriesStore,
): Promise<Map<string, string>> {
  const found = await store.thumbnails(studyUids);
  return new Map(
    [...found].map(([uid, { fingerprint }]) => [
      uid,
      `/api/studies/${uid}/thumbnail?r=${fingerprint.slice(0, 16)}`,
    ]),
  );
}

async function describeSeries(series: ArchivedSeries, parts: StudyParts): Promise<SeriesDetail> {
  const uid = series.seriesInstanceUid;
  const [stored, volumeJob, modelJob] = await Promise.all([
    parts.store.get(uid),
    parts.queue.latest(uid, 'volume'),
    parts.queue.latest(uid, 'reconstruction'),
  ]);
  const layout = stored?.layout;
  const volumes = layout ? await manifestsOf(layout, parts.derived) : [];
  const lost = layout?.kind === 'volume' && volumes.length < layout.volumes.length;
  const kind = layout === undefined || lost ? 'preparing' : layout.kind;
  const job =
    kind === 'preparing' ? (modelJob?.state === 'running' ? modelJob : volumeJob) : modelJob;
  const main = kind === 'volume' && volumes.find((v) => v.id === layout?.mainVolume);
  const obstacle = main ? modelObstacleOf(main) : undefined;
  const models = kind === 'volume' ? await modelsOf(layout, parts) : { structures: [] };
  return {
    seriesInstanceUid: uid,
    ...(series.number === undefined ? {} : { number: series.number }),
    modality: series.modality,
    description: series.description,
    bodyPart: series.bodyPart,
    instanceCount: series.instanceCount,
    kind,
    volumes: kind === 'preparing' ? [] : volumes,
    ...(layout?.frames && !lost ? { frames: layout.frames } : {}),
    warnings: layout?.warnings ?? [],
    reconstruction: job ? { state: job.state, job } : { state: 'none' },
    reconstructable: Boolean(main) && obstacle === undefined,
    ...(obstacle ? { modelObstacle: obstacle } : {}),
    ...(stored?.layout.thumbnail
      ? { thumbnailUrl: `/api/series/${uid}/thumbnail?r=${stored.fingerprint.slice(0, 16)}` }
      : {}),
    ...models,
  };
}

async function manifestsOf(
  layout: SeriesLayoutRecord,
  derived: DerivedFolder,
): Promise<VolumeManifest[]> {
  const found = await Promise.all(layout.volumes.map((id) => derived.manifest(id)));
  return found.filter((manifest) => manifest !== undefined);
}

async function modelsOf(
  layout: SeriesLayoutRecord | undefined,
  parts: StudyParts,
): Promise<Pick<SeriesDetail, 'structures' | 'labelMap'>> {
  const volume = layout?.mainVolume;
  const set = volume && (await parts.derived.structures(volume));
  const manifest = volume && (await parts.derived.manifest(volume));
  if (!volume || !manifest) return { structures: [] };
  if (!set) return { structures: await parts.editing.overlay(manifest, []) };
  const ids = set.structures.map((s) => structureIdOf(volume, s.key));
  const verified = await parts.store.verified(ids, set.digest);
  const found = set.structures.map((s) =>
    describeStructure(volume, set, s, verified.has(structureIdOf(volume, s.key))),
  );
  return {
    structures: await parts.editing.overlay(manifest, found),
    ...(set.labels
      ? {
          labelMap: {
            level: set.labels.level,
            url: `/api/volumes/${volume}/labels?r=${set.digest}`,
          },
        }
      : {}),
  };
}

/** The structures of a series, changed ones included; undefined for an unknown series. */
export async function structuresOf(
  uid: string,
  parts: StudyParts,
): Promise<Pick<SeriesDetail, 'structures' | 'labelMap'> | undefined> {
  const stored = await parts.store.get(uid);
  return stored && modelsOf(stored.layout, parts);
}

/** A structure as a client sees it. `key` may be numbered, `rib_3`: it takes the name of its kind. */
export function describeStructure(
  volume: string,
  set: StructureSet,
  found: StructureSet['structures'][number],
  verified: boolean,
): Structure {
  const id = structureIdOf(volume, found.key);
  const known = knownStructure(found.key);
  const levels = found.levels.map(({ triangles, bytes }, lod) => ({
    triangles,
    bytes,
    url: `/api/structures/${id}/mesh/${lod}?r=${set.digest}`,
  }));
  return structure.parse({
    id,
    volumeId: volume,
    key: found.key,
    name: known.name,
    colour: known.colour,
    // Skin alone hides nothing: as a translucent hull around nothing it is hard to make out.
    opacity: set.structures.length === 1 ? 1 : known.opacity,
    voxels: found.voxels,
    volumeMl: found.volumeMl,
    source: set.source,
    verified,
    ...(set.preview ? { preview: true } : {}),
    openEdges: found.openEdges,
    meshUrl: levels.at(-1)?.url ?? '',
    levels,
    labels: found.labels,
  });
}

function knownStructure(key: string) {
  const table: Readonly<
    Record<string, { zh: string; en: string; colour: string; opacity: number }>
  > = structureTable;
  const [, kind = key, number] = /^(.*?)_(\d+)$/.exec(key) ?? [];
  const entry = table[key] ?? table[kind];
  const suffix = table[key] || number === undefined ? '' : ` ${number}`;
  return {
    name: { zh: `${entry?.zh ?? key}${suffix}`, en: `${entry?.en ?? key}${suffix}` },
    colour: entry?.colour ?? '#c0c0c0',
    opacity: entry?.opacity ?? 1,
  };
}
