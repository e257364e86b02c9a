import { dot } from '@yuepian/geometry';
import {
  alongNormal,
  byNumber,
  greatest,
  least,
  measureStack,
  normalOf,
  type PlacedFrame,
  samePlace,
} from './stack.ts';

/** Frames that make one volume, and how many copies were left out. */
export interface VolumeFrames {
  readonly frames: readonly PlacedFrame[];
  readonly duplicates: number;
}

/** Fewer places than this show nothing in 3D that a frame does not show. */
export const fewestSlices = 3;

/** No series has more planes than this; a hostile one would make every frame wait for all others. */
const mostPlanes = 500;

/** Splits frames of a series into groups that each hold at most one frame per place. */
export function splitIntoVolumes(frames: readonly PlacedFrame[]): VolumeFrames[] {
  return sameGrid(frames).flatMap((group) => resolve(dropCopies(group), attributes));
}

/** Groups by what a volume must share: frame of reference, matrix, pixel spacing, orientation. */
function sameGrid(frames: readonly PlacedFrame[]): PlacedFrame[][] {
  const byKey = Map.groupBy(frames, (f) => {
    const { rows, columns, photometricInterpretation } = f.header.image ?? {};
    const { mosaic } = f.frame;
    const localizer = f.frame.imageType.includes('LOCALIZER');
    return [
      f.header.frameOfReferenceUid,
      rows,
      columns,
      photometricInterpretation,
      localizer,
      mosaic?.columns,
      mosaic?.rows,
    ].join();
  });
  return [...byKey.values()].flatMap((alike) => {
    const planes: PlacedFrame[][] = [];
    for (const f of alike) {
      const plane = planes.find((p) => sharesPlane(p[0] as PlacedFrame, f));
      if (plane) plane.push(f);
      else if (planes.length < mostPlanes) planes.push([f]);
    }
    return planes;
  });
}

/** Cosines within 0.002 (0.1°) and spacing within 0.02 %: rounding, but no real change of the plane. */
function sharesPlane(a: PlacedFrame, b: PlacedFrame): boolean {
  for (let n = 0; n < 6; n++) {
    if (Math.abs((a.orientation[n] as number) - (b.orientation[n] as number)) > 0.002) return false;
  }
  const near = (p: number, q: number) => Math.abs(p - q) <= 2e-4 * p;
  return near(a.pixelSpacing[0], b.pixelSpacing[0]) && near(a.pixelSpacing[1], b.pixelSpacing[1]);
}

/** Frames by place along the normal, each in reading order. */
function places(frames: readonly PlacedFrame[]): PlacedFrame[][] {
  const normal = normalOf(frames[0] as PlacedFrame);
  const out: PlacedFrame[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const f of alongNormal(frames, normal)) {
    const d = dot(f.position, normal);
    if (d - last > samePlace) out.push([]);
    out.at(-1)?.push(f);
    last = d;
  }
  return out.map((p) => p.sort(byNumber));
}

/** Leaves out frames whose pixels and place equal those of another; they are counted later. */
function dropCopies(frames: readonly PlacedFrame[]): VolumeFrames {
  if (frames.some((f) => f.header.pixelDigest === undefined)) return { frames, duplicates: 0 };
  const kept = places(frames).flatMap((place) => {
    const seen = new Set<string>();
    return place.filter((f) => {
      const key = `${f.header.pixelDigest}|${f.frame.frame}`;
      return !seen.has(key) && seen.add(key);
    });
  });
  return { frames: kept, duplicates: frames.length - kept.length };
}

interface Attribute {
  /** undefined where the frame does not say. */
  readonly value: (f: PlacedFrame) => string | number | undefined;
  /** Frames that differ in it are never one volume when their places intermingle. */
  readonly contrast: boolean;
}

/** What may tell measurements at the same place apart, the most telling first. */
const attributes: readonly Attribute[] = [
  { value: (f) => f.frame.stackId, contrast: false },
  { value: (f) => f.frame.temporalPosition, contrast: true },
  { value: (f) => f.frame.echoTime ?? f.frame.echoNumber, contrast: true },
  { value: (f) => f.frame.bValue, contrast: true },
  { value: (f) => f.frame.gradient, contrast: false },
  { value: (f) => f.frame.cardiacPhase, contrast: true },
  { value: (f) => f.frame.imageType.join('\\'), contrast: false },
  { value: (f) => f.frame.dimensionIndex?.join('\\'), contrast: false },
  {
    value: (f) => (f.header.frames.length > 1 || f.tile ? f.header.sopInstanceUid : undefined),
    contrast: false,
  },
  { value: (f) => f.frame.triggerTime, contrast: false },
  { value: (f) => f.frame.acquisitionNumber, contrast: false },
  { value: (f) => f.frame.acquisitionTime, contrast: false },
  { value: (f) => f.frame.contentTime, contrast: false },
];

function groupBy(frames: readonly PlacedFrame[], a: Attribute): PlacedFrame[][] {
  return [...Map.groupBy(frames, (f) => a.value(f) ?? '').values()];
}

function resolve(group: VolumeFrames, candidates: readonly Attribute[]): VolumeFrames[] {
  const { frames, duplicates } = group;
  const byPlace = places(frames);
  const repeated = byPlace.filter((p) => p.length > 1).length;
  for (const [n, attribute] of candidates.entries()) {
    const parts = groupBy(frames, attribute);
    if (parts.length < 2) continue;
    const splits =
      repeated > 0 ? separates(parts, byPlace.length) : intermingled(frames, parts, attribute);
    if (!splits) continue;
    // Copies already left out belong to the group as a whole; tell them with its first part.
    return parts.flatMap((part, m) =>
      resolve({ frames: part, duplicates: m === 0 ? duplicates : 0 }, candidates.slice(n + 1)),
    );
  }
  return repeated === 0 ? [group] : byRank(byPlace, duplicates);
}

/** True when the parts repeat places of each other and each is a fair share of the whole. */
function separates(parts: readonly PlacedFrame[][], placeCount: number): boolean {
  const counts = parts.map((p) => places(p).length);
  const sum = counts.reduce((a, b) => a + b, 0);
  const fewest = Math.min(fewestSlices, placeCount);
  return sum > placeCount && least(counts) >= fewest && sum / parts.length >= placeCount / 2;
}

/**
 * No place is measured twice, yet two measurements may lie between each other, e.g. two phases with
 * the table 0.3 mm apart. They are apart when the attribute is a contrast, or when each alone is
 * equally spaced and both together are not.
 */
function intermingled(
  frames: readonly PlacedFrame[],
  parts: readonly PlacedFrame[][],
  attribute: Attribute,
): boolean {
  if (parts.some((p) => p.length < fewestSlices)) return false;
  const normal = normalOf(frames[0] as PlacedFrame);
  const ranges = parts.map((p) => {
    const d = p.map((f) => dot(f.position, normal));
    return [least(d), greatest(d)] as const;
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const overlap = ranges.some(
    ([from], n) => n > 0 && from < (ranges[n - 1]?.[1] ?? from) - samePlace,
  );
  if (!overlap) return false;
  if (attribute.contrast) return true;
  return !measureStack(frames).equalGaps && parts.every((p) => measureStack(p).equalGaps);
}

/**
 * Nothing tells the repeats apart. Where most places are repeated by frames of their own (another
 * number or time), the n-th of each place make the n-th volume; otherwise the repeats are copies.
 */
function byRank(byPlace: readonly PlacedFrame[][], duplicates: number): VolumeFrames[] {
  const repeated = byPlace.filter((p) => p.length > 1);
  const first = byPlace.map((p) => p[0] as PlacedFrame);
  const copies = repeated.reduce((sum, p) => sum + p.length - 1, 0);
  const few = repeated.length < byPlace.length / 2;
  if (few || repeated.every((p) => p.every((f) => sameOrigin(f, p[0] as PlacedFrame)))) {
    return [{ frames: first, duplicates: duplicates + copies }];
  }
  const most = greatest(byPlace.map((p) => p.length));
  const ranked = byPlace.map((p) => [...p].sort(byTime));
  return Array.from({ length: most }, (_, n) => ({
    frames: ranked.flatMap((p) => p[n] ?? []),
    duplicates: n === 0 ? duplicates : 0,
  }));
}

const sameOrigin = (a: PlacedFrame, b: PlacedFrame): boolean =>
  a.header.instanceNumber === b.header.instanceNumber &&
  a.frame.frame === b.frame.frame &&
  a.frame.acquisitionTime === b.frame.acquisitionTime &&
  a.frame.contentTime === b.frame.contentTime;

function byTime(a: PlacedFrame, b: PlacedFrame): number {
  const [p, q] = [a.frame.acquisitionTime ?? '', b.frame.acquisitionTime ?? ''];
  return p < q ? -1 : p > q ? 1 : byNumber(a, b);
}
