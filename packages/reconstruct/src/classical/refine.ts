import type { Vec3, Volume } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';

/** Values of the classical label map. The labels exclude each other. */
export const classicalLabels = { soft: 1, bone: 2, lung_left: 3, lung_right: 4 } as const;

const background = 1;
const soft = 1 << classicalLabels.soft;
const bone = 1 << classicalLabels.bone;
const lungLeft = 1 << classicalLabels.lung_left;
const lungs = lungLeft | (1 << classicalLabels.lung_right);

/** Values that decide between labels at full resolution. */
export interface EdgeThresholds {
  /** At or below: background, next to background. */
  readonly body: number;
  /** Above: bone, next to bone. */
  readonly bone: number;
  /** Below: lung, next to lung. */
  readonly lung: number;
}

/**
 * Carries labels of the coarse grid to full resolution. Where the eight coarse voxels around a full
 * voxel agree, it takes their label; where they differ, its own value decides among the labels that
 * meet there. So the labels' edges follow the full image and the rest costs next to nothing.
 * @param labels one byte per coarse voxel. @param factor 1, 2 or 4 per axis.
 * @returns one byte per voxel of `volume`.
 */
export async function refine(
  volume: Volume,
  labels: Uint8Array,
  coarse: Vec3,
  factor: Vec3,
  thresholds: EdgeThresholds,
  pace: Pace,
): Promise<Uint8Array<ArrayBuffer>> {
  if (factor.every((f) => f === 1)) return labels.slice();
  const [nx, ny, nz] = volume.size;
  const out = new Uint8Array(nx * ny * nz);
  const bits = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) bits[i] = 1 << (labels[i] as number);
  const rows = coarse[1] * coarse[2];
  const rowBits = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    let all = 0;
    for (let i = row * coarse[0]; i < (row + 1) * coarse[0]; i++) all |= bits[i] as number;
    rowBits[row] = all;
  }
  for (let z = 0; z < nz; z++) {
    refineSlice(volume, { bits, rowBits, size: coarse, factor }, z, thresholds, out);
    pace.step('refine', z / nz);
    await pace.breathe();
  }
  return out;
}

interface CoarseBits {
  /** 1 << label per coarse voxel. */
  readonly bits: Uint8Array;
  /** Union of each coarse row. */
  readonly rowBits: Uint8Array;
  readonly size: Vec3;
  readonly factor: Vec3;
}

/** The two coarse positions around a full one; equal where the grid is not coarser or ends. */
function around(position: number, factor: number, count: number): [number, number] {
  const own = Math.floor(position / factor);
  if (factor === 1) return [own, own];
  const side = position % factor < factor / 2 ? -1 : 1;
  return [own, Math.min(count - 1, Math.max(0, own + side))];
}

function refineSlice(
  volume: Volume,
  coarse: CoarseBits,
  z: number,
  thresholds: EdgeThresholds,
  out: Uint8Array,
): void {
  const [nx, ny] = volume.size;
  const [cx, cy, cz] = coarse.size;
  const [fx, fy, fz] = coarse.factor;
  const { bits, rowBits } = coarse;
  const [z0, z1] = around(z, fz, cz);
  const met = new Uint8Array(cx + 2);
  for (let y = 0; y < ny; y++) {
    const [y0, y1] = around(y, fy, cy);
    const [a, b, c, d] = [y0 + cy * z0, y1 + cy * z0, y0 + cy * z1, y1 + cy * z1];
    const all =
      (rowBits[a] as number) |
      (rowBits[b] as number) |
      (rowBits[c] as number) |
      (rowBits[d] as number);
    const target = nx * (y + ny * z);
    if ((all & (all - 1)) === 0) {
      if (all !== background) out.fill(31 - Math.clz32(all), target, target + nx);
      continue;
    }
    for (let i = 0; i < cx; i++) {
      met[i + 1] =
        (bits[a * cx + i] as number) |
        (bits[b * cx + i] as number) |
        (bits[c * cx + i] as number) |
        (bits[d * cx + i] as number);
    }
    met[0] = met[1] as number;
    met[cx + 1] = met[cx] as number;
    refineRow(volume.data, target, nx, fx, met, bits, a * cx, thresholds, out);
  }
}

function refineRow(
  data: Volume['data'],
  target: number,
  nx: number,
  fx: number,
  met: Uint8Array,
  bits: Uint8Array,
  ownRow: number,
  t: EdgeThresholds,
  out: Uint8Array,
): void {
  const half = Math.max(1, fx >> 1);
  for (let x = 0; x < nx; ) {
    const i = Math.floor(x / fx);
    // Without coarsening along x a voxel has no second coarse neighbour there.
    const side = fx === 1 ? i + 1 : x % fx < half ? i : i + 2;
    const set = (met[i + 1] as number) | (met[side] as number);
    const end = Math.min(nx, x + half);
    if ((set & (set - 1)) === 0) {
      if (set !== background) {
        const label = 31 - Math.clz32(set);
        for (; x < end; x++) out[target + x] = label;
      } else x = end;
      continue;
    }
    for (; x < end; x++) {
      out[target + x] = decide(data[target + x] as number, set, bits[ownRow + i] as number, t);
    }
  }
}

function decide(value: number, set: number, own: number, t: EdgeThresholds): number {
  if ((set & bone) !== 0 && value > t.bone) return classicalLabels.bone;
  if ((set & lungs) !== 0 && value < t.lung) {
    const which = (own & lungs) !== 0 ? own : set;
    return (which & lungLeft) !== 0 ? classicalLabels.lung_left : classicalLabels.lung_right;
  }
  if ((set & background) !== 0 && value <= t.body) return 0;
  return (set & (soft | bone | lungs)) === 0 ? 0 : classicalLabels.soft;
}
