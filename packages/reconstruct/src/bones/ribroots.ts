import type { Vec3 } from '@yuepian/geometry';
import { type BoxGrid, voxelMm3 } from '../interactive/box.ts';
import { type Piece, placeOf } from './pieces.ts';
import { isThinAndLong } from './ribcage.ts';
import { type Fragments, renumbered } from './watershed.ts';

/** From the midline in mm: where transverse processes end, and what no vertebra reaches. */
const tips = 45;
const beyond = 62;

/**
 * Where voxels are coarse the joints of a rib with its vertebra close, and both are one fragment. What of a
 * fragment on the midline goes on beyond the transverse processes, thin and long, is a rib and becomes a
 * fragment of its own.
 * @returns the fragments with such ribs parted; `f` is not changed.
 */
export function partRibs(
  f: Fragments,
  pieces: readonly Piece[],
  grid: BoxGrid,
  x0: number,
): Fragments {
  const wide = new Uint8Array(f.count);
  pieces.forEach((p, n) => {
    const isMiddle = Math.abs(p.centre[0] - x0) < tips && p.low[0] < x0 && p.high[0] > x0;
    if (isMiddle && Math.max(p.high[0] - x0, x0 - p.low[0]) > beyond) wide[n] = 1;
  });
  if (!wide.includes(1)) return f;
  const ofVoxel = f.ofVoxel.slice();
  const depth = [...f.depth];
  const peak = [...f.peak];
  const [nx, ny, nz] = grid.size;
  const isLateral = (i: number, n: number): boolean =>
    f.ofVoxel[i] === n && Math.abs(placeOf(grid, i)[0] - x0) > tips;
  const seen = new Uint8Array(ofVoxel.length);
  for (let start = 0; start < ofVoxel.length; start++) {
    const n = f.ofVoxel[start] as number;
    if (n < 0 || wide[n] === 0 || seen[start] === 1 || !isLateral(start, n)) continue;
    seen[start] = 1;
    const own = [start];
    const [low, high]: [number[], number[]] = [
      [1e9, 1e9, 1e9],
      [-1e9, -1e9, -1e9],
    ];
    let deepest = start;
    for (const i of own) {
      const p = placeOf(grid, i);
      for (let a = 0; a < 3; a++) {
        low[a] = Math.min(low[a] as number, p[a] as number);
        high[a] = Math.max(high[a] as number, p[a] as number);
      }
      if ((f.depths[i] as number) > (f.depths[deepest] as number)) deepest = i;
      const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      for (const [isInside, q] of [
        [x > 0, i - 1],
        [x + 1 < nx, i + 1],
        [y > 0, i - nx],
        [y + 1 < ny, i + nx],
        [z > 0, i - nx * ny],
        [z + 1 < nz, i + nx * ny],
      ] as const) {
        if (!isInside || seen[q] === 1 || !isLateral(q, n)) continue;
        seen[q] = 1;
        own.push(q);
      }
    }
    const part = {
      low: low as unknown as Vec3,
      high: high as unknown as Vec3,
      mm3: own.length * voxelMm3(grid),
      depth: f.depths[deepest] as number,
    };
    if (!isThinAndLong(part)) continue;
    for (const i of own) ofVoxel[i] = depth.length;
    depth.push(part.depth);
    peak.push(deepest);
  }
  return renumbered(f, ofVoxel, depth, peak);
}
