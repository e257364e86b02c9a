import { YuepianError } from '@yuepian/contract';
import {
  invert,
  type Millilitre,
  type PatientPoint,
  toPatient,
  type Vec3,
  voxelsMl,
} from '@yuepian/geometry';
import { type BitMask, emptyMask } from '../grid/bits.ts';
import { components, forEachRun, holes, largest } from '../grid/components.ts';
import { checkBox, type MaskBox, voxelAt, voxelMm3 } from './box.ts';
import { type Edit, editBetween } from './diff.ts';

/** The mask as bits, for the component search. */
export function bitsOfMask(data: Uint8Array, size: Vec3): BitMask {
  const bits = emptyMask(size);
  const nx = size[0];
  for (let row = 0, p = 0; row < size[1] * size[2]; row++) {
    for (let x = 0; x < nx; x++, p++) {
      if (data[p] === 0) continue;
      const at = row * bits.stride + (x >> 5);
      bits.words[at] = (bits.words[at] as number) | (1 << (x & 31));
    }
  }
  return bits;
}

/** An island of a mask: connected through faces. */
export interface Island {
  readonly voxels: number;
  readonly volumeMl: Millilitre;
  readonly centre: PatientPoint;
}

/** All islands, largest first. */
export function islands(mask: MaskBox): Island[] {
  checkBox(mask);
  const c = components(bitsOfMask(mask.data, mask.size));
  return Array.from({ length: c.count }, (_, n) => {
    const voxels = c.voxels[n] as number;
    const sum = (axis: number): number => (c.sums[n * 3 + axis] as number) / voxels;
    return {
      voxels,
      volumeMl: voxelsMl(voxels, mask.affine),
      centre: toPatient(mask.affine, [sum(0), sum(1), sum(2)]),
    };
  }).sort((a, b) => b.voxels - a.voxels);
}

/**
 * Keeps the island tapped, or the nearest one within `reach` mm of the point, and drops the others.
 * Without a point the largest stays.
 * @throws YuepianError `not_found` when no island is near the point.
 */
export function keepIsland(mask: MaskBox, point?: PatientPoint, reach = 3): Edit {
  checkBox(mask);
  const c = components(bitsOfMask(mask.data, mask.size));
  if (c.count === 0) return editBetween(mask, mask.data);
  const at = point === undefined ? undefined : nearestVoxel(mask, point, reach);
  if (point !== undefined && at === undefined)
    throw new YuepianError('not_found', { what: 'island' });
  let kept = largest(c);
  if (at !== undefined)
    forEachRun(c, (n, first, length) => {
      if (at >= first && at < first + length) kept = n;
    });
  return keepComponents(mask, c, (n) => n === kept);
}

/** Drops islands smaller than `minimum` mL. */
export function dropIslands(mask: MaskBox, minimum: Millilitre): Edit {
  checkBox(mask);
  const c = components(bitsOfMask(mask.data, mask.size));
  const mm3 = voxelMm3(mask);
  return keepComponents(mask, c, (n) => ((c.voxels[n] as number) * mm3) / 1000 >= minimum);
}

function keepComponents(
  mask: MaskBox,
  c: ReturnType<typeof components>,
  keep: (n: number) => boolean,
): Edit {
  const after = new Uint8Array(mask.data.length);
  forEachRun(c, (n, first, length) => {
    if (keep(n)) after.set(mask.data.subarray(first, first + length), first);
  });
  return editBetween(mask, after);
}

/** Index of the mask's voxel nearest to a point, within `reach` mm. */
function nearestVoxel(mask: MaskBox, point: PatientPoint, reach: number): number | undefined {
  const own = voxelAt(mask, point);
  if (own !== undefined && mask.data[own] !== 0) return own;
  const centre = toPatient(invert(mask.affine), point);
  const [nx, ny, nz] = mask.size;
  const around = ([0, 1, 2] as const).map((a) => {
    const step = Math.hypot(
      mask.affine[a] as number,
      mask.affine[a + 4] as number,
      mask.affine[a + 8] as number,
    );
    const n = Math.ceil(reach / step);
    return [
      Math.max(0, Math.round(centre[a]) - n),
      Math.min(mask.size[a] - 1, Math.round(centre[a]) + n),
    ] as const;
  });
  const [xs, ys, zs] = around as [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
  let best: number | undefined;
  let least = reach * reach;
  for (let k = zs[0]; k <= Math.min(nz - 1, zs[1]); k++) {
    for (let j = ys[0]; j <= ys[1]; j++) {
      for (let i = xs[0]; i <= xs[1]; i++) {
        const at = i + nx * (j + ny * k);
        if (mask.data[at] === 0) continue;
        const p = toPatient(mask.affine, [i, j, k]);
        const d = (p[0] - point[0]) ** 2 + (p[1] - point[1]) ** 2 + (p[2] - point[2]) ** 2;
        if (d <= least) {
          least = d;
          best = at;
        }
      }
    }
  }
  return best;
}

export interface FillOptions {
  /** `volume`: cavities closed on all sides; `slices`: holes of each slice (k) by itself. */
  readonly within?: 'volume' | 'slices';
  /** Larger holes stay (mL for `volume`, mL of one slice for `slices`). */
  readonly largest?: Millilitre;
}

/** Fills the holes of a mask: background that does not reach the edge of the box. */
export function fillHoles(mask: MaskBox, options: FillOptions = {}): Edit {
  checkBox(mask);
  const mm3 = voxelMm3(mask);
  const limit = ((options.largest ?? Number.POSITIVE_INFINITY) * 1000) / mm3;
  const found = holes(
    bitsOfMask(mask.data, mask.size),
    options.within === 'slices' ? 'xy' : 'volume',
    (c, n) => (c.voxels[n] as number) <= limit,
  );
  const after = mask.data.slice();
  forEachRun(components(found), (_, first, length) => {
    after.fill(1, first, first + length);
  });
  return editBetween(mask, after);
}
