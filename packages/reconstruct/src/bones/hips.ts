import type { BoxGrid } from '../interactive/box.ts';
import { type Piece, placeOf } from './pieces.ts';
import { type Fragments, renumbered } from './watershed.ts';

/** Half the width of a head of femur, mm: 20–28 in adults; less tells a trochanter. */
const headRadius = 15;
/** A head with its own neck and shaft on a scan to mid-thigh stays below that; more is a hip, too. */
const aloneMm3 = 200_000;

/**
 * The heads of the femora: on each side the deepest place far from the midline.
 * @returns pieces' numbers, left (patient's +x) first.
 */
export function femoralHeads(
  pieces: readonly Piece[],
  x0: number,
): { left: number | undefined; right: number | undefined } {
  const find = (sign: number): number | undefined => {
    let best: number | undefined;
    pieces.forEach((p, n) => {
      if (p.depth < headRadius || (p.core[0] - x0) * sign < 50 || p.mm3 < 15_000) return;
      if (best === undefined || p.depth > (pieces[best] as Piece).depth) best = n;
    });
    return best;
  };
  return { left: find(1), right: find(-1) };
}

/**
 * Where a mask shows no gap in the hip joint, head and socket are one fragment and no neck parts
 * them. The head is a ball round the deepest place; neck and shaft lie lateral of it and not above.
 * All else of the fragment is hip bone and becomes a fragment of its own.
 * @returns the fragments with such hips parted; `f` is not changed.
 */
export function partHips(
  f: Fragments,
  pieces: readonly Piece[],
  grid: BoxGrid,
  x0: number,
): Fragments {
  const heads = femoralHeads(pieces, x0);
  const fused = [heads.left, heads.right].filter(
    (n): n is number => n !== undefined && (pieces[n] as Piece).mm3 > aloneMm3,
  );
  if (fused.length === 0) return f;
  const ofVoxel = f.ofVoxel.slice();
  const depth = [...f.depth];
  const peak = [...f.peak];
  for (const n of fused) {
    const { core, depth: radius } = pieces[n] as Piece;
    const sign = Math.sign(core[0] - x0);
    const fresh = depth.length;
    depth.push(0);
    peak.push(f.peak[n] as number);
    for (let i = 0; i < ofVoxel.length; i++) {
      if (ofVoxel[i] !== n) continue;
      const p = placeOf(grid, i);
      const [x, y, z] = [(p[0] - core[0]) * sign, p[1] - core[1], p[2] - core[2]];
      const isFemur =
        Math.hypot(x, y, z) <= radius ||
        (x > radius / 2 && z < radius / 2) ||
        (x > 0 && z < -2 * radius);
      if (!isFemur) {
        ofVoxel[i] = fresh;
        peak[fresh] = i;
      }
    }
  }
  return renumbered(f, ofVoxel, depth, peak);
}
