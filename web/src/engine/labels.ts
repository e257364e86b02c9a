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
