import { type Affine, spacing, stepI, stepJ, stepK, voxelMm3 } from '@yuepian/geometry';
import { and, andNot, type BitMask, copyMask, maskAbove, not, or } from '../grid/bits.ts';
import {
  type Connection,
  components,
  countIn,
  holes,
  largest,
  meanValues,
  reachesEdge,
  select,
} from '../grid/components.ts';
import { closeWithRoom, dilate, erode, erodeBox, open, stepsFor } from '../grid/morphology.ts';
import type { CoarseVolume } from '../grid/shrink.ts';
import type { Pace } from '../pace.ts';
import { bodyThreshold, gasThreshold } from './thresholds.ts';

/** The plane of the grid that is most nearly axial, for filling "per slice". */
export function axialPlanes(affine: Affine): Connection {
  const z = [stepI(affine), stepJ(affine), stepK(affine)].map((s) => Math.abs(s[2]));
  return (z[1] ?? 0) > (z[2] ?? 0) ? 'xz' : 'xy';
}

/**
 * The patient in a CT, filled: without table and clothes, with lungs, airways and bowel gas, but
 * without the air between arms and trunk.
 */
export async function ctBody(ct: CoarseVolume, pace: Pace): Promise<BitMask> {
  const s = spacing(ct.affine);
  const solid = maskAbove(ct.data, ct.size, bodyThreshold);
  const core = open(solid, stepsFor(3, s, 1));
  await pace.breathe();
  const trunk = thickParts(core, ct.affine);
  await pace.breathe();
  const body = or(trunk, thinParts(solid, trunk, ct.affine));
  await pace.breathe();
  return fillCt(body, ct);
}

/**
 * The largest component, and others above 30 mL that are as thick as a limb (a box of 18 mm fits). Sheets, shells
 * and rails of the table survive the opening here and there, but nowhere as thick.
 */
function thickParts(core: BitMask, affine: Affine): BitMask {
  const c = components(core);
  const main = largest(c);
  const inner = countIn(c, erodeBox(core, stepsFor(9, spacing(affine), 1)));
  const minimum = 30_000 / voxelMm3(affine);
  return select(
    c,
    (n) => (c.voxels[n] as number) >= minimum && (n === main || (inner[n] as number) > 0),
  );
}

/**
 * What the opening took from the patient: ears, nose, fingers, folds of skin. Such parts touch the
 * trunk and are short; the table and its mattress are long.
 */
function thinParts(solid: BitMask, trunk: BitMask, affine: Affine): BitMask {
  const s = spacing(affine);
  const rest = andNot(copyMask(solid), trunk);
  const c = components(rest);
  const touching = countIn(c, and(dilate(trunk, [1, 1, 1]), rest));
  const limit = 70;
  return select(c, (n) => {
    if ((touching[n] as number) === 0) return false;
    return ([0, 1, 2] as const).every((axis) => {
      const b = n * 6 + axis * 2;
      return ((c.boxes[b + 1] as number) - (c.boxes[b] as number) + 1) * s[axis] <= limit;
    });
  });
}

/** Fills each slice, except where the enclosed air is the room's (arm on the hip, crossed legs). */
function fillCt(body: BitMask, ct: CoarseVolume): BitMask {
  const plane = axialPlanes(ct.affine);
  const room = roomAir(body, ct);
  const c = components(not(body), plane);
  const mean = meanValues(c, ct.data);
  const inRoom = countIn(c, room);
  const enclosed = select(c, (n) => {
    if (reachesEdge(c, n, plane)) return false;
    const outside = (inRoom[n] as number) > 0.3 * (c.voxels[n] as number);
    return !(outside && (mean[n] as number) < gasThreshold);
  });
  return or(body, enclosed);
}

/** Air that reaches the sides of the scan through openings of more than about 8 mm. */
function roomAir(body: BitMask, ct: CoarseVolume): BitMask {
  const s = spacing(ct.affine);
  const steps = stepsFor(4, s, 1);
  const wide = erode(not(body), steps);
  const c = components(wide);
  const sides = axialPlanes(ct.affine);
  return dilate(
    select(c, (n) => reachesEdge(c, n, sides)),
    steps,
  );
}

/**
 * The patient in an MR: everything above the noise of the air, closed over dark bone and airways,
 * and filled. The threshold is part of the result because refining needs it.
 */
export function mrBody(mr: CoarseVolume): { mask: BitMask; threshold: number } | undefined {
  const threshold = airThreshold(mr.data);
  if (threshold === undefined) return undefined;
  const s = spacing(mr.affine);
  // Not opened here: the skin over a dark skull may be thinner than any opening.
  const bright = maskAbove(mr.data, mr.size, threshold);
  const minimum = 30_000 / voxelMm3(mr.affine);
  const c = components(bright);
  let mask = select(c, (n) => (c.voxels[n] as number) >= minimum / 10);
  mask = closeWithRoom(mask, stepsFor(8, s, 1));
  for (const plane of ['xy', 'xz'] as const) mask = or(mask, holes(mask, plane));
  mask = open(mask, stepsFor(3, s, 1));
  const whole = components(mask);
  mask = select(whole, (n) => (whole.voxels[n] as number) >= minimum);
  return whole.count === 0 ? undefined : { mask, threshold };
}

/**
 * Threshold between air and tissue: Otsu's (IEEE Trans. SMC 9(1), 1979) splits bright from dark
 * tissue as often as tissue from air, so it is applied once more to what it calls dark.
 */
export function airThreshold(data: Int16Array | Float32Array): number | undefined {
  const bins = 1024;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const v = data[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!(high > low)) return undefined;
  // Vessels and artefacts can be far brighter than tissue: two rounds end the scale at 99.5 %.
  let histogram = count(data, low, high, bins);
  for (let round = 0; round < 2; round++) {
    let sum = 0;
    let top = bins;
    for (let b = 0; b < bins; b++) {
      sum += histogram[b] as number;
      if (sum >= data.length * 0.995) {
        top = b + 1;
        break;
      }
    }
    high = low + ((high - low) * top) / bins;
    histogram = count(data, low, high, bins);
  }
  const first = otsu(histogram, bins);
  const second = otsu(histogram, first + 1);
  // The lower split is the edge of the air only while it leaves a clear step between the classes.
  const at = (bin: number): number => low + ((bin + 1) * (high - low)) / bins;
  const mean = (from: number, to: number): number => {
    let n = 0;
    let sum = 0;
    for (let b = from; b < to; b++) {
      n += histogram[b] as number;
      sum += (histogram[b] as number) * b;
    }
    return n === 0 ? from : sum / n;
  };
  const air = mean(0, second + 1);
  const tissue = mean(first + 1, bins);
  const bin = Math.min(first, Math.max(second, air + 0.12 * (tissue - air)));
  return at(bin);
}

function count(
  data: Int16Array | Float32Array,
  low: number,
  high: number,
  bins: number,
): Float64Array {
  const histogram = new Float64Array(bins);
  const scale = bins / (high - low || 1);
  for (let i = 0; i < data.length; i++) {
    const b = Math.min(bins - 1, Math.max(0, Math.floor(((data[i] as number) - low) * scale)));
    histogram[b] = (histogram[b] as number) + 1;
  }
  return histogram;
}

/** Last bin of the lower class among the first `bins` bins. */
function otsu(histogram: Float64Array, bins: number): number {
  let total = 0;
  let sum = 0;
  for (let b = 0; b < bins; b++) {
    total += histogram[b] as number;
    sum += b * (histogram[b] as number);
  }
  let below = 0;
  let sumBelow = 0;
  let best = -1;
  let split = 0;
  for (let b = 0; b < bins; b++) {
    below += histogram[b] as number;
    sumBelow += b * (histogram[b] as number);
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const difference = sumBelow / below - (sum - sumBelow) / above;
    const between = below * above * difference * difference;
    if (between > best) {
      best = between;
      split = b;
    }
  }
  return split;
}
