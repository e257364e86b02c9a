import {
  type SeriesDetail,
  type Structure,
  type StructureSetDetail,
  type StudyDetail,
  type StudySummary,
  structure,
  structureSet,
  structureTable,
  type VolumeManifest,
} from '@yuepian/contract';
import type { ArchivedSeries } from '../archive/index.ts';
import type { SeriesLayoutRecord } from './child/protocol.ts';
import {
  classicalSet,
  type DerivedFolder,
  type DerivedStructure,
  type StructureSet,
  structureIdOf,
} from './derived.ts';
import type { Editing } from './editing/index.ts';
import type { ForeignStore } from './foreign/foreign.store.ts';
import { modelObstacleOf } from './obstacle.ts';
import type { ReconstructionDeps } from './ports.ts';
import type { JobQueue } from './queue/index.ts';
import type { SeriesStore, Verdict } from './series.store.ts';

export interface StudyParts {
  readonly deps: Pick<ReconstructionDeps, 'archive' | 'caseOfStudy'>;
  readonly derived: DerivedFolder;
  readonly queue: JobQueue;
  readonly store: SeriesStore;
  readonly editing: Editing;
  readonly foreign: ForeignStore;
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
  const [stored, volumeJob, modelJob, networkJob] = await Promise.all([
    parts.store.get(uid),
    parts.queue.latest(uid, 'volume'),
    parts.queue.latest(uid, 'reconstruction'),
    parts.queue.latest(uid, 'model'),
  ]);
  const layout = stored?.layout;
  const volumes = layout ? await manifestsOf(layout, parts.derived) : [];
  const lost = layout?.kind === 'volume' && volumes.length < layout.volumes.length;
  const kind = layout === undefined || lost ? 'preparing' : layout.kind;
  const job =
    kind === 'preparing' ? (modelJob?.state === 'running' ? modelJob : volumeJob) : modelJob;
  const main = kind === 'volume' && volumes.find((v) => v.id === layout?.mainVolume);
  const obstacle = main ? modelObstacleOf(main) : undefined;
  const { sets, structures, labelMap } = await modelsOf(
    kind === 'volume' ? layout : undefined,
    parts,
  );
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
    structures,
    ...(labelMap ? { labelMap } : {}),
    structureSets: sets,
    ...(networkJob ? { modelJob: networkJob } : {}),
    unshown: await parts.foreign.unshown(uid),
  };
}

async function manifestsOf(
  layout: SeriesLayoutRecord,
  derived: DerivedFolder,
): Promise<VolumeManifest[]> {
  const found = await Promise.all(layout.volumes.map((id) => derived.manifest(id)));
  return found.filter((manifest) => manifest !== undefined);
}

/**
 * Sets of the volumes as people have left them: a changed structure stands in the place of what
 * it was made from; structures that people began stand behind the automatic ones.
 */
async function modelsOf(
  layout: SeriesLayoutRecord | undefined,
  parts: StudyParts,
): Promise<Pick<SeriesDetail, 'structures' | 'labelMap'> & { sets: StructureSetDetail[] }> {
  const found = await setsOf(layout, parts);
  const now = new Map<string, Structure>();
  for (const manifest of layout ? await manifestsOf(layout, parts.derived) : []) {
    const mine = found.filter((set) => set.volumeId === manifest.id);
    const changed = await parts.editing.overlay(
      manifest,
      mine.flatMap((set) => set.structures),
    );
    for (const [id, one] of changed) now.set(id, one);
  }
  const sets = found.map((set) => ({
    ...set,
    structures: set.structures.flatMap((s) => now.get(s.id) ?? []),
  }));
  const named = new Set(found.flatMap((set) => set.structures.map((s) => s.id)));
  const own = [...now.values()].filter((s) => !named.has(s.id));
  const automatic = sets.find((set) => set.id === classicalSet);
  return {
    structures: [...(automatic?.structures ?? []), ...own],
    ...(automatic?.labelMap ? { labelMap: automatic.labelMap } : {}),
    sets,
  };
}

/** All sets of the series' volumes, the classical one first. */
async function setsOf(
  layout: SeriesLayoutRecord | undefined,
  parts: StudyParts,
): Promise<StructureSetDetail[]> {
  const main = layout?.mainVolume;
  if (!layout || !main) return [];
  // Others may have drawn on a volume that is not the biggest.
  const volumes = [main, ...layout.volumes.filter((id) => id !== main)];
  const found = await Promise.all(
    volumes.map(async (volume) => {
      const names = [
        ...(volume === main ? [classicalSet] : []),
        ...(await parts.derived.setNames(volume)),
      ];
      return Promise.all(names.map((name) => describeSet(volume, name, parts)));
    }),
  );
  return found.flat().filter((set) => set !== undefined);
}

async function describeSet(
  volume: string,
  name: string,
  { derived, store }: Pick<StudyParts, 'derived' | 'store'>,
): Promise<StructureSetDetail | undefined> {
  const set = await derived.structures(volume, name);
  if (!set) return undefined;
  const ids = set.structures.map((s) => structureIdOf(volume, s.key, name));
  const verdicts = await store.verdicts(ids, set.digest);
  const query = name === classicalSet ? '' : `&set=${name}`;
  return structureSet.parse({
    id: name,
    volumeId: volume,
    kind: set.kind,
    source: set.source,
    title: set.title ?? { zh: '自动预览', en: 'Automatic preview' },
    ...(set.model ? { model: set.model } : {}),
    ...(set.of ? { of: set.of } : {}),
    ...(set.ofContent === undefined ? {} : { ofContent: set.ofContent }),
    ...(set.sopInstanceUid ? { sopInstanceUid: set.sopInstanceUid } : {}),
    complete: set.complete,
    notes: set.notes,
    ...(set.run ? { run: set.run } : {}),
    ...(set.labels
      ? {
          labelMap: {
            level: set.labels.level,
            url: `/api/volumes/${volume}/labels?r=${set.digest}${query}`,
          },
        }
      : {}),
    structures: set.structures.map((s) =>
      describeStructure({
        volume,
        name,
        set,
        found: s,
        verdict: verdicts.get(structureIdOf(volume, s.key, name)),
      }),
    ),
  });
}

/** The structures of a series, changed ones included; undefined for an unknown series. */
export async function structuresOf(
  uid: string,
  parts: StudyParts,
): Promise<Pick<SeriesDetail, 'structures' | 'labelMap' | 'structureSets'> | undefined> {
  const stored = await parts.store.get(uid);
  if (!stored) return undefined;
  const { sets, ...rest } = await modelsOf(stored.layout, parts);
  return { ...rest, structureSets: sets };
}

/** A structure as a client sees it. `key` may be numbered, `rib_3`: it takes the name of its kind. */
export function describeStructure(input: {
  volume: string;
  /** Of the set. */
  name: string;
  set: StructureSet;
  found: DerivedStructure;
  verdict: Verdict | undefined;
}): Structure {
  const { volume, set, found, verdict } = input;
  const id = structureIdOf(volume, found.key, input.name);
  const known = knownStructure(found.key);
  const levels = found.levels.map(({ triangles, bytes }, lod) => ({
    triangles,
    bytes,
    url: `/api/structures/${id}/mesh/${lod}?r=${set.digest}`,
  }));
  const opacity = found.opacity ?? known.opacity;
  return structure.parse({
    id,
    volumeId: volume,
    key: found.key,
    name: found.name ?? known.name,
    colour: found.colour ?? known.colour,
    // Skin alone hides nothing: as a translucent hull around nothing it is hard to make out.
    opacity: set.kind === 'classical' && set.structures.length === 1 ? 1 : opacity,
    voxels: found.voxels,
    volumeMl: found.volumeMl,
    source: set.source,
    content: set.digest,
    verified: verdict?.state === 'verified',
    ...(verdict ? { verdict } : {}),
    ...(set.preview ? { preview: true } : {}),
    ...(found.sureness
      ? {
          sureness: {
            ...found.sureness,
            url: `/api/structures/${id}/sureness?r=${set.digest}`,
          },
        }
      : {}),
    ...(found.stone ? { stone: found.stone } : {}),
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
