import { spacing } from '@yuepian/geometry';
import { and, andNot, type BitMask, copyMask, maskAbove, not, or } from '../grid/bits.ts';
import {
  type Components,
  components,
  countIn,
  holes,
  largest,
  meanValues,
  select,
} from '../grid/components.ts';
import { close, erode, growWithin, stepsFor } from '../grid/morphology.ts';
import type { CoarseVolume } from '../grid/shrink.ts';
import { voxelMm3 } from './body.ts';
import { boneThresholds, marrowThreshold } from './thresholds.ts';

/**
 * Bone in a CT. Cortex is what is dense (`high`); the softer rest (`low`) counts only within a few
 * millimetres of it or enclosed by it, so that a contrast-filled vessel that touches a vertebra
 * does not run into it. The marrow is filled, the spinal canal is not.
 */
export function ctBone(ct: CoarseVolume, body: BitMask): BitMask {
  const { low, high } = boneThresholds(ct.affine);
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const dense = and(maskAbove(ct.data, ct.size, high), body);
  const soft = and(maskAbove(ct.data, ct.size, low), body);

  const reach = stepsFor(3, s, 1);
  const seeds = atLeast(dense, 100 / mm3);
  let bone = growWithin(seeds, soft, reach);
  // Dense crumbs (a thin lamina, a noisy rib) belong to the bone they nearly touch.
  const crumbs = components(dense);
  const near = countIn(crumbs, and(copyMask(bone), dense));
  const joined = select(crumbs, (n) => (near[n] as number) > 0);
  bone = growWithin(or(joined, seeds), soft, reach);
  bone = andNot(bone, calcifications(bone, dense, ct, body));
  bone = atLeast(bone, 300 / mm3);

  const tissue = and(maskAbove(ct.data, ct.size, marrowThreshold), body);
  const closed = or(and(close(bone, stepsFor(3, s, 1)), tissue), bone);
  bone = or(closed, and(marrow(closed, ct), tissue));
  bone = or(bone, spongiosa(bone, ct, low, tissue));
  bone = or(bone, and(marrow(bone, ct), tissue));
  return atLeast(bone, 300 / mm3);
}

function atLeast(mask: BitMask, voxels: number): BitMask {
  const c = components(mask);
  return select(c, (n) => (c.voxels[n] as number) >= voxels);
}

const longestMm = (c: Components, n: number, s: readonly number[]): number =>
  Math.max(
    ...[0, 1, 2].map(
      (axis) =>
        ((c.boxes[n * 6 + axis * 2 + 1] as number) - (c.boxes[n * 6 + axis * 2] as number) + 1) *
        (s[axis] as number),
    ),
  );

/**
 * Dense pieces that are no bone: stones, calcified plaques and nodes (small, compact, deep in the
 * body) and cavities full of contrast medium (big, solid, without a marrow). Metal stays.
 */
function calcifications(bone: BitMask, dense: BitMask, ct: CoarseVolume, body: BitMask): BitMask {
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const c = components(bone);
  const skeleton = largest(c);
  const deep = countIn(c, erode(body, stepsFor(30, s, 1)));
  const solid = countIn(c, erode(dense, stepsFor(5, s, 1)));
  const mean = meanValues(c, ct.data);
  return select(c, (n) => {
    const voxels = c.voxels[n] as number;
    if (n === skeleton || (deep[n] as number) < 0.9 * voxels || (mean[n] as number) > 2000)
      return false;
    const volume = voxels * mm3;
    const compact = longestMm(c, n, s) < 2.2 * Math.cbrt(volume);
    if (volume < 3000 && compact) return true;
    return (solid[n] as number) > 0.3 * voxels;
  });
}

/**
 * Cavities closed on all sides by bone. Not marrow are: what holds a ball of 40 mm (the brain), more
 * than 400 mL, and a long one at the density of water and cord (a spinal canal whose foramina were
 * closed by the slice thickness).
 */
function marrow(bone: BitMask, ct: CoarseVolume): BitMask {
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const cavity = not(bone);
  const c = components(cavity);
  const outside = largest(c);
  const mean = meanValues(c, ct.data);
  const wide = countIn(
    c,
    erode(
      select(c, (n) => n !== outside),
      stepsFor(20, s, 1),
    ),
  );
  return select(c, (n) => {
    if (n === outside || (wide[n] as number) > 0) return false;
    if ((c.voxels[n] as number) * mm3 > 400_000) return false;
    const hu = mean[n] as number;
    return !(longestMm(c, n, s) > 60 && hu > 0 && hu < 90);
  });
}

/**
 * Spongy bone behind a cortex with gaps: enclosed by bone in an axial or coronal slice and too dense
 * for muscle or cord. Only holes up to 20 cm², so that the pelvic ring does not swallow a bladder.
 */
function spongiosa(bone: BitMask, ct: CoarseVolume, low: number, tissue: BitMask): BitMask {
  const s = spacing(ct.affine);
  const spongy = and(maskAbove(ct.data, ct.size, Math.max(80, low - 90)), tissue);
  const result = copyMask(spongy);
  const found = holes(bone, 'xy', (c, n) => (c.voxels[n] as number) * s[0] * s[1] < 2000);
  or(
    found,
    holes(bone, 'xz', (c, n) => (c.voxels[n] as number) * s[0] * s[2] < 2000),
  );
  return and(result, found);
}
