import { MeshoptSimplifier } from 'meshoptimizer';
import { fitVolume, type Mesh, meshOf, meshVolume, triangleCount } from './mesh.ts';
import { Pace } from './pace.ts';

/** Triangles of the levels of detail, coarse first: phone, first look, board. */
export const levelTriangles: readonly number[] = [15_000, 60_000, 250_000];

/**
 * Levels for one of `count` structures that are looked at together: the coarsest of all of them have
 * together as many triangles as four that are alone, down to 2,000 each, so that forty bones are there,
 * and turned, about as soon as a few organs.
 */
export function levelTrianglesAmong(count: number): readonly number[] {
  const [coarse = 0] = levelTriangles;
  const share = Math.max(2_000, Math.round((4 * coarse) / count));
  return share < 0.7 * coarse ? [share, ...levelTriangles] : levelTriangles;
}

/**
 * Fewer triangles by edge collapses (quadric error, meshoptimizer), then an offset that gives the
 * mesh its volume back. A closed mesh stays closed.
 * @param triangles wanted; the result may hold somewhat more where the shape allows no further
 * collapse, and is the mesh itself when it has no more than that.
 */
export async function simplify(mesh: Mesh, triangles: number): Promise<Mesh> {
  if (triangleCount(mesh) <= triangles) return mesh;
  await MeshoptSimplifier.ready;
  // Sheets that touch are two vertices in one place; apart, their edges could drift open.
  const same = MeshoptSimplifier.generatePositionRemap(mesh.positions, 3);
  const welded = mesh.indices.map((v) => same[v] as number);
  const [reduced] = MeshoptSimplifier.simplify(welded, mesh.positions, 3, triangles * 3, 1);
  const [remap, count] = MeshoptSimplifier.compactMesh(reduced);
  const positions = new Float32Array(count * 3);
  for (let v = 0; v < remap.length; v++) {
    const to = remap[v] as number;
    // 0xffffffff marks a vertex that nothing uses any more.
    if (to >= count) continue;
    for (let axis = 0; axis < 3; axis++)
      positions[to * 3 + axis] = mesh.positions[v * 3 + axis] as number;
  }
  const indices = Uint32Array.from(reduced);
  fitVolume(positions, indices, meshVolume(mesh.positions, mesh.indices));
  return meshOf(mesh.key, positions, indices);
}

/**
 * Levels of detail, coarse first; the last is the finest. Levels that a mesh is too small for are
 * left out, so a small structure has one. Each is made from the next finer one.
 * @throws YuepianError `job_cancelled` between two levels.
 */
export async function levelsOfDetail(
  mesh: Mesh,
  targets: readonly number[] = levelTriangles,
  signal?: AbortSignal,
): Promise<Mesh[]> {
  const pace = new Pace(signal);
  const levels: Mesh[] = [];
  let finer = mesh;
  for (const target of targets.toSorted((a, b) => b - a)) {
    await pace.breathe();
    const level = await simplify(finer, target);
    // A level must be worth its download: at most 70 % of the finer one.
    if (levels.length === 0 || triangleCount(level) < 0.7 * triangleCount(finer)) {
      levels.unshift(level);
      finer = level;
    }
  }
  return levels;
}
