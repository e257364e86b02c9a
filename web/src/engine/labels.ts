import { type Affine, invert, type PatientPoint, toPatient, type Vec3 } from '@yuepian/geometry';

/** The label map of the structures on one pyramid level. */
export interface LabelGrid {
  readonly size: Vec3;
  readonly affine: Affine;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What a structure needs to be found in a label map. */
export interface Labelled {
  readonly key: string;
  readonly labels: readonly number[];
  readonly visible: boolean;
}

/**
 * Label → structure. A label may belong to several (skin holds everything inside it); the most
 * particular visible one wins, that is the one with the fewest labels.
 */
export function ownersOf(structures: readonly Labelled[]): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  const sizes = new Map<number, number>();
  for (const { key, labels, visible } of structures) {
    if (!visible) continue;
    for (const label of labels) {
      if ((sizes.get(label) ?? Number.POSITIVE_INFINITY) <= labels.length) continue;
      owners.set(label, key);
      sizes.set(label, labels.length);
    }
  }
  return owners;
}

/** A look-up from patient space; invert once, ask often. */
export function labelLookup(grid: LabelGrid): (p: PatientPoint) => number {
  const inverse = invert(grid.affine);
  const [nx, ny, nz] = grid.size;
  return (p) => {
    const v = toPatient(inverse, p);
    const [i, j, k] = [Math.round(v[0]), Math.round(v[1]), Math.round(v[2])];
    if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return 0;
    return grid.data[i + nx * (j + ny * k)] ?? 0;
  };
}

/**
 * A point well inside a structure, where its section is largest: the middle of a lung that bends
 * around the heart lies outside it.
 * @param labels of the structure; anything else is outside.
 * @returns centre of a voxel, LPS mm; undefined where the map holds nothing of it.
 */
export function insidePoint(grid: LabelGrid, labels: readonly number[]): PatientPoint | undefined {
  const [nx, ny, nz] = grid.size;
  const own = new Uint8Array(256);
  for (const label of labels) own[label] = 1;
  let widest = { k: 0, voxels: 0 };
  for (let k = 0; k < nz; k++) {
    let voxels = 0;
    for (let p = nx * ny * k; p < nx * ny * (k + 1); p++) voxels += own[grid.data[p] ?? 0] ?? 0;
    if (voxels > widest.voxels) widest = { k, voxels };
  }
  if (widest.voxels === 0) return undefined;
  const section = grid.data.subarray(nx * ny * widest.k, nx * ny * (widest.k + 1));
  const [i, j] = deepest(section, nx, ny, own);
  return toPatient(grid.affine, [i, j, widest.k]);
}

/** The pixel furthest from the border, in steps to any of eight neighbours: a distance in two passes. */
function deepest(section: Uint8Array, nx: number, ny: number, own: Uint8Array): [number, number] {
  const depth = new Uint16Array(nx * ny);
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= nx || j >= ny ? 0 : (depth[i + nx * j] ?? 0);
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      if (own[section[i + nx * j] ?? 0] !== 1) continue;
      depth[i + nx * j] =
        1 + Math.min(at(i - 1, j), at(i - 1, j - 1), at(i, j - 1), at(i + 1, j - 1));
    }
  }
  let best: [number, number] = [0, 0];
  let most = 0;
  for (let j = ny - 1; j >= 0; j--) {
    for (let i = nx - 1; i >= 0; i--) {
      const around = Math.min(at(i + 1, j), at(i + 1, j + 1), at(i, j + 1), at(i - 1, j + 1));
      const d = Math.min(at(i, j), 1 + around);
      depth[i + nx * j] = d;
      if (d <= most) continue;
      most = d;
      best = [i, j];
    }
  }
  return best;
}
