import {
  type Affine,
  origin,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
  voxelMm3,
} from '@yuepian/geometry';
import {
  and,
  andNot,
  type BitMask,
  copyMask,
  countBits,
  emptyMask,
  isEmpty,
  maskAbove,
  maskBelow,
  or,
  setRun,
} from '../grid/bits.ts';
import {
  type Components,
  components,
  countIn,
  forEachRun,
  holes,
  largest,
  meanValues,
  select,
} from '../grid/components.ts';
import { close, dilate, erode, growWithin, open, stepsFor } from '../grid/morphology.ts';
import type { CoarseVolume } from '../grid/shrink.ts';
import type { Pace } from '../pace.ts';
import { gasThreshold, lungThreshold } from './thresholds.ts';

export interface Lungs {
  readonly left: BitMask;
  readonly right: BitMask;
}

/**
 * Lungs in a CT: air in the body that is not plain gas (bowel, airways) and is either large or
 * reaches the head end of the scan. Left and right by the patient's x, never by the image's.
 * @returns undefined where there are none.
 */
export async function ctLungs(
  ct: CoarseVolume,
  body: BitMask,
  bone: BitMask,
  pace: Pace,
): Promise<Lungs | undefined> {
  const s = spacing(ct.affine);
  const air = andNot(and(maskBelow(ct.data, ct.size, lungThreshold), body), bone);
  const midline = middle(body, ct.affine);
  const lung = andNot(copyMask(air), gasOutside(air, ct, midline));
  await pace.breathe();
  const tissue = selectLungs(lung, ct, midline);
  if (isEmpty(tissue)) return undefined;
  const sides = separate(tissue, ct, midline);
  pace.step('lung', 0.6);
  await pace.breathe();
  const within = andNot(copyMask(body), bone);
  const left = smoothLung(sides.left, within, sides.right, s);
  const right = andNot(smoothLung(sides.right, within, sides.left, s), left);
  return { left, right };
}

/** Patient x of the middle of the body, mm. */
function middle(body: BitMask, affine: Affine): number {
  const c = components(body);
  let [n, x, y, z] = [0, 0, 0, 0];
  for (let k = 0; k < c.count; k++) {
    n += c.voxels[k] as number;
    x += c.sums[k * 3] as number;
    y += c.sums[k * 3 + 1] as number;
    z += c.sums[k * 3 + 2] as number;
  }
  return n === 0 ? origin(affine)[0] : toPatient(affine, [x / n, y / n, z / n])[0];
}

function centreX(c: Components, n: number, affine: Affine): number {
  const v = c.voxels[n] as number;
  return toPatient(affine, [
    (c.sums[n * 3] as number) / v,
    (c.sums[n * 3 + 1] as number) / v,
    (c.sums[n * 3 + 2] as number) / v,
  ])[0];
}

/** Extent of a component along the patient's x, mm. */
function widthX(c: Components, n: number, affine: Affine): number {
  const b = c.boxes.subarray(n * 6, n * 6 + 6);
  const extent = (axis: number): number =>
    ((b[axis * 2 + 1] as number) - (b[axis * 2] as number) + 1) * Math.abs(affine[axis as 0] ?? 0);
  return extent(0) + extent(1) + extent(2);
}

/**
 * Plain gas that is not lung: trachea and main bronchi, which would tie the lungs together, and gas
 * in stomach and bowel, which thick voxels connect to the lung through the diaphragm. They are told
 * by what lies around them, soft tissue; around a bulla lies lung.
 */
function gasOutside(air: BitMask, ct: CoarseVolume, midline: number): BitMask {
  const s = spacing(ct.affine);
  const gas = open(and(maskBelow(ct.data, ct.size, gasThreshold), air), stepsFor(2, s, 1));
  const near = dilate(gas, stepsFor(3, s, 1));
  const around = components(dilate(near, stepsFor(4, s, 1)));
  const ring = andNot(
    select(around, () => true),
    near,
  );
  const ringVoxels = countIn(around, ring);
  const softVoxels = countIn(around, and(maskAbove(ct.data, ct.size, lungThreshold), ring));
  const outside = select(around, (n) => {
    const soft = (softVoxels[n] as number) / Math.max(1, ringVoxels[n] as number);
    const central = Math.abs(centreX(around, n, ct.affine) - midline) < 35;
    return soft > (central ? 0.3 : 0.6);
  });
  return and(dilate(and(outside, gas), stepsFor(2, s, 1)), air);
}

function selectLungs(air: BitMask, ct: CoarseVolume, midline: number): BitMask {
  const s = spacing(ct.affine);
  const ml = voxelMm3(ct.affine) / 1000;
  const c = components(air);
  // The rim of a gas bubble has the density of lung by partial volume; only the inside tells.
  const inside = erode(air, stepsFor(3, s, 1));
  const inner = components(inside);
  const innerMean = meanValues(inner, ct.data);
  const [sum, count] = [new Float64Array(c.count), new Float64Array(c.count)];
  const owner = ownerOf(c, inner);
  for (let n = 0; n < inner.count; n++) {
    const o = owner[n] as number;
    if (o < 0) continue;
    sum[o] = (sum[o] as number) + (innerMean[n] as number) * (inner.voxels[n] as number);
    count[o] = (count[o] as number) + (inner.voxels[n] as number);
  }
  return select(c, (n) => {
    const volume = (c.voxels[n] as number) * ml;
    if (volume < 20 || (count[n] as number) === 0) return false;
    if ((sum[n] as number) / (count[n] as number) < gasThreshold) return false;
    if (volume >= 300) return true;
    // At the head end of the scan, a lung's base or tip; but a narrow one at the midline is the
    // larynx or the upper trachea.
    const wide = widthX(c, n, ct.affine) > 45;
    const lateral = Math.abs(centreX(c, n, ct.affine) - midline) > 30;
    return (wide || lateral) && reachesTop(c, n, ct.affine);
  });
}

/** The component of `outer` that holds each component of `inner` (a subset of the same voxels). */
function ownerOf(outer: Components, inner: Components): Int32Array {
  const owner = new Int32Array(inner.count).fill(-1);
  const rows = outer.size[1] * outer.size[2];
  for (let row = 0; row < rows; row++) {
    let o = outer.runs.rowStart[row] as number;
    const end = inner.runs.rowStart[row + 1] as number;
    for (let r = inner.runs.rowStart[row] as number; r < end; r++) {
      while ((outer.runs.end[o] as number) < (inner.runs.start[r] as number)) o++;
      owner[inner.ofRun[r] as number] = outer.ofRun[o] as number;
    }
  }
  return owner;
}

/** True when the component touches the face of the scan that lies toward the head. */
function reachesTop(c: Components, n: number, affine: Affine): boolean {
  const steps = [stepI(affine), stepJ(affine), stepK(affine)] as const;
  const up = steps.map((v) => v[2] / Math.hypot(...v));
  const axis = [0, 1, 2].reduce((a, b) =>
    Math.abs(up[b] as number) > Math.abs(up[a] as number) ? b : a,
  ) as 0 | 1 | 2;
  return (up[axis] as number) > 0
    ? (c.boxes[n * 6 + axis * 2 + 1] as number) >= c.size[axis] - 2
    : (c.boxes[n * 6 + axis * 2] as number) <= 1;
}

/**
 * Left and right. Lungs that touch (anterior junction, thick slices) are eroded until they fall
 * apart and grown back; if they never do, the midline cuts them.
 */
function separate(lung: BitMask, ct: CoarseVolume, midline: number): Lungs {
  const total = countBits(lung);
  let seeds = lung;
  for (let round = 0; round < 8; round++) {
    const c = components(seeds);
    const main = largest(c);
    if (main < 0) break;
    const balance = sideShare(c, main, ct.affine, midline);
    if (balance < 0.12 || (c.voxels[main] as number) < 0.3 * total) {
      const left = select(c, (n) => centreX(c, n, ct.affine) > midline);
      const right = select(c, (n) => centreX(c, n, ct.affine) <= midline);
      return growBack(left, right, lung, ct, midline);
    }
    seeds = erode(seeds, [1, 1, 1]);
  }
  return cut(lung, ct.affine, midline);
}

/** Share of a component that lies on its smaller side of the midline, 0…0.5. */
function sideShare(c: Components, n: number, affine: Affine, midline: number): number {
  let leftVoxels = 0;
  const [nx, ny] = c.size;
  forEachRun(c, (component, first, length) => {
    if (component !== n) return;
    const y = Math.floor(first / nx) % ny;
    const z = Math.floor(first / (nx * ny));
    const x = (first % nx) + (length - 1) / 2;
    if (toPatient(affine, [x, y, z])[0] > midline) leftVoxels += length;
  });
  const share = leftVoxels / (c.voxels[n] as number);
  return Math.min(share, 1 - share);
}

function growBack(
  left: BitMask,
  right: BitMask,
  lung: BitMask,
  ct: CoarseVolume,
  midline: number,
): Lungs {
  let [l, r] = [left, right];
  for (let round = 0; round < 24; round++) {
    const before = countBits(l) + countBits(r);
    l = andNot(growWithin(l, lung, [1, 1, 1]), r);
    r = andNot(growWithin(r, lung, [1, 1, 1]), l);
    if (countBits(l) + countBits(r) === before) break;
  }
  const rest = cut(andNot(andNot(copyMask(lung), l), r), ct.affine, midline);
  return { left: or(l, rest.left), right: or(r, rest.right) };
}

function cut(lung: BitMask, affine: Affine, midline: number): Lungs {
  const c = components(lung);
  const [left, right] = [emptyMask(lung.size), emptyMask(lung.size)];
  const [nx, ny] = lung.size;
  forEachRun(c, (_, first, length) => {
    const row = Math.floor(first / nx);
    const x0 = first % nx;
    for (let x = x0; x < x0 + length; x++) {
      const px = toPatient(affine, [x, row % ny, Math.floor(row / ny)])[0];
      setRun(px > midline ? left : right, row, x, x);
    }
  });
  return { left, right };
}

/** Vessels and small lesions belong to the lung: close 5 mm, fill what is enclosed. */
function smoothLung(
  lung: BitMask,
  within: BitMask,
  other: BitMask,
  s: readonly [number, number, number],
): BitMask {
  if (isEmpty(lung)) return lung;
  let mask = or(andNot(and(close(lung, stepsFor(5, s, 1)), within), other), lung);
  mask = or(mask, andNot(and(holes(mask, 'volume'), within), other));
  return mask;
}
