import type { LeadView } from '@yuepian/contract';

/** Numbers of a view or a cursor as they travel: 0.001 mm is below any voxel and saves half the bytes. */
export const rounded = (v: number): number => Math.round(v * 1000) / 1000;
export const roundedPlace = (p: readonly [number, number, number]): [number, number, number] => [
  rounded(p[0]),
  rounded(p[1]),
  rounded(p[2]),
];

/** Whether two views are the same to the last digit. */
export const sameView = (a: LeadView | undefined, b: LeadView): boolean =>
  a !== undefined && JSON.stringify(a) === JSON.stringify(b);
