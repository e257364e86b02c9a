/**
 * A triangle mesh in patient space. Winding is counter-clockwise seen from outside, whatever the
 * handedness of the voxel grid it came from.
 */
export interface Mesh {
  /** Key of the segment, e.g. `bone`. */
  readonly key: string;
  /** x y z per vertex, LPS mm. */
  readonly positions: Float32Array<ArrayBuffer>;
  /** Unit normals, outward, per vertex. */
  readonly normals: Float32Array<ArrayBuffer>;
  /** Three vertices per triangle. */
  readonly indices: Uint32Array<ArrayBuffer>;
  /** Edges without a partner of opposite direction, counted on this very mesh; 0 = watertight. */
  readonly openEdges: number;
}

export const triangleCount = (mesh: Mesh): number => mesh.indices.length / 3;

export interface EdgeCheck {
  /** Directed edges that have no opposite partner. */
  readonly open: number;
  /** Edges shared by more than two triangles. */
  readonly nonManifold: number;
}

/** Marks an edge that has been counted; no vertex has this number. */
const used = -0x80000000;

/** Counts edges by bucketing them on their lower vertex: linear in the number of triangles. */
export function checkEdges(indices: Uint32Array, vertexCount: number): EdgeCheck {
  const first = new Uint32Array(vertexCount + 1);
  const n = indices.length;
  for (let t = 0; t < n; t++) {
    const a = indices[t] as number;
    const b = indices[t % 3 === 2 ? t - 2 : t + 1] as number;
    const low = Math.min(a, b);
    first[low + 1] = (first[low + 1] as number) + 1;
  }
  for (let v = 0; v < vertexCount; v++)
    first[v + 1] = (first[v + 1] as number) + (first[v] as number);
  const next = first.slice(0, vertexCount);
  // The higher vertex; its complement when the edge runs downward.
  const edges = new Int32Array(n);
  for (let t = 0; t < n; t += 3) {
    for (let corner = 0; corner < 3; corner++) {
      const a = indices[t + corner] as number;
      const b = indices[corner === 2 ? t : t + corner + 1] as number;
      const low = Math.min(a, b);
      const slot = next[low] as number;
      next[low] = slot + 1;
      edges[slot] = a < b ? b : ~a;
    }
  }
  let open = 0;
  let nonManifold = 0;
  for (let v = 0; v < vertexCount; v++) {
    const end = first[v + 1] as number;
    for (let e = first[v] as number; e < end; e++) {
      const edge = edges[e] as number;
      if (edge === used) continue;
      const high = edge < 0 ? ~edge : edge;
      let balance = edge < 0 ? -1 : 1;
      let uses = 1;
      for (let f = e + 1; f < end; f++) {
        const other = edges[f] as number;
        if (other === high) balance++;
        else if (other === ~high) balance--;
        else continue;
        uses++;
        edges[f] = used;
      }
      if (balance !== 0) open += Math.abs(balance);
      if (uses > 2) nonManifold++;
    }
  }
  return { open, nonManifold };
}

/** Enclosed volume in mm³ by the divergence theorem; negative when the winding is inward. */
export function meshVolume(positions: Float32Array, indices: Uint32Array): number {
  // Relative to the first vertex: far from the origin the products would cancel digits away.
  const [ox, oy, oz] = [positions[0] ?? 0, positions[1] ?? 0, positions[2] ?? 0];
  let six = 0;
  for (let t = 0; t < indices.length; t += 3) {
    const a = (indices[t] as number) * 3;
    const b = (indices[t + 1] as number) * 3;
    const c = (indices[t + 2] as number) * 3;
    const ax = (positions[a] as number) - ox;
    const ay = (positions[a + 1] as number) - oy;
    const az = (positions[a + 2] as number) - oz;
    const bx = (positions[b] as number) - ox;
    const by = (positions[b + 1] as number) - oy;
    const bz = (positions[b + 2] as number) - oz;
    const cx = (positions[c] as number) - ox;
    const cy = (positions[c + 1] as number) - oy;
    const cz = (positions[c + 2] as number) - oz;
    six += ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
  }
  return six / 6;
}

/** Surface in mm². */
export function meshArea(positions: Float32Array, indices: Uint32Array): number {
  let area = 0;
  for (let t = 0; t < indices.length; t += 3) {
    const n = areaNormal(positions, indices, t);
    area += Math.hypot(n[0], n[1], n[2]);
  }
  return area;
}

/** Normal of a triangle with the length of its area. */
function areaNormal(p: Float32Array, indices: Uint32Array, t: number): [number, number, number] {
  const a = (indices[t] as number) * 3;
  const b = (indices[t + 1] as number) * 3;
  const c = (indices[t + 2] as number) * 3;
  const ux = (p[b] as number) - (p[a] as number);
  const uy = (p[b + 1] as number) - (p[a + 1] as number);
  const uz = (p[b + 2] as number) - (p[a + 2] as number);
  const vx = (p[c] as number) - (p[a] as number);
  const vy = (p[c + 1] as number) - (p[a + 1] as number);
  const vz = (p[c + 2] as number) - (p[a + 2] as number);
  return [(uy * vz - uz * vy) / 2, (uz * vx - ux * vz) / 2, (ux * vy - uy * vx) / 2];
}

/** Area-weighted vertex normals, unit length. */
export function vertexNormals(
  positions: Float32Array,
  indices: Uint32Array,
): Float32Array<ArrayBuffer> {
  const normals = new Float32Array(positions.length);
  for (let t = 0; t < indices.length; t += 3) {
    const a = (indices[t] as number) * 3;
    const b = (indices[t + 1] as number) * 3;
    const c = (indices[t + 2] as number) * 3;
    const ux = (positions[b] as number) - (positions[a] as number);
    const uy = (positions[b + 1] as number) - (positions[a + 1] as number);
    const uz = (positions[b + 2] as number) - (positions[a + 2] as number);
    const vx = (positions[c] as number) - (positions[a] as number);
    const vy = (positions[c + 1] as number) - (positions[a + 1] as number);
    const vz = (positions[c + 2] as number) - (positions[a + 2] as number);
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    normals[a] = (normals[a] as number) + x;
    normals[a + 1] = (normals[a + 1] as number) + y;
    normals[a + 2] = (normals[a + 2] as number) + z;
    normals[b] = (normals[b] as number) + x;
    normals[b + 1] = (normals[b + 1] as number) + y;
    normals[b + 2] = (normals[b + 2] as number) + z;
    normals[c] = (normals[c] as number) + x;
    normals[c + 1] = (normals[c + 1] as number) + y;
    normals[c + 2] = (normals[c + 2] as number) + z;
  }
  for (let v = 0; v < normals.length; v += 3) {
    const x = normals[v] as number;
    const y = normals[v + 1] as number;
    const z = normals[v + 2] as number;
    const length = Math.sqrt(x * x + y * y + z * z);
    const scale = length > 0 ? 1 / length : 0;
    normals[v] = x * scale;
    normals[v + 1] = y * scale;
    normals[v + 2] = length > 0 ? z * scale : 1;
  }
  return normals;
}

/** A mesh with its normals and open edges computed. */
export function meshOf(
  key: string,
  positions: Float32Array<ArrayBuffer>,
  indices: Uint32Array<ArrayBuffer>,
): Mesh {
  return {
    key,
    positions,
    normals: vertexNormals(positions, indices),
    indices,
    openEdges: checkEdges(indices, positions.length / 3).open,
  };
}

/**
 * Moves vertices along their normals until the mesh encloses `mm3`, so that a smoothed or
 * simplified surface does not lose volume. In place; the shape keeps its detail because the offset
 * is the same everywhere.
 */
export function fitVolume(positions: Float32Array, indices: Uint32Array, mm3: number): void {
  for (let round = 0; round < 16; round++) {
    const missing = mm3 - meshVolume(positions, indices);
    if (Math.abs(missing) <= 1e-5 * Math.abs(mm3)) return;
    const area = meshArea(positions, indices);
    if (!(area > 0)) return;
    const normals = vertexNormals(positions, indices);
    const offset = missing / area;
    for (let v = 0; v < positions.length; v++)
      positions[v] = (positions[v] as number) + offset * (normals[v] as number);
  }
}
