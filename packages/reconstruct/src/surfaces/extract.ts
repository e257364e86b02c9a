import { type Mesh, meshOf } from '../mesh.ts';
import { splitFans } from './fans.ts';
import type { PatientNet } from './fit.ts';
import type { Net } from './nets.ts';

/**
 * The triangles that bound one segment, wound outward, with their vertices renumbered.
 * @param outerOnly leaves out the walls of cavities.
 */
export function extract(
  key: string,
  net: Net,
  patient: PatientNet,
  segment: number,
  outerOnly: boolean,
): Mesh {
  const { corners, voxels, diagonals } = quadsOf(net, patient, segment);
  const added = splitFans(corners, voxels, net.vertexCount);
  let indices = new Uint32Array(diagonals.length * 6);
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
  const originals = new Uint32Array(net.vertexCount + added.length);
  for (let v = 0; v < net.vertexCount; v++) originals[v] = v;
  originals.set(added, net.vertexCount);
  if (outerOnly) indices = withoutCavities(patient.positions, originals, indices);
  return compact(key, patient.positions, originals, indices);
}

/** Quads of one segment: corners in outward order, the voxel inside, and which diagonal is cut. */
function quadsOf(
  net: Net,
  patient: PatientNet,
  segment: number,
): { corners: Uint32Array; voxels: Uint32Array; diagonals: Uint8Array } {
  let count = 0;
  for (let q = 0; q < net.quadCount; q++)
    if (net.inside[q] === segment || net.outside[q] === segment) count++;
  const corners = new Uint32Array(count * 4);
  const voxels = new Uint32Array(count);
  const diagonals = new Uint8Array(count);
  const t = patient.triangles;
  for (let q = 0, n = 0; q < net.quadCount; q++) {
    const inward = net.outside[q] === segment;
    if (!inward && net.inside[q] !== segment) continue;
    // The triangles of a quad a b c d are (a b c, a c d) or (a b d, b c d); see toPatientNet.
    const a = t[q * 6] as number;
    const b = t[q * 6 + 1] as number;
    const c = t[q * 6 + 4] as number;
    const d = t[q * 6 + 5] as number;
    corners[n * 4] = a;
    corners[n * 4 + 1] = inward ? d : b;
    corners[n * 4 + 2] = c;
    corners[n * 4 + 3] = inward ? b : d;
    diagonals[n] = t[q * 6 + 2] === c ? 1 : 0;
    voxels[n++] = (inward ? net.outsideVoxel[q] : net.insideVoxel[q]) as number;
  }
  return { corners, voxels, diagonals };
}

function compact(
  key: string,
  all: Float32Array,
  originals: Uint32Array,
  indices: Uint32Array<ArrayBuffer>,
): Mesh {
  const number = new Int32Array(originals.length).fill(-1);
  let count = 0;
  for (let t = 0; t < indices.length; t++) {
    const v = indices[t] as number;
    if ((number[v] as number) < 0) number[v] = count++;
  }
  const positions = new Float32Array(count * 3);
  for (let v = 0; v < originals.length; v++) {
    const n = number[v] as number;
    if (n < 0) continue;
    const from = (originals[v] as number) * 3;
    positions[n * 3] = all[from] as number;
    positions[n * 3 + 1] = all[from + 1] as number;
    positions[n * 3 + 2] = all[from + 2] as number;
  }
  for (let t = 0; t < indices.length; t++) indices[t] = number[indices[t] as number] as number;
  return meshOf(key, positions, indices);
}

/** Drops the connected parts that enclose a negative volume: walls of cavities. */
function withoutCavities(
  positions: Float32Array,
  originals: Uint32Array,
  indices: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const parent = new Int32Array(originals.length);
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
    volume[r] = (volume[r] as number) + coneVolume(positions, originals, indices, t);
  }
  let cavities = false;
  for (let v = 0; v < volume.length; v++) if ((volume[v] as number) < 0) cavities = true;
  if (!cavities) return indices;
  let kept = 0;
  for (let t = 0; t < indices.length; t += 3) {
    if (!((volume[root(indices[t] as number)] as number) > 0)) continue;
    indices.copyWithin(kept, t, t + 3);
    kept += 3;
  }
  return indices.slice(0, kept);
}

/** Six times the signed volume between a triangle and the origin. */
function coneVolume(
  p: Float32Array,
  originals: Uint32Array,
  indices: Uint32Array,
  t: number,
): number {
  const a = (originals[indices[t] as number] as number) * 3;
  const b = (originals[indices[t + 1] as number] as number) * 3;
  const c = (originals[indices[t + 2] as number] as number) * 3;
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
