import type { MeshData } from '../../engine/index.ts';

/** Width at which a border counts as unknown, mm. */
export const wideMm = 10;

/**
 * From unsure to sure: widest band of p between 25 and 75 % first. Told apart by colour-blind people,
 * and by lightness alone.
 */
export const bandColours = ['#d7301f', '#fc8d59', '#fdd49e', '#2c7fb8'] as const;

/** Ends of the bands in mm of border width, as in `vertexCertainty`: from the voxel to `wideMm`. */
export const bandEnds = [0.25, 0.5, 0.75] as const;

/**
 * A surface as one mesh per band of certainty, over the same vertices; a triangle belongs where the
 * mean of its corners does.
 * @param certainty 0…1 per vertex.
 */
export function bandsOf(mesh: MeshData, certainty: Float32Array): (MeshData | undefined)[] {
  const lists: number[][] = bandColours.map(() => []);
  for (let t = 0; t < mesh.indices.length; t += 3) {
    const corners = [0, 1, 2].map((c) => mesh.indices[t + c] as number);
    const mean = corners.reduce((sum, v) => sum + (certainty[v] as number), 0) / 3;
    const band = bandEnds.filter((end) => mean > end).length;
    lists[band]?.push(...corners);
  }
  return lists.map((indices) =>
    indices.length === 0 ? undefined : { ...mesh, indices: Uint32Array.from(indices) },
  );
}
