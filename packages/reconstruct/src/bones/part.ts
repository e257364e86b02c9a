import { YuepianError } from '@yuepian/contract';
import { type PatientPoint, spacing, toVoxel, type Vec3 } from '@yuepian/geometry';
import { squaredDistances } from '../grid/distance.ts';
import { checkBox, type MaskBox, voxelAt } from '../interactive/box.ts';

/** A finger on a model lies on its smoothed surface: the voxel meant is at most so far inside, mm. */
const reach = 6;
const perMm = 20;

/**
 * Cuts a mask in two between two touched points, where it is thinnest: both points slide to the middle
 * of the bone around them, and the distance transform is flooded from there, deepest first (Meyer's
 * watershed from markers), so that the two meet at the neck. Where both slide to one middle, they
 * meet half-way.
 * @param seeds LPS mm, on or in the mask.
 * @returns 1 where a voxel belongs to the second point; the rest of the mask belongs to the first, what
 * hangs together with neither as well.
 * @throws YuepianError `cut_misses` when a seed lies off the mask, or both are in one place.
 */
export function partBetween(
  mask: MaskBox,
  seeds: readonly [PatientPoint, PatientPoint],
): Uint8Array {
  checkBox(mask);
  const step = spacing(mask.affine);
  const touched = seeds.map((p) => nearestInside(mask, p));
  const [a, b] = touched;
  if (a === undefined || b === undefined || a === b) throw new YuepianError('cut_misses');
  const depth = squaredDistances(mask.data, mask.size, step, 0);
  for (let i = 0; i < depth.length; i++) depth[i] = Math.sqrt(depth[i] as number);
  const [p, q] = [climb(depth, mask, a), climb(depth, mask, b)];
  if (p !== q) return flood(mask, [p, q], (i) => depth[i] as number);
  // One middle: two fronts, step by step, from the points themselves.
  return flood(mask, [a, b], () => 0);
}

function nearestInside(mask: MaskBox, p: PatientPoint): number | undefined {
  const own = voxelAt(mask, p);
  if (own !== undefined && mask.data[own] === 1) return own;
  const step = spacing(mask.affine);
  const [x, y, z] = toVoxel(mask.affine, p);
  const [nx, ny, nz] = mask.size;
  let [best, found]: [number, number | undefined] = [reach * reach, undefined];
  const range = (c: number, s: number, n: number): [number, number] => [
    Math.max(0, Math.ceil(c - reach / s)),
    Math.min(n - 1, Math.floor(c + reach / s)),
  ];
  const [[x0, x1], [y0, y1], [z0, z1]] = [
    range(x, step[0], nx),
    range(y, step[1], ny),
    range(z, step[2], nz),
  ];
  for (let k = z0; k <= z1; k++)
    for (let j = y0; j <= y1; j++)
      for (let i = x0; i <= x1; i++) {
        const at = i + nx * (j + ny * k);
        if (mask.data[at] !== 1) continue;
        const d = ((i - x) * step[0]) ** 2 + ((j - y) * step[1]) ** 2 + ((k - z) * step[2]) ** 2;
        if (d < best) [best, found] = [d, at];
      }
  return found;
}

/** From voxel to deeper voxel, to a place with none deeper around it. */
function climb(depth: Float32Array, mask: MaskBox, from: number): number {
  const [nx, ny, nz] = mask.size;
  let at = from;
  for (;;) {
    let next = at;
    const [x, y, z] = placeOf(at, mask.size);
    for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k++)
      for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j++)
        for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i++) {
          const q = i + nx * (j + ny * k);
          if ((depth[q] as number) > (depth[next] as number)) next = q;
        }
    if (next === at) return at;
    at = next;
  }
}

const placeOf = (at: number, [nx, ny]: Vec3): Vec3 => [
  at % nx,
  Math.floor(at / nx) % ny,
  Math.floor(at / (nx * ny)),
];

/** Highest first; equals in the order they were met. */
function flood(
  mask: MaskBox,
  seeds: readonly [number, number],
  height: (i: number) => number,
): Uint8Array {
  const [nx, ny, nz] = mask.size;
  const owner = new Uint8Array(mask.data.length);
  const buckets: number[][] = [];
  const taken: number[] = [];
  let top = 0;
  const push = (i: number, own: number): void => {
    owner[i] = own;
    const level = Math.floor(height(i) * perMm);
    buckets[level] ??= [];
    taken[level] ??= 0;
    buckets[level].push(i);
    top = Math.max(top, level);
  };
  for (const [n, seed] of seeds.entries()) push(seed, n + 1);
  while (top >= 0) {
    const bucket = buckets[top];
    const n = taken[top] ?? 0;
    const i = bucket?.[n];
    if (i === undefined) {
      // Nothing of it is needed any more.
      buckets[top] = [];
      taken[top] = 0;
      top--;
      continue;
    }
    taken[top] = n + 1;
    const own = owner[i] as number;
    const [x, y, z] = placeOf(i, mask.size);
    const meet = (isInside: boolean, q: number): void => {
      if (isInside && mask.data[q] === 1 && owner[q] === 0) push(q, own);
    };
    meet(x > 0, i - 1);
    meet(x + 1 < nx, i + 1);
    meet(y > 0, i - nx);
    meet(y + 1 < ny, i + nx);
    meet(z > 0, i - nx * ny);
    meet(z + 1 < nz, i + nx * ny);
  }
  for (let i = 0; i < owner.length; i++) owner[i] = owner[i] === 2 ? 1 : 0;
  return owner;
}
