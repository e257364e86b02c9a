import { Arena } from './arena.ts';

/**
 * Makes a net of quads manifold. A cell has one vertex, but two sheets of one segment may pass
 * through it (voxels that touch along an edge or a corner). Such a vertex is given once to each
 * sheet: around a vertex, quads belong together when they share an edge, and where four share it,
 * when they bound the same voxel. Sheets that touch keep their place and become separate there, so
 * that the mesh can be cut and printed.
 *
 * @param corners four vertices per quad, consistently oriented; changed in place.
 * @param voxels the voxel inside of each quad.
 * @returns for each vertex added (numbered from `vertexCount`), the vertex it is a copy of.
 */
export function splitFans(
  corners: Uint32Array,
  voxels: Uint32Array,
  vertexCount: number,
  arena = new Arena(),
): Uint32Array {
  const first = arena.uints('fans first', vertexCount + 1).fill(0);
  for (let c = 0; c < corners.length; c++) {
    const v = (corners[c] as number) + 1;
    first[v] = (first[v] as number) + 1;
  }
  for (let v = 0; v < vertexCount; v++)
    first[v + 1] = (first[v + 1] as number) + (first[v] as number);
  const next = arena.uints('fans next', vertexCount);
  next.set(first.subarray(0, vertexCount));
  const incident = arena.uints('fans incident', corners.length);
  for (let c = 0; c < corners.length; c++) {
    const v = corners[c] as number;
    const slot = next[v] as number;
    incident[slot] = c;
    next[v] = slot + 1;
  }
  // Vertices change while others are still looked at; neighbours are compared by their old numbers.
  const old = arena.uints('fans old', corners.length);
  old.set(corners);
  const added: number[] = [];
  const fan = new Int32Array(64);
  for (let v = 0; v < vertexCount; v++) {
    const start = first[v] as number;
    const degree = (first[v + 1] as number) - start;
    if (degree < 6) continue;
    const fans = markFans(old, voxels, incident, start, degree, fan);
    for (let f = 1; f < fans; f++) {
      for (let n = 0; n < degree; n++)
        if (fan[n] === f) corners[incident[start + n] as number] = vertexCount + added.length;
      added.push(v);
    }
  }
  return Uint32Array.from(added);
}

/** Numbers the fans around a vertex in `fan`. @returns how many there are. */
function markFans(
  corners: Uint32Array,
  voxels: Uint32Array,
  incident: Uint32Array,
  start: number,
  degree: number,
  fan: Int32Array,
): number {
  fan.fill(-1, 0, degree);
  let fans = 0;
  for (let n = 0; n < degree; n++) {
    if ((fan[n] as number) >= 0) continue;
    // Walk round: the quad behind the edge to the next corner has that corner as its previous one.
    for (let at = n; at >= 0 && (fan[at] as number) < 0; ) {
      fan[at] = fans;
      const c = incident[start + at] as number;
      const towards = corners[(c & ~3) | ((c + 1) & 3)] as number;
      let follow = -1;
      for (let m = 0; m < degree; m++) {
        const other = incident[start + m] as number;
        if ((corners[(other & ~3) | ((other + 3) & 3)] as number) !== towards) continue;
        if (follow < 0 || voxels[other >> 2] === voxels[c >> 2]) follow = m;
      }
      at = follow;
    }
    fans++;
  }
  return fans;
}
