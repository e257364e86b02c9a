import { structureTable, type VolumeManifest, YuepianError } from '@yuepian/contract';
import {
  contoursToLabelMap,
  type Dataset,
  readRtStructureSet,
  readSegmentation,
  rtStructureSetStorage,
} from '@yuepian/dicom';
import type { LabelMap } from '@yuepian/geometry';
import type { ChildTask, FromChild, ToChild } from '../child/protocol.ts';
import { parse, type SeriesFile } from '../child/series-files.ts';
import { type DerivedFolder, setNameOf } from '../derived.ts';
import { type Look, writeSet } from '../networks/set-output.ts';
import { foreignSopClasses } from './sop-classes.ts';

export interface ForeignRun {
  readonly task: ChildTask;
  readonly files: readonly SeriesFile[];
  readonly derived: DerivedFolder;
  readonly onStep: (step: string, fraction: number) => void;
  readonly ask: (message: FromChild) => Promise<ToChild>;
  readonly tell: (message: FromChild) => Promise<void>;
}

/** What an object says about itself before its voxels are looked at. */
interface ForeignObject {
  readonly kind: 'segmentation' | 'rtstruct';
  readonly sopInstanceUid: string;
  readonly title: string;
  readonly source: string;
  readonly seriesInstanceUids: readonly string[];
  readonly frameOfReferenceUid: string;
  /** @throws YuepianError cannot_decode, not_a_volume, pixel_data_short. */
  labels(grid: VolumeManifest): {
    readonly map: LabelMap;
    readonly looks: ReadonlyMap<string, Look>;
    readonly notes: readonly { zh: string; en: string }[];
  };
}

/**
 * Reads the segmentations and contours of a series as structures of the series they refer to. One
 * that cannot be shown is told with its reason; it stays in the archive as it came.
 */
export async function readForeign(run: ForeignRun): Promise<void> {
  for (const [n, file] of run.files.entries()) {
    run.onStep('read', n / run.files.length);
    const object = await describe(file);
    if (!object) continue;
    const { sopInstanceUid, title } = object;
    const [named = ''] = object.seriesInstanceUids;
    let target = named;
    try {
      const manifest = await volumeFor(object, run);
      if (!manifest) {
        await run.tell({
          type: 'foreign',
          sopInstanceUid,
          targetSeriesUid: named,
          state: 'waiting',
          title,
        });
        continue;
      }
      target = manifest.seriesInstanceUid;
      await show(object, manifest, run);
      await run.tell({
        type: 'foreign',
        sopInstanceUid,
        targetSeriesUid: target,
        state: 'shown',
        title,
      });
    } catch (error) {
      if (!(error instanceof YuepianError) || error.code === 'out_of_memory') throw error;
      await run.tell({
        type: 'foreign',
        sopInstanceUid,
        targetSeriesUid: target,
        state: 'refused',
        title,
        error: { code: error.code, details: { ...error.details } },
      });
    }
  }
}

/** @throws YuepianError other_frame_of_reference. */
async function volumeFor(
  object: ForeignObject,
  run: ForeignRun,
): Promise<VolumeManifest | undefined> {
  const { seriesInstanceUids, frameOfReferenceUid } = object;
  const answer = await run.ask({
    type: 'target',
    seriesInstanceUids: [...seriesInstanceUids],
    frameOfReferenceUid,
  });
  if (answer.type !== 'volumes' || answer.volumes.length === 0) return undefined;
  const found = await Promise.all(answer.volumes.map((id) => run.derived.manifest(id)));
  const manifests = found.filter((manifest) => manifest !== undefined);
  const same = manifests.find((m) => m.frameOfReferenceUid === frameOfReferenceUid);
  // Without a frame of its own, the series it names says where it lies.
  if (same ?? frameOfReferenceUid === '') return same ?? manifests[0];
  throw new YuepianError('other_frame_of_reference');
}

async function show(
  object: ForeignObject,
  manifest: VolumeManifest,
  run: ForeignRun,
): Promise<void> {
  const { map, looks, notes } = object.labels(manifest);
  const present = new Set(map.data);
  if (!map.segments.some((s) => s.labels.some((label) => present.has(label)))) {
    throw new YuepianError('cannot_decode', { reason: 'no voxel of the series lies in it' });
  }
  const name = setNameOf('foreign', object.sopInstanceUid);
  await writeSet(map, {
    folder: run.derived.setFolder(manifest.id, name),
    scratch: run.task.scratch,
    looks,
    earlier: false,
    about: {
      source: object.source,
      kind: object.kind,
      title: { zh: object.title, en: object.title },
      sopInstanceUid: object.sopInstanceUid,
      notes: [...notes],
    },
    onStep: run.onStep,
    onStructures: () => undefined,
  });
}

async function describe(file: SeriesFile): Promise<ForeignObject | undefined> {
  const dataset = parse(await file.read());
  const sopClass = dataset.string('x00080016');
  if (sopClass === rtStructureSetStorage) return structureSet(dataset);
  return foreignSopClasses.has(sopClass) ? segmentation(dataset) : undefined;
}

function segmentation(dataset: Dataset): ForeignObject {
  const manufacturer = dataset.string('x00080070');
  const title = dataset.string('x0008103e') || dataset.string('x00700081') || 'SEG';
  return {
    kind: 'segmentation',
    sopInstanceUid: dataset.string('x00080018'),
    title,
    source: `SEG of ${manufacturer || 'an unnamed maker'}`,
    seriesInstanceUids: dataset
      .sequence('x00081115')
      .map((item) => item.string('x0020000e'))
      .filter((uid) => uid !== ''),
    frameOfReferenceUid: dataset.string('x00200052'),
    labels: (grid) => {
      const read = readSegmentation(dataset);
      const keys = uniqueKeys(read.segments.map((s) => s.key));
      const map = read.toLabelMap(grid);
      const looks = new Map(
        read.segments.map((s, n) => [keys[n] ?? '', lookOf(s.key, s.label, s.colour, n)]),
      );
      return {
        map: { ...map, segments: map.segments.map((s, n) => ({ ...s, key: keys[n] ?? s.key })) },
        looks,
        notes: read.type === 'FRACTIONAL' ? [halfNote] : [],
      };
    },
  };
}

const halfNote = {
  zh: '原对象为概率（FRACTIONAL）分割，此处按不小于一半显示。',
  en: 'The object holds fractions; it is shown where they are at least one half.',
};

function structureSet(dataset: Dataset): ForeignObject {
  const set = readRtStructureSet(dataset);
  return {
    kind: 'rtstruct',
    sopInstanceUid: set.sopInstanceUid,
    title: set.label || 'RTSTRUCT',
    source: `RTSTRUCT of ${set.manufacturer || 'an unnamed maker'}`,
    seriesInstanceUids: [...new Set(set.seriesInstanceUids)],
    frameOfReferenceUid: set.frameOfReferenceUid,
    labels: (grid) => {
      const drawn = set.structures.filter((s) => s.contours.length > 0);
      const elsewhere = drawn.filter(
        (s) => s.frameOfReferenceUid !== '' && s.frameOfReferenceUid !== grid.frameOfReferenceUid,
      );
      const here = drawn.filter((s) => !elsewhere.includes(s));
      const keys = here.map((s) => `roi_${Math.max(0, s.number)}`);
      const named = uniqueKeys(keys);
      const map = contoursToLabelMap(
        here.map((s, n) => ({ ...s, key: named[n] ?? s.name })),
        grid,
      );
      const looks = here.map((s, n) => [named[n] ?? '', lookOf('', s.name, s.colour, n)] as const);
      const open = set.structures.filter((s) => s.leftOut > 0);
      return { map, looks: new Map(looks), notes: [...openNotes(open), ...otherNotes(elsewhere)] };
    },
  };
}

function openNotes(open: readonly { readonly name: string; readonly leftOut: number }[]) {
  if (open.length === 0) return [];
  const list = open.map((s) => `${s.name} (${s.leftOut})`).join(', ');
  return [
    {
      zh: `未闭合或不在同一平面的轮廓和点未填充：${list}`,
      en: `Points and contours that are open or not planar were left out: ${list}`,
    },
  ];
}

function otherNotes(elsewhere: readonly { readonly name: string }[]) {
  if (elsewhere.length === 0) return [];
  const list = elsewhere.map((s) => s.name).join(', ');
  return [
    {
      zh: `属于另一坐标系，未显示：${list}`,
      en: `In another FrameOfReference, not shown: ${list}`,
    },
  ];
}

/** Keys as parts of file names and ids; a second one of a kind is numbered. */
function uniqueKeys(keys: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const clean =
      key
        .toLowerCase()
        .replace(/[^a-z0-9_]+/g, '_')
        .slice(0, 56) || 'segment';
    const count = (seen.get(clean) ?? 0) + 1;
    seen.set(clean, count);
    return count === 1 ? clean : `${clean}_${count}`;
  });
}

/** For objects that recommend no colour: hues far apart from one to the next. */
const palette = [
  '#e0524d',
  '#5aa9e6',
  '#7bd34f',
  '#e3c14a',
  '#b07be0',
  '#4fd1c5',
  '#f08a3c',
  '#e08ab8',
];

function lookOf(key: string, label: string, colour: string | undefined, n: number): Look {
  const table: Readonly<Record<string, { zh: string; en: string; colour: string }>> =
    structureTable;
  const known = table[key.replace(/_\d+$/, '')];
  const own = label.trim() || known?.en || `#${n + 1}`;
  return {
    name: { zh: known?.zh ?? own, en: own },
    colour: colour ?? known?.colour ?? palette[n % palette.length] ?? '#c0c0c0',
    opacity: 1,
  };
}
