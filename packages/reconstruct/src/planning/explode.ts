import { add, scale, subtract, type Vec3 } from '@yuepian/geometry';
import type { Mesh } from '../mesh.ts';

/** Mean of the middle of a mesh's bounding box, LPS mm. */
export function boxCentre(mesh: Mesh): Vec3 {
  const low = [0, 1, 2].map(() => Number.POSITIVE_INFINITY);
  const high = [0, 1, 2].map(() => Number.NEGATIVE_INFINITY);
  mesh.positions.forEach((v, n) => {
    low[n % 3] = Math.min(low[n % 3] as number, v);
    high[n % 3] = Math.max(high[n % 3] as number, v);
  });
  return [0, 1, 2].map((a) => ((low[a] as number) + (high[a] as number)) / 2) as unknown as Vec3;
}

/**
 * How far each structure moves when a scene is taken apart: away from the common middle, in proportion
 * to its own distance from it, so that the order in space stays.
 * @param centres one per structure, LPS mm. @param amount 0 in place; 1 doubles every distance.
 */
export function explodeOffsets(centres: readonly Vec3[], amount: number): Vec3[] {
  if (centres.length === 0) return [];
  const sum = centres.reduce((a: Vec3, c) => add(a, c), [0, 0, 0]);
  const middle = scale(sum, 1 / centres.length);
  return centres.map((c) => scale(subtract(c, middle), amount));
}
