import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  frameOfReferenceUid,
  type VolumeId,
  type VolumeManifest,
  volumeManifest,
  type Warning,
  YuepianError,
} from '@yuepian/contract';
import {
  assembleVolume,
  autoWindow,
  type InstanceHeader,
  layoutSeries,
  rectify,
  uidFrom,
  type VolumePlan,
} from '@yuepian/dicom';
import { type Volume, voxelTypeOf } from '@yuepian/geometry';
import { nameOf, replaceFolder, volumeIdOf } from '../derived.ts';
import { modelObstacleOf } from '../obstacle.ts';
import { valueRange, volumeThumbnail, writePyramid } from '../pyramid/index.ts';
import { describeFrames, displayableHeaders } from './frames.ts';
import { checkMemory } from './memory.ts';
import type { SeriesLayoutRecord } from './protocol.ts';
import { readHeaders, type SeriesFile, SeriesFrames } from './series-files.ts';

export interface DeriveOptions {
  readonly seriesInstanceUid: string;
  readonly fingerprint: string;
  /** Where finished volumes go: `derived/` of the data folder. */
  readonly derived: string;
  readonly scratch: string;
  readonly memoryBytes?: number | undefined;
  readonly onStep: (step: string, fraction: number) => void;
}

export interface DerivedSeries {
  readonly layout: SeriesLayoutRecord;
  /** The volume models are made of, still in memory. */
  readonly main?: { readonly manifest: VolumeManifest; readonly volume: Volume };
}

/** Shares of the work, by the clock on 512 × 512 × 500. */
const shares = { read: 0.1, decode: 0.3, pyramid: 0.6 };

/**
 * From the files of a series to its pyramids, each moved to its place when it is whole.
 * @throws YuepianError out_of_memory; errors of the disk.
 */
export async function deriveSeries(
  files: readonly SeriesFile[],
  options: DeriveOptions,
): Promise<DerivedSeries> {
  const headers = await readHeaders(files, (f) => options.onStep('read', f * shares.read));
  const images = headers.filter((header) => header.kind === 'image');
  if (images.length === 0) {
    const layout = { version: 1, kind: 'document', volumes: [], reconstructable: false } as const;
    return { layout: { ...layout, volumes: [], warnings: [] } };
  }
  const frames = new SeriesFrames(files);
  try {
    return await deriveImages(images, frames, options);
  } finally {
    await frames.close();
  }
}

async function deriveImages(
  images: readonly InstanceHeader[],
  frames: SeriesFrames,
  options: DeriveOptions,
): Promise<DerivedSeries> {
  let { usable, problems } = await displayableHeaders(images);
  for (;;) {
    const plan = layoutSeries([...usable]);
    const broken = await tryVolumes(plan.volumes, frames, options);
    if ('volumes' in broken) {
      const stack = await describeFrames({
        images,
        single: plan.single,
        problems,
        frames,
        options,
        hasVolume: broken.volumes.length > 0,
      });
      const { main } = broken;
      return {
        layout: {
          version: 1,
          kind: broken.volumes.length > 0 ? 'volume' : stack.kind,
          volumes: broken.volumes.map((v) => v.id),
          ...(main ? { mainVolume: main.manifest.id } : {}),
          reconstructable: main !== undefined && modelObstacleOf(main.manifest) === undefined,
          ...(stack.frames ? { frames: stack.frames } : {}),
          warnings: [...plan.warnings, ...stack.warnings],
          ...(main
            ? { thumbnail: { folder: main.manifest.id, rank: rankOf(main.manifest) } }
            : stack.thumbnail
              ? { thumbnail: stack.thumbnail }
              : {}),
        },
        ...(main ? { main } : {}),
      };
    }
    // Some frames cannot be decoded: the volume is made without them, with its gap warned about.
    problems = new Map([...problems, ...broken.problems]);
    usable = usable.filter((header) => !problems.has(header.sopInstanceUid));
  }
}

type Outcome =
  | {
      readonly volumes: readonly VolumeManifest[];
      readonly main?: NonNullable<DerivedSeries['main']>;
    }
  | { readonly problems: ReadonlyMap<string, Warning> };

async function tryVolumes(
  plans: readonly VolumePlan[],
  frames: SeriesFrames,
  options: DeriveOptions,
): Promise<Outcome> {
  const named = nameVolumes(plans, options);
  const total = plans.reduce((sum, plan) => sum + voxelsOf(plan), 0);
  // The biggest one last: it stays in memory for the models, and only one at a time does.
  const order = [...named].sort((a, b) => voxelsOf(a.plan) - voxelsOf(b.plan));
  const made = new Map<VolumeId, VolumeManifest>();
  let main: DerivedSeries['main'];
  let before = shares.read;
  for (const { id, plan } of order) {
    const share = (1 - shares.read) * (voxelsOf(plan) / total);
    const start = before;
    before += share;
    checkMemory(bytesFor(plan), options.memoryBytes);
    const decodeShare = shares.decode / (shares.decode + shares.pyramid);
    const volume = await assemble(plan, frames, (f) =>
      options.onStep('decode', start + f * share * decodeShare),
    );
    if (volume instanceof Map) return { problems: volume };
    const manifest = await publishVolume({ id, plan, volume, options }, (f) =>
      options.onStep('pyramid', start + share * (decodeShare + f * (1 - decodeShare))),
    );
    made.set(id, manifest);
    main = { manifest, volume: { ...volume, frameOfReferenceUid: manifest.frameOfReferenceUid } };
  }
  const volumes = named.flatMap(({ id }) => made.get(id) ?? []);
  return main ? { volumes, main } : { volumes };
}

interface NamedPlan {
  readonly id: VolumeId;
  readonly plan: VolumePlan;
}

function nameVolumes(plans: readonly VolumePlan[], options: DeriveOptions): NamedPlan[] {
  const seen = new Map<string, number>();
  return plans.map((plan) => {
    const ordinal = seen.get(plan.label) ?? 0;
    seen.set(plan.label, ordinal + 1);
    return { id: volumeIdOf(options.seriesInstanceUid, plan.label, ordinal), plan };
  });
}

const voxelsOf = (plan: VolumePlan): number => plan.size[0] * plan.size[1] * plan.size[2];

/** Voxels twice where they are resampled, the coarse levels, and room for float32 where it may come. */
function bytesFor(plan: VolumePlan): number {
  const whole = plan.slices.every(
    (s) => Number.isInteger(s.rescale.slope) && Number.isInteger(s.rescale.intercept),
  );
  return voxelsOf(plan) * (whole ? 2 : 4) * (plan.uniform ? 1.3 : 2.6);
}

/** The checked volume on a rectangular grid, or the frames that cannot be had and why. */
async function assemble(
  plan: VolumePlan,
  frames: SeriesFrames,
  onProgress: (fraction: number) => void,
): Promise<Volume | Map<string, Warning>> {
  try {
    const stored = await assembleVolume(plan, frames.source(plan.slices), {
      onProgress: (done, total) => onProgress(done / total),
    });
    return rectify(stored, plan);
  } catch (error) {
    if (!(error instanceof YuepianError) || error.code === 'out_of_memory') throw error;
    const problems = await frames.problems(plan.slices);
    if (problems.size === 0) throw error;
    return problems;
  }
}

async function publishVolume(
  { id, plan, volume, options }: NamedPlan & { volume: Volume; options: DeriveOptions },
  onProgress: (fraction: number) => void,
): Promise<VolumeManifest> {
  const building = path.join(options.scratch, id);
  await mkdir(building, { recursive: true });
  const windows = plan.windows.length > 0 ? [...plan.windows] : [autoWindow(volume, plan)];
  const [window] = windows;
  const levels = await writePyramid(building, volume, { onProgress });
  if (window) {
    const look = { modality: plan.modality, window, invert: plan.invert };
    await writeFile(path.join(building, 'thumbnail.png'), volumeThumbnail(volume, look));
  }
  const manifest = volumeManifest.parse({
    version: 1,
    id,
    revision: nameOf('revision', options.fingerprint, id).slice(0, 16),
    seriesInstanceUid: plan.seriesInstanceUid,
    frameOfReferenceUid: frameOfReferenceOf(volume, options),
    modality: plan.modality,
    label: plan.label,
    voxelType: voxelTypeOf(volume.data),
    unit: plan.unit,
    ...(plan.suvFactor === undefined ? {} : { suvFactor: plan.suvFactor }),
    valueRange: valueRange(volume.data),
    size: [...volume.size],
    affine: [...volume.affine],
    warnings: [...plan.warnings],
    windows,
    invert: plan.invert,
    levels,
    resampled: !plan.uniform,
    source: plan.slices.map(({ sopInstanceUid, frame, distance }) => ({
      sopInstanceUid,
      frame,
      distance,
    })),
  });
  await writeFile(path.join(building, 'manifest.json'), JSON.stringify(manifest));
  await replaceFolder(building, path.join(options.derived, id), options.scratch);
  return manifest;
}

/**
 * The space that marks on this volume lie in. A series that names none (or no UID) gets one of its
 * own, which links it to no other; the plan warns about it.
 */
const frameOfReferenceOf = (volume: Volume, { seriesInstanceUid }: DeriveOptions): string =>
  frameOfReferenceUid.safeParse(volume.frameOfReferenceUid).success
    ? volume.frameOfReferenceUid
    : uidFrom(`frame of reference ${seriesInstanceUid}`);

/** CT and MR before others, big before small. */
const rankOf = (manifest: VolumeManifest): number =>
  (manifest.modality === 'CT' || manifest.modality === 'MR' ? 20 : 10) +
  Math.min(9, (manifest.size[0] * manifest.size[1] * manifest.size[2]) / 2e7);
