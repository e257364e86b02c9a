import { YuepianError } from '@yuepian/contract';
import {
  type Affine,
  cross,
  dot,
  invert,
  type LabelMap,
  scale,
  stepI,
  stepJ,
  stepK,
  toPatient,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import { frameAffine, type ReadSegmentation, type ReadSegmentFrame } from './readSegmentation.ts';

export interface SegmentationGrid {
  readonly size: Vec3;
  readonly affine: Affine;
}

type Head = Omit<ReadSegmentation, 'toLabelMap'>;

/** Half of a voxel's reach decides which slice a frame belongs to; less than this is rounding. */
const tolerance = 0.02;

/** See ReadSegmentation.toLabelMap. */
export function labelMapOf(head: Head, wanted?: SegmentationGrid): LabelMap {
  const grid = wanted ?? ownGrid(head);
  const [nx, ny, nz] = grid.size;
  const data = new Uint8Array(nx * ny * nz);
  const combinations = new Combinations();
  const inverse = invert(grid.affine);
  head.segments.forEach((segment, bit) => {
    const frames = head.frames.flatMap((frame, n) => (frame.segment === segment.number ? [n] : []));
    for (const slice of placeFrames(head, frames, grid, inverse)) {
      addMask(data, slice.offset, slice.mask, combinations.stepsFor(bit));
    }
  });
  return {
    size: grid.size,
    affine: grid.affine,
    frameOfReferenceUid: head.frameOfReferenceUid,
    data,
    segments: head.segments.map((segment, bit) => ({
      key: segment.key,
      labels: combinations.labelsWith(bit),
    })),
  };
}

/** Numbers each set of segments that meets in a voxel: one label per combination, 0 = none. */
export class Combinations {
  readonly #sets: bigint[] = [0n];
  readonly #labels = new Map<bigint, number>([[0n, 0]]);

  /** Function from a voxel's label to its label once segment `bit` is added. */
  stepsFor(bit: number): (label: number) => number {
    const steps: (number | undefined)[] = [];
    return (label) => {
      const known = steps[label];
      if (known !== undefined) return known;
      const next = this.#numberOf((this.#sets[label] ?? 0n) | (1n << BigInt(bit)));
      steps[label] = next;
      return next;
    };
  }

  labelsWith(bit: number): number[] {
    return this.#sets.flatMap((set, label) => ((set >> BigInt(bit)) & 1n ? [label] : []));
  }

  #numberOf(set: bigint): number {
    const known = this.#labels.get(set);
    if (known !== undefined) return known;
    const label = this.#sets.length;
    if (label > 255) {
      throw new YuepianError('cannot_decode', { reason: 'more than 255 overlapping combinations' });
    }
    this.#sets.push(set);
    this.#labels.set(set, label);
    return label;
  }
}

export function addMask(
  data: Uint8Array,
  offset: number,
  mask: Uint8Array,
  step: (label: number) => number,
): void {
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 1) data[offset + i] = step(data[offset + i] as number);
  }
}

interface PlacedSlice {
  readonly offset: number;
  readonly mask: Uint8Array;
}

/** The frames of one segment as whole slices of the grid. */
function* placeFrames(
  head: Head,
  frames: readonly number[],
  grid: SegmentationGrid,
  inverse: Affine,
): Generator<PlacedSlice> {
  const [nx, ny, nz] = grid.size;
  const plane = nx * ny;
  const oblique: number[] = [];
  for (const n of frames) {
    const frame = head.frames[n] as ReadSegmentFrame;
    const at = toPatient(inverse, frame.position);
    const k = Math.round(at[2]);
    if (!inLine(head, frame, grid, inverse, at)) oblique.push(n);
    else if (k >= 0 && k < nz) yield { offset: k * plane, mask: head.mask(n) };
  }
  if (oblique.length > 0) yield* resample(head, oblique, grid);
}

/** True when the frame's pixels are exactly one slice of the grid. */
function inLine(
  head: Head,
  frame: ReadSegmentFrame,
  grid: SegmentationGrid,
  inverse: Affine,
  at: Vec3,
): boolean {
  if (head.columns !== grid.size[0] || head.rows !== grid.size[1]) return false;
  const m = frameAffine(frame);
  const corner = toPatient(inverse, toPatient(m, [head.columns - 1, head.rows - 1, 0]));
  const off = [
    at[0],
    at[1],
    at[2] - Math.round(at[2]),
    corner[0] - (head.columns - 1),
    corner[1] - (head.rows - 1),
    corner[2] - Math.round(at[2]),
  ];
  // A frame that lies beside the slice is nobody's; half a slice would be a guess.
  return off.every((value) => Math.abs(value) < 10 * tolerance);
}

/** Nearest pixel of the nearest frame, for every voxel closer than half a slice to one of them. */
function* resample(
  head: Head,
  frames: readonly number[],
  grid: SegmentationGrid,
): Generator<PlacedSlice> {
  const first = frameAffine(head.frames[frames[0] as number] as ReadSegmentFrame);
  const normal = stepK(first);
  const planes = frames
    .map((n) => ({ n, d: dot(normal, (head.frames[n] as ReadSegmentFrame).position) }))
    .sort((a, b) => a.d - b.d);
  const m = grid.affine;
  const ownGap = smallestGap(planes.map((p) => p.d));
  const gridReach = [stepI(m), stepJ(m), stepK(m)].reduce(
    (s, v) => s + Math.abs(dot(normal, v)),
    0,
  );
  const reach = Math.max(ownGap ?? 0, gridReach) / 2 + tolerance;
  const masks = new Map<number, Uint8Array>();
  const inverses = new Map(
    planes.map(({ n }) => [n, invert(frameAffine(head.frames[n] as ReadSegmentFrame))]),
  );
  const [nx, ny, nz] = grid.size;
  for (let k = 0; k < nz; k++) {
    const mask = new Uint8Array(nx * ny);
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const p = toPatient(m, [i, j, k]);
        const near = nearest(planes, dot(normal, p), reach);
        if (near === undefined) continue;
        const q = toPatient(inverses.get(near) as Affine, p);
        const [c, r] = [Math.round(q[0]), Math.round(q[1])];
        if (c < 0 || r < 0 || c >= head.columns || r >= head.rows) continue;
        let pixels = masks.get(near);
        if (!pixels) {
          pixels = head.mask(near);
          masks.set(near, pixels);
        }
        mask[i + nx * j] = pixels[c + head.columns * r] as number;
      }
    }
    yield { offset: k * nx * ny, mask };
  }
}

function nearest(
  planes: readonly { readonly n: number; readonly d: number }[],
  d: number,
  reach: number,
): number | undefined {
  let [low, high] = [0, planes.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((planes[middle]?.d ?? 0) <= d) low = middle;
    else high = middle;
  }
  const [a, b] = [planes[low], planes[high]];
  const best = a && b && Math.abs(a.d - d) <= Math.abs(b.d - d) ? a : b;
  return best && Math.abs(best.d - d) <= reach ? best.n : undefined;
}

function smallestGap(sorted: readonly number[]): number | undefined {
  let gap: number | undefined;
  for (let n = 1; n < sorted.length; n++) {
    const step = (sorted[n] as number) - (sorted[n - 1] as number);
    if (step > tolerance && (gap === undefined || step < gap)) gap = step;
  }
  return gap;
}

/** The grid that the object's own frames lie on; empty planes between them are filled in. */
function ownGrid(head: Head): SegmentationGrid {
  const first = head.frames[0];
  if (!first) throw new YuepianError('not_a_volume', { reason: 'the segmentation has no frame' });
  const m = frameAffine(first);
  const normal = unit(cross(stepI(m), stepJ(m)));
  const sorted = head.frames
    .map((frame) => ({ frame, d: dot(normal, frame.position) }))
    .sort((a, b) => a.d - b.d);
  const [low, high] = [sorted[0], sorted.at(-1)];
  const gap = smallestGap(sorted.map((one) => one.d)) ?? 1;
  if (!low || !high) throw new YuepianError('not_a_volume', { reason: 'no frame' });
  const count = Math.round((high.d - low.d) / gap) + 1;
  for (const { frame, d } of sorted) {
    const steps = (d - low.d) / gap;
    const parallel = dot(normal, unit(cross(frame.orientation[0], frame.orientation[1])));
    if (Math.abs(steps - Math.round(steps)) > 0.1 || parallel < 0.9999) {
      throw new YuepianError('not_a_volume', { reason: 'the frames do not lie on a uniform grid' });
    }
  }
  // The step follows the positions, not the normal, so that a sheared grid keeps its shear.
  const along: Vec3 =
    count > 1
      ? scale(
          [
            high.frame.position[0] - low.frame.position[0],
            high.frame.position[1] - low.frame.position[1],
            high.frame.position[2] - low.frame.position[2],
          ],
          1 / (count - 1),
        )
      : scale(normal, gap);
  const [i, j, o] = [stepI(m), stepJ(m), low.frame.position];
  return {
    size: [head.columns, head.rows, count],
    affine: [i[0], j[0], along[0], o[0], i[1], j[1], along[1], o[1], i[2], j[2], along[2], o[2]],
  };
}
