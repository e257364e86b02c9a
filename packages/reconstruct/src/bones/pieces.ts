import { toPatient, type Vec3 } from '@yuepian/geometry';
import type { BoxGrid } from '../interactive/box.ts';
import type { Fragments } from './watershed.ts';

/** What the rules of names look at. Patient axes: x to the left, y to the back, z to the head; mm. */
export interface Piece {
  readonly voxels: number;
  readonly mm3: number;
  readonly depth: number;
  readonly centre: Vec3;
  /** Where it is deepest. */
  readonly core: Vec3;
  readonly low: Vec3;
  readonly high: Vec3;
}

export function piecesOf(f: Fragments, grid: BoxGrid, voxelMm3: number): Piece[] {
  const sums = new Float64Array(f.count * 3);
  const count = new Float64Array(f.count);
  const low = new Float64Array(f.count * 3).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(f.count * 3).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < f.ofVoxel.length; i++) {
    const n = f.ofVoxel[i] as number;
    if (n < 0) continue;
    const p = placeOf(grid, i);
    count[n] = (count[n] as number) + 1;
    for (let a = 0; a < 3; a++) {
      const at = n * 3 + a;
      const v = p[a] as number;
      sums[at] = (sums[at] as number) + v;
      low[at] = Math.min(low[at] as number, v);
      high[at] = Math.max(high[at] as number, v);
    }
  }
  return Array.from({ length: f.count }, (_, n) => {
    const at = (from: Float64Array): Vec3 => [
      from[n * 3] as number,
      from[n * 3 + 1] as number,
      from[n * 3 + 2] as number,
    ];
    const voxels = count[n] as number;
    const [x, y, z] = at(sums);
    return {
      voxels,
      mm3: voxels * voxelMm3,
      depth: f.depth[n] as number,
      centre: [x / voxels, y / voxels, z / voxels],
      core: placeOf(grid, f.peak[n] as number),
      low: at(low),
      high: at(high),
    };
  });
}

export function placeOf(grid: BoxGrid, i: number): Vec3 {
  const [nx, ny] = grid.size;
  return toPatient(grid.affine, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
}

/** Faces shared by two fragments: `contacts.get(a)?.get(b)`. */
export type Contacts = ReadonlyMap<number, ReadonlyMap<number, number>>;

export function contactsOf(f: Fragments, size: Vec3): Contacts {
  const found = new Map<number, Map<number, number>>();
  const note = (a: number, b: number): void => {
    const row = found.get(a) ?? new Map<number, number>();
    row.set(b, (row.get(b) ?? 0) + 1);
    found.set(a, row);
  };
  const [nx, ny, nz] = size;
  const of = f.ofVoxel;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const a = of[i] as number;
        if (a < 0) continue;
        for (const q of [
          x + 1 < nx ? i + 1 : i,
          y + 1 < ny ? i + nx : i,
          z + 1 < nz ? i + nx * ny : i,
        ]) {
          const b = of[q] as number;
          if (b < 0 || b === a) continue;
          note(a, b);
          note(b, a);
        }
      }
    }
  }
  return found;
}

/** Those of `open` that touch, by way of each other. */
export function connected(open: ReadonlySet<number>, contacts: Contacts): number[][] {
  const left = new Set(open);
  const out: number[][] = [];
  for (const first of open) {
    if (!left.delete(first)) continue;
    const members = [first];
    for (const n of members)
      for (const m of contacts.get(n)?.keys() ?? []) if (left.delete(m)) members.push(m);
    out.push(members);
  }
  return out;
}
