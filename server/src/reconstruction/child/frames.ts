import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  decodeVoiLut,
  type ErrorCode,
  type ErrorDetails,
  encodeVoiLut,
  errorCodes,
  type FrameStack,
  frameStack,
  type VoiLut,
  type VoiWindow,
  type Warning,
  YuepianError,
} from '@yuepian/contract';
import {
  edgesOf,
  type FrameHeader,
  type FrameRef,
  type InstanceHeader,
  isEncapsulated,
  modalityValues,
  type VoiTable,
  voiTables,
} from '@yuepian/dicom';
import { z } from 'zod';
import { nameOf, replaceFolder } from '../derived.ts';
import { frameThumbnail, percentileWindow } from '../pyramid/index.ts';
import type { SeriesFrames } from './series-files.ts';
import type { DeriveOptions } from './volumes.ts';

/** Frames per second where the file names none. */
const defaultCineRate = 10;

/** Splits off images that no decoder here reads or whose header is broken; they stay archived. */
export async function displayableHeaders(
  images: readonly InstanceHeader[],
): Promise<{ usable: readonly InstanceHeader[]; problems: ReadonlyMap<string, Warning> }> {
  const encapsulated = images.some((header) => isEncapsulated(header.transferSyntaxUid));
  // Loaded only where it is needed: see SeriesFrames.
  const syntaxes = encapsulated ? await import('../../archive/index.ts') : undefined;
  const problems = new Map<string, Warning>();
  for (const { sopInstanceUid, transferSyntaxUid: uid, problem, image } of images) {
    const unknown = isEncapsulated(uid) && syntaxes?.transferSyntax(uid) === undefined;
    if (unknown)
      problems.set(sopInstanceUid, cannotDisplay('unsupported_transfer_syntax', { uid }));
    else if (problem) problems.set(sopInstanceUid, problemOf(problem));
    else if (!image) problems.set(sopInstanceUid, cannotDisplay('no_pixels'));
  }
  return { usable: images.filter((h) => !problems.has(h.sopInstanceUid)), problems };
}

/** The cause is a code of the closed set, so that the warning reads in both languages. */
export const cannotDisplay = (cause: ErrorCode, details: ErrorDetails = {}): Warning => ({
  code: 'cannot_display',
  details: { ...details, cause },
});

/** Why a frame cannot be had, as a warning. */
export function problemOf(error: unknown): Warning {
  const known = problemDetails.safeParse(error);
  if (!known.success) return cannotDisplay('cannot_decode', { reason: 'unreadable' });
  return cannotDisplay(known.data.code, known.data.details);
}

const problemDetails = z.object({
  code: z.enum(errorCodes),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});

export interface FramesInput {
  /** All images of the series, displayable or not. */
  readonly images: readonly InstanceHeader[];
  /** Frames that belong to no volume, in reading order. */
  readonly single: readonly FrameRef[];
  readonly problems: ReadonlyMap<string, Warning>;
  readonly frames: SeriesFrames;
  readonly options: DeriveOptions;
  readonly hasVolume: boolean;
}

export interface FramesOutput {
  readonly kind: 'frames' | 'undisplayable';
  readonly frames?: FrameStack;
  /** For the series: each reason once. */
  readonly warnings: Warning[];
  readonly thumbnail?: { folder: string; rank: number };
}

/** The frames that are shown one at a time, with those that cannot be shown and why. */
export async function describeFrames(input: FramesInput): Promise<FramesOutput> {
  const headers = new Map(input.images.map((header) => [header.sopInstanceUid, header]));
  const refs = [...input.single, ...framesOf(input.images, input.problems)];
  const luts = new VoiLuts(input.frames);
  const entries: Entry[] = [];
  for (const ref of refs) {
    entries.push(...(await entryOf(ref, headers.get(ref.sopInstanceUid), input, luts)));
  }
  const warnings = distinct([...input.problems.values()]);
  const shown = entries.filter((entry) => entry.problem === undefined);
  if (shown.length === 0) return { kind: 'undisplayable', warnings };

  const [first] = shown;
  const thumbnail =
    first && !input.hasVolume ? await makeThumbnail(first, input, luts.all) : undefined;
  const stack = frameStack.parse({
    seriesInstanceUid: input.options.seriesInstanceUid,
    frames: entries,
    ...(luts.all.length > 0 ? { voiLuts: luts.all } : {}),
    cineRate: cineRateOf(input.images),
    warnings: spacingWarnings(shown, headers),
  });
  return { kind: 'frames', frames: stack, warnings, ...(thumbnail ? { thumbnail } : {}) };
}

type Entry = FrameStack['frames'][number];

async function entryOf(
  ref: FrameRef,
  header: InstanceHeader | undefined,
  input: FramesInput,
  luts: VoiLuts,
): Promise<Entry[]> {
  const { image } = header ?? {};
  if (!header || !image) return [];
  const frame = header.frames[ref.frame - 1];
  const problem = input.problems.get(ref.sopInstanceUid);
  const colour = !/^MONOCHROME/.test(image.photometricInterpretation);
  const spacing = frame?.pixelSpacing;
  const edges = edgesOf(frame);
  return [
    {
      sopInstanceUid: header.sopInstanceUid as Entry['sopInstanceUid'],
      frame: ref.frame,
      rows: image.rows,
      columns: image.columns,
      colour,
      ...(spacing ? { pixelSpacing: [spacing[0], spacing[1]] } : {}),
      ...(edges ? { edges } : {}),
      windows: await luts.numbered(header.sopInstanceUid, frame?.windows ?? []),
      invert: image.photometricInterpretation === 'MONOCHROME1',
      ...(problem ? { problem } : {}),
      url: `/api/instances/${header.sopInstanceUid}/frames/${ref.frame}`,
    },
  ];
}

/** More different tables than a stack of single images has; what is beyond stays a plain window. */
const mostLuts = 32;

/** The VOI LUTs of a stack, each once: images of one device mostly share theirs. */
class VoiLuts {
  readonly all: VoiLut[] = [];
  readonly #frames: SeriesFrames;
  readonly #numbers = new Map<string, number>();
  #last: { readonly uid: string; readonly tables: readonly VoiTable[] } | undefined;

  constructor(frames: SeriesFrames) {
    this.#frames = frames;
  }

  /** Windows of a frame, whose tables were counted in the instance, with numbers in `all`. */
  async numbered(uid: string, windows: readonly VoiWindow[]): Promise<VoiWindow[]> {
    const out: VoiWindow[] = [];
    for (const { lut, ...window } of windows) {
      const table = lut === undefined ? undefined : (await this.#tables(uid))[lut];
      const number = table && this.#number(table);
      out.push({ ...window, ...(number === undefined ? {} : { lut: number }) });
    }
    return out;
  }

  async #tables(uid: string): Promise<readonly VoiTable[]> {
    if (this.#last?.uid !== uid) {
      this.#last = { uid, tables: voiTables(await this.#frames.dataset(uid)) };
    }
    return this.#last.tables;
  }

  #number({ values, bits }: VoiTable): number | undefined {
    const lut = encodeVoiLut(values, bits);
    const key = `${bits} ${lut.entries}`;
    const known = this.#numbers.get(key);
    if (known !== undefined || this.all.length >= mostLuts) return known;
    this.#numbers.set(key, this.all.push(lut) - 1);
    return this.all.length - 1;
  }
}

/** The frames of images with a problem, so that they are listed and not silently left out. */
const framesOf = (
  images: readonly InstanceHeader[],
  problems: ReadonlyMap<string, Warning>,
): FrameRef[] =>
  images
    .filter((header) => problems.has(header.sopInstanceUid))
    .flatMap(({ sopInstanceUid, image }) =>
      Array.from({ length: image?.numberOfFrames ?? 1 }, (_, n) => ({
        sopInstanceUid,
        frame: n + 1,
      })),
    );

const cineRateOf = (images: readonly InstanceHeader[]): number => {
  const rate = images.find((header) => (header.cineRate ?? 0) > 0)?.cineRate;
  return rate === undefined ? defaultCineRate : Math.min(120, rate);
};

function spacingWarnings(
  entries: readonly Entry[],
  headers: ReadonlyMap<string, InstanceHeader>,
): Warning[] {
  const frames = entries.map(
    (e): FrameHeader | undefined => headers.get(e.sopInstanceUid)?.frames[e.frame - 1],
  );
  const warnings: Warning[] = [];
  if (frames.some((f) => f?.pixelSpacing === undefined)) {
    warnings.push({ code: 'unknown_spacing', details: {} });
  }
  if (frames.some((f) => f?.spacingSource === 'detector')) {
    warnings.push({ code: 'spacing_from_detector', details: {} });
  }
  if (entries.some((e) => headers.get(e.sopInstanceUid)?.lossy)) {
    warnings.push({ code: 'lossy_pixels', details: {} });
  }
  return warnings;
}

async function makeThumbnail(
  entry: Entry,
  input: FramesInput,
  voiLuts: readonly VoiLut[],
): Promise<{ folder: string; rank: number } | undefined> {
  const { options, frames } = input;
  try {
    const { samples: stored, colour } = await frames.frame(entry);
    const header = input.images.find((h) => h.sopInstanceUid === entry.sopInstanceUid);
    const samples = colour ? stored : modalityValues(stored, header?.frames[entry.frame - 1]);
    const window = entry.windows[0] ?? percentileWindow(samples);
    const lut = window.lut === undefined ? undefined : voiLuts[window.lut];
    const table = lut && decodeVoiLut(lut);
    const look = { window, invert: entry.invert, table };
    const png = frameThumbnail(samples, { ...entry, colour }, look);
    const folder = nameOf('series', options.seriesInstanceUid);
    const building = path.join(options.scratch, folder);
    await mkdir(building, { recursive: true });
    await writeFile(path.join(building, 'thumbnail.png'), png);
    await replaceFolder(building, path.join(options.derived, folder), options.scratch);
    return { folder, rank: 1 };
  } catch (error) {
    // A picture for the list is not worth failing the series for.
    if (error instanceof YuepianError) return undefined;
    throw error;
  }
}

function distinct(warnings: readonly Warning[]): Warning[] {
  const seen = new Map(warnings.map((w) => [JSON.stringify(w), w]));
  return [...seen.values()];
}
