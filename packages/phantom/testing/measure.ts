import { toPatient, type Vec3 } from '@yuepian/geometry';
import type { PhantomCase } from '../src/index.ts';

/** Labels of a segment as a table. */
export function members(phantom: PhantomCase, key: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const label of phantom.segments.find((s) => s.key === key)?.labels ?? []) table[label] = 1;
  return table;
}

export interface Found {
  readonly ml: number;
  readonly centroid: Vec3;
  readonly mean: number;
}

/** Volume, centre and mean value of a segment, counted in voxels. */
export function measure(phantom: PhantomCase, key: string): Found {
  const table = members(phantom, key);
  const { data: labels } = phantom.labelMap;
  const { data, affine, size } = phantom.volume;
  let n = 0;
  let sum = 0;
  const at = [0, 0, 0];
  for (let index = 0; index < labels.length; index++) {
    if (table[labels[index] as number] === 0) continue;
    n++;
    sum += data[index] as number;
    at[0] = (at[0] as number) + (index % size[0]);
    at[1] = (at[1] as number) + (Math.floor(index / size[0]) % size[1]);
    at[2] = (at[2] as number) + Math.floor(index / (size[0] * size[1]));
  }
  const mean = at.map((v) => v / n) as unknown as Vec3;
  const voxel = affine[0] * affine[5] * affine[10];
  return { ml: (n * voxel) / 1000, centroid: toPatient(affine, mean), mean: sum / n };
}
