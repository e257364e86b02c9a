import type { Vec3 } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { nameGroups } from './names.ts';
import type { Piece } from './pieces.ts';

/** A piece with its middle in a place (LPS mm), as deep and as big as said. */
const piece = (centre: Vec3, depth: number, mm3: number): Piece => ({
  voxels: mm3,
  mm3,
  depth,
  centre,
  core: centre,
  low: centre.map((v) => v - depth) as unknown as Vec3,
  high: centre.map((v) => v + depth) as unknown as Vec3,
});

/** Three vertebral bodies, the top one at z = 90, and one small piece behind them. */
const withProcess = (centre: Vec3): Piece[] => [
  ...[90, 60, 30].map((z) => piece([0, 0, z], 13, 30_000)),
  piece(centre, 3, 2_000),
];
const touching = new Map([
  [0, new Map([[3, 40]])],
  [3, new Map([[0, 40]])],
]);
const vertebraeOf = (pieces: readonly Piece[]): number[][] =>
  nameGroups(pieces, touching)
    .filter((g) => g.kind === 'vertebra')
    .map((g) => [...g.pieces].sort());

it('gives a spinous process above the highest body to the vertebra that the scan cut off', () => {
  expect(vertebraeOf(withProcess([0, 50, 98]))).toEqual([[0], [1], [2], [3]]);
});

it('gives a process to its own body when it hangs below its middle', () => {
  expect(vertebraeOf(withProcess([0, 50, 80]))).toEqual([[0, 3], [1], [2]]);
});

it('takes no transverse process, and nothing far behind the back, for a vertebra of its own', () => {
  expect(vertebraeOf(withProcess([22, 40, 98]))).toEqual([[0, 3], [1], [2]]);
  expect(vertebraeOf(withProcess([0, 95, 98]))).not.toContainEqual([3]);
});
