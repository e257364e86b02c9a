import { determinant, toPatient } from '@yuepian/geometry';
import { Arena } from './arena.ts';
import type { Net } from './nets.ts';

/** A net in patient space: positions in LPS mm, two triangles per quad. */
export interface PatientNet {
  readonly positions: Float32Array<ArrayBuffer>;
  /** Six vertices per quad, the normals pointing from `inside` to `outside` of the quad. */
  readonly triangles: Uint32Array;
}

/** Moves the net to patient space and cuts each quad along its shorter diagonal. */
export function toPatientNet(net: Net, arena = new Arena()): PatientNet {
  const positions = arena.floats('patient positions', net.vertexCount * 3);
  const m = net.affine;
  for (let v = 0; v < positions.length; v += 3) {
    const x = net.positions[v] as number;
    const y = net.positions[v + 1] as number;
    const z = net.positions[v + 2] as number;
    positions[v] = m[0] * x + m[1] * y + m[2] * z + m[3];
    positions[v + 1] = m[4] * x + m[5] * y + m[6] * z + m[7];
    positions[v + 2] = m[8] * x + m[9] * y + m[10] * z + m[11];
  }
  // A left-handed grid mirrors the net; turning every quad round keeps the normals outward.
  const mirrored = determinant(m) < 0;
  const triangles = arena.uints('patient triangles', net.quadCount * 6);
  for (let q = 0, t = 0; q < net.quadCount; q++, t += 6) {
    const a = net.quads[q * 4] as number;
    const b = net.quads[q * 4 + (mirrored ? 3 : 1)] as number;
    const c = net.quads[q * 4 + 2] as number;
    const d = net.quads[q * 4 + (mirrored ? 1 : 3)] as number;
    // With a tolerance, or rounding would decide between equal diagonals, differently far from the
    // origin than near it.
    const straight = squared(positions, a, c) <= 1.001 * squared(positions, b, d);
    triangles[t] = a;
    triangles[t + 1] = b;
    triangles[t + 2] = straight ? c : d;
    triangles[t + 3] = straight ? a : b;
    triangles[t + 4] = c;
    triangles[t + 5] = d;
  }
  return { positions, triangles };
}

function squared(p: Float32Array, a: number, b: number): number {
  const x = (p[a * 3] as number) - (p[b * 3] as number);
  const y = (p[a * 3 + 1] as number) - (p[b * 3 + 1] as number);
  const z = (p[a * 3 + 2] as number) - (p[b * 3 + 2] as number);
  return x * x + y * y + z * z;
}

/**
 * Offsets the surfaces until every segment encloses its own volume again. Each segment gets a
 * pressure; a surface moves along its normal by the difference of the pressures on its sides (none
 * outside), so a wall between two organs moves once, for both, and stays one wall. To first order
 * the volumes follow from the areas of the walls, which gives a small linear system; a few rounds
 * take care of the curvature.
 * @param targets mm³ per segment number; entry 0 is not used.
 */
export function fitVolumes(
  net: Net,
  patient: PatientNet,
  targets: Float64Array,
  arena = new Arena(),
): void {
  const n = targets.length;
  // A body of a few voxels can be smoothed almost to a point; it grows back in steps.
  const limit = 0.3 * Math.cbrt(Math.abs(determinant(net.affine)));
  for (let round = 0; round < 16; round++) {
    const { volumes, areas } = volumesAndAreas(net, patient, n);
    let worst = 0;
    const missing = new Float64Array(n);
    for (let s = 1; s < n; s++) {
      if ((volumes[s] as number) === 0) continue;
      missing[s] = (targets[s] as number) - (volumes[s] as number);
      worst = Math.max(worst, Math.abs(missing[s] as number) / (targets[s] as number));
    }
    if (worst < 1e-5) return;
    const pressure = solve(areas, missing, n);
    displace(net, patient, pressure, limit, arena);
  }
}

function volumesAndAreas(
  net: Net,
  patient: PatientNet,
  n: number,
): { volumes: Float64Array; areas: Float64Array } {
  const volumes = new Float64Array(n);
  const areas = new Float64Array(n * n);
  const { positions: p, triangles } = patient;
  const centre = toPatient(net.affine, [0, 0, 0]);
  for (let t = 0; t < triangles.length; t += 3) {
    const q = (t / 6) | 0;
    const i = net.inside[q] as number;
    const o = net.outside[q] as number;
    const a = (triangles[t] as number) * 3;
    const b = (triangles[t + 1] as number) * 3;
    const c = (triangles[t + 2] as number) * 3;
    const ax = (p[a] as number) - centre[0];
    const ay = (p[a + 1] as number) - centre[1];
    const az = (p[a + 2] as number) - centre[2];
    const ux = (p[b] as number) - centre[0] - ax;
    const uy = (p[b + 1] as number) - centre[1] - ay;
    const uz = (p[b + 2] as number) - centre[2] - az;
    const vx = (p[c] as number) - centre[0] - ax;
    const vy = (p[c + 1] as number) - centre[1] - ay;
    const vz = (p[c + 2] as number) - centre[2] - az;
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    const volume = (ax * x + ay * y + az * z) / 6;
    volumes[i] = (volumes[i] as number) + volume;
    volumes[o] = (volumes[o] as number) - volume;
    const area = Math.sqrt(x * x + y * y + z * z) / 2;
    areas[i * n + o] = (areas[i * n + o] as number) + area;
    areas[o * n + i] = (areas[o * n + i] as number) + area;
  }
  return { volumes, areas };
}

/** Solves Σ_b area(a,b) (p_a - p_b) = missing_a with p_0 = 0 by Gaussian elimination. */
function solve(areas: Float64Array, missing: Float64Array, n: number): Float64Array {
  const m = new Float64Array(n * n);
  const right = missing.slice();
  for (let a = 1; a < n; a++) {
    let total = 0;
    for (let b = 0; b < n; b++) {
      const area = areas[a * n + b] as number;
      total += area;
      if (b > 0 && b !== a) m[a * n + b] = -area;
    }
    // A segment without a surface keeps its (empty) place in the system.
    m[a * n + a] = total > 0 ? total : 1;
  }
  // Symmetric and diagonally dominant: no pivoting needed.
  for (let k = 1; k < n; k++) {
    const pivot = m[k * n + k] as number;
    if (!(pivot > 0)) continue;
    for (let r = k + 1; r < n; r++) {
      const factor = (m[r * n + k] as number) / pivot;
      if (factor === 0) continue;
      for (let c = k; c < n; c++)
        m[r * n + c] = (m[r * n + c] as number) - factor * (m[k * n + c] as number);
      right[r] = (right[r] as number) - factor * (right[k] as number);
    }
  }
  const pressure = new Float64Array(n);
  for (let r = n - 1; r >= 1; r--) {
    let sum = right[r] as number;
    for (let c = r + 1; c < n; c++) sum -= (m[r * n + c] as number) * (pressure[c] as number);
    const pivot = m[r * n + r] as number;
    pressure[r] = pivot > 0 ? sum / pivot : 0;
  }
  return pressure;
}

function displace(
  net: Net,
  patient: PatientNet,
  pressure: Float64Array,
  limit: number,
  arena: Arena,
): void {
  const { positions: p, triangles } = patient;
  const push = arena.floats('fit push', p.length).fill(0);
  const weight = arena.floats('fit weight', net.vertexCount).fill(0);
  for (let t = 0; t < triangles.length; t += 3) {
    const q = (t / 6) | 0;
    const wanted =
      (pressure[net.inside[q] as number] as number) -
      (pressure[net.outside[q] as number] as number);
    const d = Math.max(-limit, Math.min(limit, wanted));
    const a = (triangles[t] as number) * 3;
    const b = (triangles[t + 1] as number) * 3;
    const c = (triangles[t + 2] as number) * 3;
    const ux = (p[b] as number) - (p[a] as number);
    const uy = (p[b + 1] as number) - (p[a + 1] as number);
    const uz = (p[b + 2] as number) - (p[a + 2] as number);
    const vx = (p[c] as number) - (p[a] as number);
    const vy = (p[c + 1] as number) - (p[a + 1] as number);
    const vz = (p[c + 2] as number) - (p[a + 2] as number);
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    const area = Math.sqrt(x * x + y * y + z * z);
    for (let n = 0; n < 3; n++) {
      const v = n === 0 ? a : n === 1 ? b : c;
      push[v] = (push[v] as number) + d * x;
      push[v + 1] = (push[v + 1] as number) + d * y;
      push[v + 2] = (push[v + 2] as number) + d * z;
      weight[v / 3] = (weight[v / 3] as number) + area;
    }
  }
  for (let v = 0; v < net.vertexCount; v++) {
    const w = weight[v] as number;
    if (!(w > 0)) continue;
    p[v * 3] = (p[v * 3] as number) + (push[v * 3] as number) / w;
    p[v * 3 + 1] = (p[v * 3 + 1] as number) + (push[v * 3 + 1] as number) / w;
    p[v * 3 + 2] = (p[v * 3 + 2] as number) + (push[v * 3 + 2] as number) / w;
  }
}
