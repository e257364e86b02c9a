import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  type Affine,
  affineFromSteps,
  type LabelMap,
  toPatient,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import { type BitMask, emptyMask, setRun } from './grid/bits.ts';

/** Shapes with known volumes, synthetic CT bodies and real data for the tests of this package. */

export const identity: Affine = affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]);

/** Random numbers that are the same on every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Labels by a function of the patient point (LPS mm) of each voxel centre. */
export function labelsOf(
  size: Vec3,
  affine: Affine,
  label: (x: number, y: number, z: number) => number,
  segments: LabelMap['segments'] = [{ key: 'a', labels: [1] }],
): LabelMap {
  const data = new Uint8Array(size[0] * size[1] * size[2]);
  let at = 0;
  for (let k = 0; k < size[2]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let i = 0; i < size[0]; i++) {
        const p = toPatient(affine, [i, j, k]);
        data[at++] = label(p[0], p[1], p[2]);
      }
  return { size, affine, frameOfReferenceUid: '1.2.3', data, segments };
}

export const sphere =
  (centre: Vec3, radius: number) =>
  (x: number, y: number, z: number): number =>
    Math.hypot(x - centre[0], y - centre[1], z - centre[2]) <= radius ? 1 : 0;

/** A mask of random voxels. */
export function randomMask(size: Vec3, share: number, seed: number): BitMask {
  const next = random(seed);
  const m = emptyMask(size);
  for (let row = 0; row < size[1] * size[2]; row++)
    for (let x = 0; x < size[0]; x++) if (next() < share) setRun(m, row, x, x);
  return m;
}

export function dice(a: (i: number) => boolean, b: (i: number) => boolean, count: number): number {
  let [na, nb, both] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [x, y] = [a(i), b(i)];
    if (x) na++;
    if (y) nb++;
    if (x && y) both++;
  }
  return (2 * both) / (na + nb);
}

/** Where tissues of the synthetic body are; the same letters for CT and truth. */
export type Tissue =
  | 'air'
  | 'fat'
  | 'muscle'
  | 'cortex'
  | 'marrow'
  | 'lung'
  | 'gas'
  | 'table'
  | 'vessel';

const hu: Record<Tissue, number> = {
  air: -1000,
  fat: -100,
  muscle: 50,
  cortex: 900,
  marrow: 60,
  lung: -830,
  gas: -1000,
  table: 80,
  vessel: 260,
};

/**
 * A trunk: an elliptic cylinder with fat, two lungs above, bowel gas below, a spine of vertebrae with
 * cortex, marrow and canal, a contrast-filled aorta that touches it, femur-like tubes, a table.
 * Patient axes: x left, y back, z up; the middle of the scan is the origin.
 */
export function tissueAt(x: number, y: number, z: number): Tissue {
  if (y > 108 && y < 111 && Math.abs(x) < 170) return 'table';
  const body = (x / 150) ** 2 + (y / 100) ** 2;
  if (body > 1) return 'air';
  for (const side of [-1, 1]) {
    const tube = Math.hypot(x - side * 95, y);
    if (z < -20 && tube < 14) return tube > 9 || z > -25 ? 'cortex' : 'marrow';
    if (z > 10 && ((x - side * 70) / 50) ** 2 + (y / 70) ** 2 < 1) return 'lung';
  }
  if (z < 0 && Math.hypot(x - 30, y + 45, z + 40) < 22) return 'gas';
  const vertebra = Math.hypot(x, y - 55);
  const level = (((z + 300) % 30) + 30) % 30;
  if (vertebra < 18 && level < 24)
    return vertebra > 15.5 || level < 2 || level > 22 ? 'cortex' : 'marrow';
  const canal = Math.hypot(x, y - 80);
  if (canal < 8) return 'muscle';
  if (canal < 12 && vertebra >= 18 && level < 12) return 'cortex';
  if (Math.hypot(x - 14, y - 28) < 10) return 'vessel';
  return body > 0.85 ? 'fat' : 'muscle';
}

export interface SyntheticBody {
  readonly volume: Volume<Int16Array<ArrayBuffer>>;
  readonly tissue: (i: number) => Tissue;
}

/** The trunk on any grid, with noise (standard deviation in HU). */
export function syntheticBody(size: Vec3, affine: Affine, noise = 15): SyntheticBody {
  const next = random(7);
  const data = new Int16Array(size[0] * size[1] * size[2]);
  const tissues: Tissue[] = new Array(data.length);
  let at = 0;
  for (let k = 0; k < size[2]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let i = 0; i < size[0]; i++) {
        const p = toPatient(affine, [i, j, k]);
        const tissue = tissueAt(p[0], p[1], p[2]);
        tissues[at] = tissue;
        // Sum of four uniform numbers: near enough to normal, standard deviation 0.577.
        const n = next() + next() + next() + next() - 2;
        data[at++] = Math.round(hu[tissue] + (n / 0.577) * noise);
      }
  return {
    volume: { size, affine, frameOfReferenceUid: '1.2.3', data },
    tissue: (i) => tissues[i] as Tissue,
  };
}

/** Folder of real test data, or undefined where there is none. */
export const testData: string | undefined = [
  process.env.YUEPIAN_TEST_DATA,
  fileURLToPath(new URL('../../../../shared/data', import.meta.url)),
].find((path) => path !== undefined && existsSync(path));

/** Size and 16- or 8-bit voxels of a .nii.gz; just enough for the files used here. */
export function readVoxels(path: string): { size: Vec3; data: Int16Array; affine: Affine } {
  const bytes = gunzipSync(readFileSync(path));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size: Vec3 = [view.getInt16(42, true), view.getInt16(44, true), view.getInt16(46, true)];
  const n = size[0] * size[1] * size[2];
  const type = view.getInt16(70, true);
  const start = view.getFloat32(108, true);
  const slope = view.getFloat32(112, true) || 1;
  const intercept = view.getFloat32(116, true);
  const data = new Int16Array(n);
  for (let i = 0; i < n; i++) {
    const raw =
      type === 2
        ? view.getUint8(start + i)
        : type === 4
          ? view.getInt16(start + i * 2, true)
          : type === 8
            ? view.getInt32(start + i * 4, true)
            : type === 16
              ? view.getFloat32(start + i * 4, true)
              : view.getFloat64(start + i * 8, true);
    data[i] = Math.round(raw * slope + intercept);
  }
  const row = (r: number): number[] =>
    [0, 1, 2, 3].map((c) => view.getFloat32(280 + r * 16 + c * 4, true));
  const [x, y, z] = [row(0), row(1), row(2)] as [number[], number[], number[]];
  const column = (c: number): Vec3 => [-(x[c] ?? 0), -(y[c] ?? 0), z[c] ?? 0];
  return { size, data, affine: affineFromSteps(column(0), column(1), column(2), column(3)) };
}
