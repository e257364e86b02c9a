import type { VoiWindow, Warning, WarningCode } from '@yuepian/contract';
import { add, scale } from '@yuepian/geometry';
import { labelVolumes } from './label.ts';
import { isMosaic } from './mosaic.ts';
import { fewestSlices, splitIntoVolumes, type VolumeFrames } from './split.ts';
import { byNumber, measureStack, type PlacedFrame, type Stack } from './stack.ts';
import { suvUnit } from './suv.ts';
import type {
  FrameHeader,
  FrameRef,
  ImagePixel,
  InstanceHeader,
  SeriesLayout,
  SliceRef,
  VolumePlan,
} from './types.ts';

/**
 * Finds the volumes of a series. Order and distances come from Image Position and Orientation
 * (Patient) alone; instance numbers only settle ties. Frames without a place, colour, localizers and
 * sets of fewer than three slices stay single.
 * @param headers all instances of one series, in any order; documents and segmentations are passed over.
 */
export function layoutSeries(headers: readonly InstanceHeader[]): SeriesLayout {
  const images = headers.filter((h) => h.kind === 'image');
  const frames = images.flatMap((header) => header.frames.map((frame) => ({ header, frame })));
  const placed = frames.flatMap(({ header, frame }) => placesOf(header, frame));
  const groups = splitIntoVolumes(placed).filter((g) => g.frames.length >= fewestSlices);
  groups.sort((a, b) => byNumber(earliest(a), earliest(b)));
  const labels = labelVolumes(groups.map((g) => g.frames));
  const plans = groups.map((g, n) => planVolume(g, labels[n] ?? ''));
  const single = singles(images, plans, groups, placed);
  return { volumes: plans, single, warnings: seriesWarnings(images, plans, single) };
}

const earliest = (g: VolumeFrames): PlacedFrame =>
  g.frames.reduce((a, b) => (byNumber(a, b) <= 0 ? a : b));

/** The frame with its place, or its tiles with theirs; none when it cannot be part of a volume. */
function placesOf(header: InstanceHeader, frame: FrameHeader): PlacedFrame[] {
  const { position, orientation, pixelSpacing, mosaic } = frame;
  const { image } = header;
  const grey =
    image?.samplesPerPixel === 1 && /^MONOCHROME[12]$/.test(image.photometricInterpretation);
  if (!grey || !orientation || !pixelSpacing) return [];
  const common = { header, frame, orientation, pixelSpacing };
  if (position) return [{ ...common, position }];
  if (!mosaic) return [];
  const { rows, columns, perRow, origin, step } = mosaic;
  return Array.from({ length: mosaic.tiles }, (_, n) => ({
    ...common,
    position: add(origin, scale(step, n)),
    tile: {
      column: (n % perRow) * columns,
      row: Math.floor(n / perRow) * rows,
      stride: image.columns,
    },
  }));
}

function planVolume(group: VolumeFrames, label: string): VolumePlan {
  const stack = measureStack(group.frames);
  const first = stack.frames[0] as PlacedFrame;
  const middle = stack.frames[stack.frames.length >> 1] as PlacedFrame;
  const whole = first.header.image as ImagePixel;
  const { rows, columns } = first.frame.mosaic ?? whole;
  const image = { ...whole, rows, columns };
  const factor = suvFactor(stack.frames);
  const unit = factor === undefined ? first.frame.unit : suvUnit;
  const inFile = windowsOf(middle);
  const windows = factor === undefined ? inFile : inFile.map((w) => scaled(w, factor));
  return {
    seriesInstanceUid: first.header.seriesInstanceUid,
    frameOfReferenceUid: first.header.frameOfReferenceUid,
    modality: first.header.series.modality,
    label,
    size: [image.columns, image.rows, stack.frames.length],
    affine: stack.affine,
    slices: stack.frames.map((f, n) => sliceOf(f, stack.distances[n] as number, factor ?? 1)),
    uniform: stack.equalGaps && stack.orthogonal,
    tiltDegrees: stack.tiltDegrees,
    gaps: { min: stack.gaps.min, max: stack.gaps.max },
    unit,
    ...(factor === undefined ? {} : { suvFactor: factor }),
    background: unit === 'HU' ? -1024 : 0,
    windows: unit === suvUnit ? [suvWindow, ...windows] : windows,
    invert: image.photometricInterpretation === 'MONOCHROME1',
    image,
    warnings: volumeWarnings(stack, group.duplicates),
  };
}

/** As PET is mostly read: what takes up ten times its share is white. */
const suvWindow: VoiWindow = { centre: 5, width: 10, name: 'SUV 0–10' };

/** The −1 of LINEAR (PS3.3 C.11.2.1.2.1) is one unit of the file; after a factor it is none of ours. */
const scaled = (w: VoiWindow, factor: number): VoiWindow => ({
  ...w,
  centre: w.centre * factor,
  width: w.width * factor,
  ...(w.function === 'LINEAR' ? { function: 'LINEAR_EXACT' as const } : {}),
});

/** Factors of one scan agree but for rounded times; others are of different measurements. */
const suvAgrees = 0.01;

/** SUVbw of 1 Bq/mL, one number for the whole volume; undefined where a slice has none, or another. */
function suvFactor(frames: readonly PlacedFrame[]): number | undefined {
  const factors = frames.map(({ header: { suv }, frame }) =>
    suv && 'factor' in suv && !frame.modalityLut ? suv.factor : Number.NaN,
  );
  const [first = Number.NaN] = factors;
  return factors.every((f) => Math.abs(f - first) <= suvAgrees * first) ? first : undefined;
}

const sliceOf = (f: PlacedFrame, distance: number, factor: number): SliceRef => ({
  sopInstanceUid: f.header.sopInstanceUid,
  frame: f.frame.frame,
  position: f.position,
  distance,
  ...(f.tile ? { tile: f.tile } : {}),
  rescale: {
    slope: f.frame.rescale.slope * factor,
    intercept: f.frame.rescale.intercept * factor,
  },
  ...(f.frame.modalityLut ? { modalityLut: f.frame.modalityLut } : {}),
  ...(f.frame.padding ? { padding: f.frame.padding } : {}),
});

/**
 * Windows of the middle slice stand for the volume; windows of a slice fit that slice's range. Of a
 * VOI LUT only the range is kept: tables are applied to single images.
 */
function windowsOf(middle: PlacedFrame): VoiWindow[] {
  const seen = new Set<string>();
  const windows = middle.frame.windows.map(({ lut: _, ...window }) => window);
  return windows.filter((w) => {
    const key = `${w.centre}|${w.width}|${w.name}`;
    return !seen.has(key) && seen.add(key);
  });
}

const warn = (code: WarningCode, details: Record<string, string | number> = {}): Warning => ({
  code,
  details,
});
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

function volumeWarnings(stack: Stack, duplicates: number): Warning[] {
  const first = stack.frames[0] as PlacedFrame;
  const warnings: Warning[] = [];
  if (stack.tiltDegrees >= 0.05) {
    warnings.push(warn('gantry_tilt', { degrees: round(stack.tiltDegrees, 1) }));
  }
  if (stack.missing > 0) warnings.push(warn('missing_slices', { count: stack.missing }));
  else if (!stack.equalGaps) {
    const { min, max } = stack.gaps;
    warnings.push(warn('unequal_gaps', { min: round(min), max: round(max) }));
  }
  if (duplicates > 0) warnings.push(warn('duplicate_slices', { count: duplicates }));
  // With unequal gaps there is no one distance to compare with; those gaps are the warning.
  const thickness = stack.equalGaps ? wrongThickness(stack) : undefined;
  if (thickness !== undefined) {
    const details = { tag: round(thickness), actual: round(stack.gaps.median) };
    warnings.push(warn('thickness_disagrees', details));
  }
  if (stack.frames.some((f) => f.header.lossy)) warnings.push(warn('lossy_pixels'));
  if (first.frame.spacingSource === 'detector') warnings.push(warn('spacing_from_detector'));
  const reasons = stack.frames.map(({ header: { suv } }) => suv && 'missing' in suv && suv.missing);
  const reason = reasons.find((r) => typeof r === 'string');
  if (reason) warnings.push(warn('suv_unknown', { tag: reason }));
  else if (first.header.suv && suvFactor(stack.frames) === undefined) {
    warnings.push(warn('suv_unknown', { tag: 'SeriesTime' }));
  }
  if (first.header.frameOfReferenceUid === '') warnings.push(warn('unknown_frame_of_reference'));
  return warnings;
}

/**
 * A thickness that would mislead: more than a tenth above the distance, so that thickness × slices is
 * not the length covered, or below half of it, so that most tissue was never scanned. Overlap and
 * gaps that Spacing Between Slices admits, and the usual small gaps of MR, mislead nobody.
 */
function wrongThickness(stack: Stack): number | undefined {
  const { sliceThickness, spacingBetweenSlices } = (stack.frames[0] as PlacedFrame).frame;
  const { min, median, max } = stack.gaps;
  if (sliceThickness === undefined) return undefined;
  const admitted =
    spacingBetweenSlices !== undefined && Math.abs(spacingBetweenSlices - median) <= 0.1 * median;
  const plausible = sliceThickness <= 1.1 * max && sliceThickness >= 0.5 * min;
  return admitted || plausible ? undefined : sliceThickness;
}

/** Frames shown one at a time, in reading order; left-out copies of a volume's slices are not among them. */
function singles(
  images: readonly InstanceHeader[],
  plans: readonly VolumePlan[],
  groups: readonly VolumeFrames[],
  placed: readonly PlacedFrame[],
): FrameRef[] {
  const key = (uid: string, frame: number) => `${uid}|${frame}`;
  const used = new Set(plans.flatMap((p) => p.slices.map((s) => key(s.sopInstanceUid, s.frame))));
  const copies = new Set(
    copiesOf(groups, placed).map((f) => key(f.header.sopInstanceUid, f.frame.frame)),
  );
  const ordered = [...images].sort(
    (a, b) =>
      (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0) ||
      (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1),
  );
  return ordered.flatMap((header) => {
    // An image with a problem still gets its place, where the problem is told.
    const frames = header.frames.length > 0 ? header.frames : [{ frame: 1 }];
    return frames
      .filter(({ frame }) => !used.has(key(header.sopInstanceUid, frame)))
      .filter(({ frame }) => !copies.has(key(header.sopInstanceUid, frame)))
      .map(({ frame }) => ({ sopInstanceUid: header.sopInstanceUid, frame }));
  });
}

/** Frames left out of a volume because one at the same place, on the same grid, is in it. */
function copiesOf(groups: readonly VolumeFrames[], placed: readonly PlacedFrame[]): PlacedFrame[] {
  if (groups.every((g) => g.duplicates === 0)) return [];
  const place = (f: PlacedFrame) =>
    [f.header.frameOfReferenceUid, ...f.position, ...f.orientation, ...f.pixelSpacing].join('|');
  const kept = new Map<string, Set<PlacedFrame>>();
  for (const g of groups.filter((x) => x.duplicates > 0)) {
    for (const f of g.frames) kept.set(place(f), (kept.get(place(f)) ?? new Set()).add(f));
  }
  return placed.filter((f) => kept.has(place(f)) && !kept.get(place(f))?.has(f));
}

/** Modalities whose single frames a reader expects to have a place in the patient. */
const crossSectional = new Set(['CT', 'MR', 'PT']);

function seriesWarnings(
  images: readonly InstanceHeader[],
  plans: readonly VolumePlan[],
  single: readonly FrameRef[],
): Warning[] {
  const byUid = new Map(images.map((h) => [h.sopInstanceUid, h]));
  const frames = single.flatMap(({ sopInstanceUid, frame }) => {
    const header = byUid.get(sopInstanceUid);
    const f = header?.frames[frame - 1];
    return header && f ? [{ header, f }] : [];
  });
  const warnings: Warning[] = [];
  if (plans.length > 1) warnings.push(warn('several_volumes', { count: plans.length }));
  const lost = ({ header, f }: (typeof frames)[number]) =>
    crossSectional.has(header.series.modality) && !isMosaic(f) && (!f.position || !f.orientation);
  if (frames.some(({ f }) => isMosaic(f))) warnings.push(warn('mosaic_unplaced'));
  if (frames.some(lost)) warnings.push(warn('unknown_position'));
  if (frames.some(({ f }) => !f.pixelSpacing)) warnings.push(warn('unknown_spacing'));
  if (frames.some(({ f }) => f.spacingSource === 'detector')) {
    warnings.push(warn('spacing_from_detector'));
  }
  if (frames.some(({ header }) => header.lossy)) warnings.push(warn('lossy_pixels'));
  return warnings;
}
