import { YuepianError } from '@yuepian/contract';
import {
  distance,
  type Mm,
  type PatientPoint,
  patientPoint,
  spacing,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import { squaredDistances } from '../grid/distance.ts';
import { checkBox, checkSameGrid, type MaskBox } from '../interactive/box.ts';
import type { Mesh } from '../mesh.ts';
import { TriangleTree } from './tree.ts';

/** The shortest line between two structures. */
export interface ShortestLine {
  readonly distance: Mm;
  /** Its ends, LPS mm: on the first and on the second structure. */
  readonly from: PatientPoint;
  readonly to: PatientPoint;
}

/**
 * Shortest distance between two surfaces: every vertex of each against the triangles of the other.
 * Exact there; where two edges cross nearest to each other the result is too long by less than
 * e²/(8·d) for edges of e mm at a distance of d mm (and by less than e/2 always). A structure inside another has
 * the distance to that one's surface.
 * @param reach gives up beyond so many mm.
 * @returns undefined when a mesh is empty or nothing is within reach.
 */
export function meshDistance(
  a: Mesh,
  b: Mesh,
  reach: number = Number.POSITIVE_INFINITY,
): ShortestLine | undefined {
  return shortestBetween(treeOf(a), treeOf(b), reach);
}

interface Searchable {
  readonly mesh: Mesh;
  readonly tree: TriangleTree;
}
const treeOf = (mesh: Mesh): Searchable => ({ mesh, tree: new TriangleTree(mesh) });

function shortestBetween(a: Searchable, b: Searchable, reach: number): ShortestLine | undefined {
  const there = fromVertices(a.mesh, b.tree, reach);
  const back = fromVertices(b.mesh, a.tree, there?.distance ?? reach);
  if (back === undefined) return there;
  return { distance: back.distance, from: back.to, to: back.from };
}

function fromVertices(mesh: Mesh, tree: TriangleTree, reach: number): ShortestLine | undefined {
  let best: ShortestLine | undefined;
  let limit = reach;
  const p = mesh.positions;
  for (let v = 0; v < p.length; v += 3) {
    const from: Vec3 = [p[v] as number, p[v + 1] as number, p[v + 2] as number];
    // The tree only looks at boxes nearer than the best so far: most vertices cost one test.
    const hit = tree.nearest(from, limit);
    if (hit === undefined) continue;
    limit = hit.distance;
    best = {
      distance: hit.distance as Mm,
      from: patientPoint(...from),
      to: patientPoint(...hit.point),
    };
    if (limit === 0) break;
  }
  return best;
}

export interface Neighbour extends ShortestLine {
  readonly key: string;
}

/**
 * From a lesion to every other structure, nearest first.
 * @param within only neighbours nearer than so many mm.
 */
export function neighbours(
  lesion: Mesh,
  others: readonly Mesh[],
  within: number = Number.POSITIVE_INFINITY,
): Neighbour[] {
  const own = treeOf(lesion);
  return others
    .filter((m) => m !== lesion)
    .flatMap((m) => {
      const line = shortestBetween(own, treeOf(m), within);
      return line === undefined ? [] : [{ key: m.key, ...line }];
    })
    .sort((x, y) => x.distance - y.distance);
}

/** The point of a surface nearest to a point in space: where a tap lands. */
export function nearestOnMesh(mesh: Mesh, point: PatientPoint): ShortestLine | undefined {
  const hit = new TriangleTree(mesh).nearest(point, Number.POSITIVE_INFINITY);
  if (hit === undefined) return undefined;
  const to = patientPoint(...hit.point);
  return { distance: distance(point, to), from: point, to };
}

/**
 * Shortest distance between the voxel centres of two masks of one grid; 0 where they overlap. Against
 * the true surfaces it is too long by up to one voxel.
 * @returns undefined when one is empty.
 * @throws YuepianError `invalid_request` when the grids differ.
 */
export function maskDistance(a: MaskBox, b: MaskBox): ShortestLine | undefined {
  checkBox(a);
  checkBox(b);
  checkSameGrid(a, b);
  const toA = nearestVoxel(a, b);
  if (toA === undefined) return undefined;
  const point = pointOf(b, toA);
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] === 0) continue;
    const d = distance(point, pointOf(a, i));
    if (d < least) {
      least = d;
      best = i;
    }
  }
  if (best < 0) throw new YuepianError('internal', { id: 'mask distance' });
  return { distance: least as Mm, from: pointOf(a, best), to: point };
}

function pointOf(mask: MaskBox, index: number): PatientPoint {
  const [nx, ny] = mask.size;
  return toPatient(mask.affine, [
    index % nx,
    Math.floor(index / nx) % ny,
    Math.floor(index / (nx * ny)),
  ]);
}

/** Voxel of `b` nearest to `a`. */
function nearestVoxel(a: MaskBox, b: MaskBox): number | undefined {
  if (!a.data.includes(1)) return undefined;
  const d = squaredDistances(a.data, a.size, spacing(a.affine), 1);
  let best: number | undefined;
  for (let i = 0; i < d.length; i++)
    if (b.data[i] !== 0 && (best === undefined || (d[i] as number) < (d[best] as number))) best = i;
  return best;
}
