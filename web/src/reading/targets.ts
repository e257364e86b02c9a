import {
  findingOfKey,
  type SeriesDetail,
  type Structure,
  type StructureLook,
  type StudyDetail,
  type ViewState,
} from '@yuepian/contract';
import { type PatientPoint, toVoxel } from '@yuepian/geometry';
import type { Shown } from './room-state.ts';

/** What of a series can be shown, in the order it is offered. */
export function targetsOf(series: SeriesDetail): Shown[] {
  const volumes = series.volumes.map((manifest): Shown => ({ kind: 'volume', series, manifest }));
  const hasFrames = series.frames !== undefined && series.frames.frames.length > 0;
  return hasFrames && series.frames
    ? [...volumes, { kind: 'frames', series, stack: series.frames }]
    : volumes;
}

export const targetId = (shown: Shown): string =>
  shown.kind === 'volume' ? shown.manifest.id : `frames-${shown.series.seriesInstanceUid}`;

const voxels = (shown: Shown): number =>
  shown.kind === 'volume' ? shown.manifest.size.reduce((a, b) => a * b, 1) : 0;

/**
 * What a study opens with: where it was left, else its largest anatomical volume, else any volume,
 * else the first images.
 */
export function firstTarget(
  study: StudyDetail,
  view: Pick<Partial<ViewState>, 'seriesInstanceUid' | 'volumeId'>,
): Shown | undefined {
  const all = study.series.flatMap(targetsOf);
  const left =
    all.find((s) => view.volumeId !== undefined && targetId(s) === view.volumeId) ??
    all.find((s) => s.series.seriesInstanceUid === view.seriesInstanceUid);
  if (left) return left;
  const anatomical = all.filter(
    (s) => s.kind === 'volume' && ['CT', 'MR'].includes(s.series.modality),
  );
  const volumes = all.filter((s) => s.kind === 'volume');
  const pool = [anatomical, volumes, all].find((list) => list.length > 0) ?? [];
  return pool.reduce<Shown | undefined>(
    (best, s) => (best === undefined || voxels(s) > voxels(best) ? s : best),
    undefined,
  );
}

/** The same target in a study that was asked for again; undefined when it is gone. */
export function refreshed(study: StudyDetail, shown: Shown): Shown | undefined {
  return study.series.flatMap(targetsOf).find((s) => targetId(s) === targetId(shown));
}

/** What took the place of a target that is gone: more images came, and its series was laid out anew. */
export const successor = (study: StudyDetail, gone: Shown): Shown | undefined =>
  study.series
    .filter((s) => s.seriesInstanceUid === gone.series.seriesInstanceUid)
    .flatMap(targetsOf)[0];

/** Whether the pixels themselves differ, so that what is on the screen is no longer true. */
export const isOtherContent = (a: Shown, b: Shown): boolean =>
  targetId(a) !== targetId(b) ||
  (a.kind === 'volume' && b.kind === 'volume'
    ? a.manifest.revision !== b.manifest.revision
    : a.kind === 'frames' && b.kind === 'frames'
      ? a.stack.frames.length !== b.stack.frames.length
      : true);

/**
 * The models that belong to what is shown: the automatic ones and people's own first, then those of
 * each network and of other makers. Two sets may name the same organ, so theirs carry their set in the
 * key; their outlines come from their voxels, since the label map of the slices is the automatic one.
 */
export function structuresOf(shown: Shown | undefined): readonly Structure[] {
  if (shown?.kind !== 'volume') return [];
  const { structures, structureSets } = shown.series;
  const others = structureSets
    .filter((set) => set.id !== 'classical')
    .flatMap((set) => set.structures.map((s) => ({ ...s, key: `${set.id}-${s.key}`, labels: [] })));
  return [...structures, ...others].filter((s) => s.volumeId === shown.manifest.id);
}

/**
 * How a structure looks as long as nobody has said otherwise: its own colours, and in sight, but for a
 * bone whose single bones are listed, whoever had them made: both lie in one place, and the whole would
 * cover its parts.
 */
export function firstLook(shown: Shown | undefined, s: Structure): StructureLook {
  const own = { visible: true, opacity: s.opacity, colour: s.colour };
  if (shown?.kind !== 'volume' || findingOfKey(s.key.replace(/^[a-z0-9]+-/, '')) !== 'bones')
    return own;
  const isSplit = shown.series.structureSets.some(
    (set) => set.of === s.id && set.complete && set.structures.length > 0,
  );
  return { ...own, visible: !isSplit };
}

/** Whether a point lies inside the volume's box. */
export function isInside(shown: Extract<Shown, { kind: 'volume' }>, p: PatientPoint): boolean {
  const { affine, size } = shown.manifest;
  return toVoxel(affine, p).every((x, axis) => x >= -0.5 && x <= (size[axis] ?? 0) - 0.5);
}
