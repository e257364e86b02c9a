import { spacing, type Vec3, voxelMm3 } from '@yuepian/geometry';
import {
  and,
  andNot,
  type BitMask,
  clearBit,
  copyMask,
  emptyMask,
  enlarge,
  maskAbove,
  not,
  or,
} from '../grid/bits.ts';
import {
  type Components,
  components,
  countIn,
  deviations,
  forEachRun,
  largest,
  meanValues,
  select,
} from '../grid/components.ts';
import {
  close,
  dilate,
  erode,
  erodeBox,
  growWithin,
  seenAlong,
  stepsFor,
} from '../grid/morphology.ts';
import { type CoarseVolume, shrinkNow } from '../grid/shrink.ts';
import type { Pace } from '../pace.ts';
import { isRidge } from './ridge.ts';
import { boneThresholds, marrowThreshold } from './thresholds.ts';

/**
 * Bone in a CT by hysteresis: everything above `low` that lies within 10 mm, along paths above
 * `low`, of dense (`high`) bone; first freed of vessels and organs full of contrast medium, which
 * reach the same HU and touch bone. The marrow is filled, the spinal canal is not.
 */
export async function ctBone(ct: CoarseVolume, body: BitMask, pace: Pace): Promise<BitMask> {
  const { low, high, gap } = boneThresholds(ct.affine);
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const dense = and(maskAbove(ct.data, ct.size, high), body);
  const soft = and(maskAbove(ct.data, ct.size, low), body);
  const mean = averaged(ct);
  const pools = contrastPools(ct, mean, dense);
  andNot(soft, pools);
  andNot(dense, pools);
  pace.step('bone', 0.2);
  await pace.breathe();

  const deep = erodeBox(body, stepsFor(30, s, 1));
  const seeds = withoutStones(atLeast(dense, 27 / mm3), soft, ct, deep);
  let bone = growFromSeeds(seeds, pools, soft, dense, stepsFor(10, s, 1));
  bone = andNot(bone, calcifications(bone, dense, pools, ct, deep));
  bone = atLeast(bone, 300 / mm3);
  pace.step('bone', 0.5);
  await pace.breathe();

  const tissue = andNot(and(maskAbove(ct.data, ct.size, marrowThreshold), body), pools);
  // Sealed before anything was closed: the shaft of a long bone. A canal has its foramina.
  const canal = andNot(enlarge(longSoftTissue(mean), ct.size, mean.factor), marrow(bone, ct));
  andNot(tissue, canal);
  const spongy = and(maskAbove(ct.data, ct.size, 95), tissue);
  fill(bone, spongy, tissue, s);
  pace.step('bone', 0.8);
  await pace.breathe();
  // Wide enough for a cortex that thick voxels have broken up. What is bridged must have bone on
  // four sides: a gap in a shell has, the disc between two vertebrae has not.
  const bridges = and(close(bone, stepsFor(gap, s, 1)), tissue);
  or(bone, and(bridges, walledIn(bone, s, 12, 2)));
  fill(bone, spongy, tissue, s);
  bone = or(bone, and(marrow(bone, ct), tissue));
  // A head holder beside the ear is as dense as bone; bone has skin over it.
  return atLeast(bone, 300 / mm3, erode(body, stepsFor(4, s, 1)));
}

/** In place: marrow needs bone on all six sides, spongy bone, which no other tissue equals, on five. */
function fill(bone: BitMask, spongy: BitMask, tissue: BitMask, s: Vec3): void {
  or(bone, and(walledIn(bone, s, 30, 0), tissue));
  or(bone, and(walledIn(bone, s, 50, 1), spongy));
}

/**
 * Grows bone within `soft`, and gives back what belongs to organs full of contrast medium: their thin
 * parts, such as the lips of a kidney, hold no core to be found by, and reach the HU of spongy bone.
 * They are nearer to the organ than to any seed, and, unlike spongy bone, no cortex lies along them.
 */
function growFromSeeds(
  seeds: BitMask,
  pools: BitMask,
  soft: BitMask,
  dense: BitMask,
  reach: Vec3,
): BitMask {
  const grown = growWithin(seeds, soft, reach);
  const organ = andNot(copyMask(soft), dense);
  let [bone, wet] = [seeds, pools];
  for (let n = 0; n < Math.max(...reach); n++) {
    const step: Vec3 = [n < reach[0] ? 1 : 0, n < reach[1] ? 1 : 0, n < reach[2] ? 1 : 0];
    bone = growWithin(bone, andNot(copyMask(soft), wet), step);
    wet = growWithin(wet, or(andNot(copyMask(organ), bone), pools), step);
  }
  const nearer = components(and(wet, grown));
  const corticated = countIn(nearer, dilate(dense, [1, 1, 1]));
  const lips = select(
    nearer,
    (n) => (corticated[n] as number) < 0.15 * (nearer.voxels[n] as number),
  );
  return andNot(grown, lips);
}

/**
 * Without stones, calcified plaques and nodes: small compact pieces deep in the body and apart from
 * others. Taken out before anything grows, or they would draw the organ around them in.
 */
function withoutStones(
  seeds: BitMask,
  soft: BitMask,
  ct: CoarseVolume,
  deepBody: BitMask,
): BitMask {
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const c = components(growWithin(seeds, soft, stepsFor(2.5, s, 1)));
  const deep = countIn(c, deepBody);
  const stones = select(c, (n) => {
    const volume = (c.voxels[n] as number) * mm3;
    const compact = longestMm(c, n, s) < 2.2 * Math.cbrt(volume);
    return volume < 3000 && compact && (deep[n] as number) > 0.9 * (c.voxels[n] as number);
  });
  return andNot(seeds, stones);
}

/**
 * Vessels, kidneys and cavities full of contrast medium. They are thick (a ball of 7 mm fits) and
 * even, and, unlike spongy bone, not wrapped in cortex: seen from the rim of their core, nothing
 * dense lies at the depth of their wall. Arteries denser than cortex (CT angiography) are told by
 * their evenness alone.
 */
function contrastPools(ct: CoarseVolume, mean: CoarseVolume, dense: BitMask): BitMask {
  const { low } = boneThresholds(ct.affine);
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const depth = stepsFor(3.5, s, 1);
  const past: Vec3 = [depth[0] + 1, depth[1] + 1, depth[2] + 1];
  // From the averaged volume, and a little below `low`: a kidney whose HU lies right at the
  // threshold would be riddled by noise.
  const soft = enlarge(maskAbove(mean.data, mean.size, low - 15), ct.size, mean.factor);
  const core = erode(soft, depth);
  const c = components(core);
  const rim = andNot(copyMask(core), erode(core, [1, 1, 1]));
  const rimVoxels = countIn(c, rim);
  const wrapped = countIn(c, and(rim, dilate(dense, past)));
  const spread = deviations(c, ct.data);
  const bare = select(
    c,
    (n) =>
      (c.voxels[n] as number) * mm3 > 500 &&
      (wrapped[n] as number) < 0.35 * (rimVoxels[n] as number) &&
      (spread[n] as number) < 60,
  );
  // Never into what is dense: where a vessel lies on a vertebra, the cortex is the border.
  const pools = growWithin(bare, andNot(copyMask(soft), dense), past);

  const solid = components(erode(dense, stepsFor(4.5, s, 1)));
  const even = deviations(solid, ct.data);
  const arteries = select(
    solid,
    (n) => (solid.voxels[n] as number) * mm3 > 1500 && (even[n] as number) < 50,
  );
  return or(pools, growWithin(arteries, soft, stepsFor(6.5, s, 2)));
}

/** HU of the soft tissue around bones. */
const surrounding = 50;
/**
 * HU from which a voxel at the edge of a bone belongs to it: between soft tissue and the
 * densest voxel next to it, half-way where the voxels resolve the cortex (a blurred edge lies there),
 * lower where they do not, and never below `low`. With `low` alone dense bone would grow by the
 * width of the blur.
 * @returns one value per coarse voxel along the edge, 0 elsewhere.
 */
export function boneEdges(ct: CoarseVolume, bone: BitMask): Int16Array<ArrayBuffer> {
  const { low, share } = boneThresholds(ct.affine);
  const edges = new Int16Array(ct.data.length);
  const [nx, ny, nz] = ct.size;
  const band = components(andNot(dilate(bone, [1, 1, 1]), erode(bone, [1, 1, 1])));
  forEachRun(band, (_, first, length) => {
    const y = Math.floor(first / nx) % ny;
    const z = Math.floor(first / (nx * ny));
    for (let p = first; p < first + length; p++) {
      const x = p % nx;
      let top = low;
      for (let c = Math.max(0, z - 1); c <= Math.min(nz - 1, z + 1); c++) {
        for (let b = Math.max(0, y - 1); b <= Math.min(ny - 1, y + 1); b++) {
          for (let a = Math.max(0, x - 1); a <= Math.min(nx - 1, x + 1); a++) {
            const v = ct.data[a + nx * (b + ny * c)] as number;
            if (v > top) top = v;
          }
        }
      }
      edges[p] = Math.max(low, surrounding + share * (top - surrounding));
    }
  });
  return edges;
}

/**
 * Takes away the voxels of the surface that lie below their edge. What was filled stays, and so do
 * thin plates.
 */
export function trimEdges(ct: CoarseVolume, bone: BitMask, edges: Int16Array): BitMask {
  const { low } = boneThresholds(ct.affine);
  const surface = components(andNot(copyMask(bone), erode(bone, [1, 1, 1])));
  const [nx, ny] = ct.size;
  const out = copyMask(bone);
  forEachRun(surface, (_, first, length) => {
    for (let p = first; p < first + length; p++) {
      const v = ct.data[p] as number;
      if (v > low && v < (edges[p] as number) && !isRidge(ct.data, p, 1, nx, nx * ny))
        clearBit(out, Math.floor(p / nx), p % nx);
    }
  });
  return out;
}

/** Components of at least so many voxels, of which some lie in `inside`. */
function atLeast(mask: BitMask, voxels: number, inside?: BitMask): BitMask {
  const c = components(mask);
  const deep = inside === undefined ? undefined : countIn(c, inside);
  return select(c, (n) => (c.voxels[n] as number) >= voxels && deep?.[n] !== 0);
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
 * Pieces apart from the skeleton that are no bone: stones, calcified plaques and nodes (small and
 * deep in the body; compact, or in touch with a contrast-filled organ) and cavities full of contrast
 * medium (solid, without a marrow). Metal stays.
 */
function calcifications(
  bone: BitMask,
  dense: BitMask,
  pools: BitMask,
  ct: CoarseVolume,
  deepBody: BitMask,
): BitMask {
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const c = components(bone);
  const skeleton = largest(c);
  const deep = countIn(c, deepBody);
  const solid = countIn(c, erode(dense, stepsFor(5, s, 1)));
  const wet = countIn(c, dilate(pools, [1, 1, 1]));
  const mean = meanValues(c, ct.data);
  return select(c, (n) => {
    const voxels = c.voxels[n] as number;
    if (n === skeleton || (deep[n] as number) < 0.9 * voxels || (mean[n] as number) > 2000)
      return false;
    const volume = voxels * mm3;
    const compact = longestMm(c, n, s) < 2.2 * Math.cbrt(volume);
    if (volume < 3000 && compact) return true;
    if (volume < 10_000 && (wet[n] as number) > 0.1 * voxels) return true;
    return (solid[n] as number) > 0.3 * voxels;
  });
}

/**
 * Cavities closed on all sides by bone. Not marrow are: what holds a box of 35 mm (the brain) and
 * what has more than 400 mL.
 */
function marrow(bone: BitMask, ct: CoarseVolume): BitMask {
  const s = spacing(ct.affine);
  const mm3 = voxelMm3(ct.affine);
  const c = components(not(bone));
  const outside = largest(c);
  const big = select(c, (n) => n !== outside && (c.voxels[n] as number) * mm3 > 30_000);
  const wide = countIn(c, erodeBox(big, stepsFor(17, s, 1)));
  return select(
    c,
    (n) => n !== outside && wide[n] === 0 && (c.voxels[n] as number) * mm3 <= 400_000,
  );
}

/**
 * Even soft tissue that runs further than any marrow space of its density: the content of the spinal
 * canal (and, around the bones, muscle). Marrow is fatter, denser, or ends at the next end plate.
 */
function longSoftTissue(mean: CoarseVolume): BitMask {
  const s = spacing(mean.affine);
  const range = maskAbove(mean.data, mean.size, 0);
  andNot(range, maskAbove(mean.data, mean.size, 90));
  const depth = stepsFor(2.5, s, 1);
  const core = components(erode(range, depth));
  const long = select(core, (n) => longestMm(core, n, s) > 45);
  return growWithin(long, range, [depth[0] + 1, depth[1] + 1, depth[2] + 1]);
}

/** Averaged to about 3 mm, where noise no longer breaks up what is even. */
function averaged(ct: CoarseVolume): CoarseVolume {
  const factor = spacing(ct.affine).map((s) => (s <= 2.2 ? 2 : 1)) as unknown as Vec3;
  return shrinkNow(ct, factor, 'int16');
}

/**
 * What has bone within `mm` in the six directions of the grid, but for `misses` of them: marrow
 * behind a thin or patchy cortex. The spinal canal is open upward and downward, an orbit to the
 * front, the brain is wider. A bone cut by the end of the scan counts as closed there.
 */
function walledIn(bone: BitMask, s: Vec3, mm: number, misses: 0 | 1 | 2): BitMask {
  const reach = stepsFor(mm, s, 1);
  // Bit n of `missed` is where at most n of the directions so far saw no bone.
  const missed = [0, 1, 2].map(() => not(emptyMask(bone.size))) as [BitMask, BitMask, BitMask];
  for (const axis of [0, 1, 2] as const) {
    for (const sign of [1, -1] as const) {
      const seen = seenAlong(bone, axis, sign, reach[axis]);
      if (axis === 2) addEnd(seen, sign, reach[2]);
      for (let n = misses; n > 0; n--)
        or(and(missed[n] as BitMask, seen), missed[n - 1] as BitMask);
      and(missed[0], seen);
    }
  }
  return missed[misses];
}

/** Slices at most `reach` from the end of the scan see its end. */
function addEnd(seen: BitMask, sign: 1 | -1, reach: number): void {
  const plane = seen.stride * seen.size[1];
  const n = Math.min(reach, seen.size[2]) * plane;
  if (sign > 0) seen.words.fill(-1, seen.words.length - n);
  else seen.words.fill(-1, 0, n);
}
