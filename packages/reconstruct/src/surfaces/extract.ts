import { type Mesh, meshOf } from '../mesh.ts';
import { Arena } from './arena.ts';
import { splitFans } from './fans.ts';
import type { PatientNet } from './fit.ts';
import type { Net } from './nets.ts';

/** Makes the mesh of a segment, wound outward. */
export interface Extractor {
  /** @param outerOnly leaves out the walls of cavities. */
  extract(key: string, segment: number, outerOnly: boolean): Mesh;
}

/** Sorts the quads of a net by segment once, so that many segments cost no more than one. */
export function extractor(net: Net, patient: PatientNet, arena = new Arena()): Extractor {
  const { first, quads } = quadsBySegment(net, arena);
  // Number of a vertex in the mesh that is being made; -1 everywhere between meshes.
  const local = arena.ints('extract local', net.vertexCount).fill(-1);
  return {
    extract(key, segment, outerOnly) {
      const own = quads.subarray(first[segment], first[segment + 1]);
      const part = partOf(net, patient, own, segment, local, arena);
      const added = splitFans(part.corners, part.voxels, part.sources.length, arena);
      const sources = new Uint32Array(part.sources.length + added.length);
      sources.set(part.sources);
      for (let n = 0; n < added.length; n++)
        sources[part.sources.length + n] = part.sources[added[n] as number] as number;
      const positions = new Float32Array(sources.length * 3);
      for (let v = 0; v < sources.length; v++) {
        const from = (sources[v] as number) * 3;
        positions[v * 3] = patient.positions[from] as number;
        positions[v * 3 + 1] = patient.positions[from + 1] as number;
        positions[v * 3 + 2] = patient.positions[from + 2] as number;
      }
      const indices = trianglesOf(part);
      return outerOnly ? withoutCavities(key, positions, indices) : meshOf(key, positions, indices);
    },
  };
}

/** Quads that bound each segment: those of segment s are quads[first[s]] … quads[first[s + 1] - 1]. */
function quadsBySegment(net: Net, arena: Arena): { first: Uint32Array; quads: Uint32Array } {
  const first = new Uint32Array(258);
  for (let q = 0; q < net.quadCount; q++) {
    const i = (net.inside[q] as number) + 1;
    const o = (net.outside[q] as number) + 1;
    first[i] = (first[i] as number) + 1;
    first[o] = (first[o] as number) + 1;
  }
  for (let s = 0; s < 257; s++) first[s + 1] = (first[s + 1] as number) + (first[s] as number);
  const next = first.slice();
  const quads = arena.uints('extract quads', net.quadCount * 2);
  for (let q = 0; q < net.quadCount; q++) {
    const i = net.inside[q] as number;
    const o = net.outside[q] as number;
    quads[next[i] as number] = q;
    next[i] = (next[i] as number) + 1;
    quads[next[o] as number] = q;
    next[o] = (next[o] as number) + 1;
  }
  return { first, quads };
}

/** One segment's share of the net, with vertices of its own numbering. */
interface Part {
  /** Four vertices per quad, outward. */
  readonly corners: Uint32Array;
  /** The voxel inside, per quad. */
  readonly voxels: Uint32Array;
  /** 1 where the quad is cut from its first to its third corner. */
  readonly diagonals: Uint8Array;
  /** Vertex of the net per vertex. */
  readonly sources: Uint32Array;
}

function partOf(
  net: Net,
  patient: PatientNet,
  quads: Uint32Array,
  segment: number,
  local: Int32Array,
  arena: Arena,
): Part {
  const corners = arena.uints('extract corners', quads.length * 4);
  const voxels = arena.uints('extract voxels', quads.length);
  const diagonals = arena.bytes('extract diagonals', quads.length);
  const sources = arena.uints('extract sources', quads.length * 4);
  const t = patient.triangles;
  let count = 0;
  const numbered = (v: number): number => {
    let n = local[v] as number;
    if (n < 0) {
      n = count++;
      local[v] = n;
      sources[n] = v;
    }
    return n;
  };
  for (let n = 0; n < quads.length; n++) {
    const q = quads[n] as number;
    const inward = net.outside[q] === segment;
    // The triangles of a quad a b c d are (a b c, a c d) or (a b d, b c d); see toPatientNet.
    const c = t[q * 6 + 4] as number;
    const b = t[q * 6 + 1] as number;
    const d = t[q * 6 + 5] as number;
    corners[n * 4] = numbered(t[q * 6] as number);
    corners[n * 4 + 1] = numbered(inward ? d : b);
    corners[n * 4 + 2] = numbered(c);
    corners[n * 4 + 3] = numbered(inward ? b : d);
    diagonals[n] = t[q * 6 + 2] === c ? 1 : 0;
    voxels[n] = (inward ? net.outsideVoxel[q] : net.insideVoxel[q]) as number;
  }
  for (let v = 0; v < count; v++) local[sources[v] as number] = -1;
  return { corners, voxels, diagonals, sources: sources.subarray(0, count) };
}

function trianglesOf({ corners, diagonals }: Part): Uint32Array<ArrayBuffer> {
  const indices = new Uint32Array(diagonals.length * 6);
  for (let q = 0; q < diagonals.length; q++) {
    const a = corners[q * 4] as number;
    const b = corners[q * 4 + 1] as number;
    const c = corners[q * 4 + 2] as number;
    const d = corners[q * 4 + 3] as number;
    const straight = diagonals[q] === 1;
    indices[q * 6] = a;
    indices[q * 6 + 1] = b;
    indices[q * 6 + 2] = straight ? c : d;
    indices[q * 6 + 3] = straight ? a : b;
    indices[q * 6 + 4] = c;
    indices[q * 6 + 5] = d;
  }
  return indices;
}

/** Drops the connected parts that enclose a negative volume: walls of cavities. */
function withoutCavities(
  key: string,
  positions: Float32Array<ArrayBuffer>,
  indices: Uint32Array<ArrayBuffer>,
): Mesh {
  const parent = new Int32Array(positions.length / 3);
  for (let v = 0; v < parent.length; v++) parent[v] = v;
  const root = (v: number): number => {
    let n = v;
    while (parent[n] !== n) {
      parent[n] = parent[parent[n] as number] as number;
      n = parent[n] as number;
    }
    return n;
  };
  for (let t = 0; t < indices.length; t += 3) {
    const a = root(indices[t] as number);
    parent[root(indices[t + 1] as number)] = a;
    parent[root(indices[t + 2] as number)] = a;
  }
  const volume = new Float64Array(parent.length);
  for (let t = 0; t < indices.length; t += 3) {
    const r = root(indices[t] as number);
    volume[r] = (volume[r] as number) + coneVolume(positions, indices, t);
  }
  if (volume.every((v) => v >= 0)) return meshOf(key, positions, indices);
  const kept: number[] = [];
  const numbers = new Map<number, number>();
  const places: number[] = [];
  for (let t = 0; t < indices.length; t++) {
    const v = indices[t] as number;
    if (!((volume[root(v)] as number) > 0)) continue;
    let n = numbers.get(v);
    if (n === undefined) {
      n = numbers.size;
      numbers.set(v, n);
      places.push(...positions.subarray(v * 3, v * 3 + 3));
    }
    kept.push(n);
  }
  return meshOf(key, Float32Array.from(places), Uint32Array.from(kept));
}

/** Six times the signed volume between a triangle and the origin. */
function coneVolume(p: Float32Array, indices: Uint32Array, t: number): number {
  const a = (indices[t] as number) * 3;
  const b = (indices[t + 1] as number) * 3;
  const c = (indices[t + 2] as number) * 3;
  const bx = p[b] as number;
  const by = p[b + 1] as number;
  const bz = p[b + 2] as number;
  const cx = p[c] as number;
  const cy = p[c + 1] as number;
  const cz = p[c + 2] as number;
  return (
    (p[a] as number) * (by * cz - bz * cy) +
    (p[a + 1] as number) * (bz * cx - bx * cz) +
    (p[a + 2] as number) * (bx * cy - by * cx)
  );
}
