import type { Vec3, Volume } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { isRidge } from './ridge.ts';

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
  /** Above: bone, next to bone; one value per coarse voxel. */
  readonly bone: Int16Array | undefined;
  /** Above: bone too where it is a thin plate. */
  readonly thinBone: number;
  /** Below: lung, next to lung. */
  readonly lung: number;
}

/**
 * Carries labels of the coarse grid to full resolution. Where the eight coarse voxels around a full
 * voxel agree, it takes their label; where they differ, its own value decides among the labels that
 * meet there. So the labels' edges follow the full image and the rest costs next to nothing.
 * @param labels one byte per coarse voxel. @param factor 1, 2 or 4 per axis.
 * @returns one byte per voxel of `volume`, and the labels that occur: 1 << label, united.
 */
export async function refine(
  volume: Volume,
  labels: Uint8Array,
  coarse: Vec3,
  factor: Vec3,
  thresholds: EdgeThresholds,
  pace: Pace,
): Promise<{ data: Uint8Array<ArrayBuffer>; present: number }> {
  const out = new Uint8Array(volume.data.length);
  const bits = new Uint8Array(labels.length);
  let present = 0;
  for (let i = 0; i < labels.length; i++) {
    const bit = 1 << (labels[i] as number);
    bits[i] = bit;
    present |= bit;
  }
  if (factor.every((f) => f === 1)) return { data: labels.slice(), present };
  const [dx, dy, dz] = ([0, 1, 2] as const).map((a) =>
    duals(coarse[a], factor[a], volume.size[a]),
  ) as [Duals, Duals, Duals];
  const band: Band = {
    bits,
    size: coarse,
    factor,
    dx,
    row: volume.size[0],
    plane: volume.size[0] * volume.size[1],
    thresholds,
    present: 0,
    runs: new Int32Array(dx.count * 2),
  };
  for (let k = 0; k < dz.count; k++) {
    for (let j = 0; j < dy.count; j++) refineRows(volume, band, dy, dz, j, k, out);
    pace.step('refine', k / dz.count);
    await pace.breathe();
  }
  return { data: out, present: band.present };
}

/**
 * The cells between the centres of neighbouring coarse voxels along one axis: which two they join
 * and which full voxels they hold. Without coarsening a cell is the voxel itself.
 */
interface Duals {
  readonly count: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** First full voxel; `from[count]` is the end. */
  readonly from: Int32Array;
}

function duals(coarse: number, factor: number, full: number): Duals {
  const count = factor === 1 ? coarse : coarse + 1;
  const of = (cell: (n: number) => number): Int32Array =>
    Int32Array.from({ length: count }, (_, n) => cell(n));
  const from = Int32Array.from({ length: count + 1 }, (_, n) =>
    factor === 1 ? n : Math.min(full, Math.max(0, n * factor - factor / 2)),
  );
  from[count] = full;
  return {
    count,
    low: of((n) => (factor === 1 ? n : Math.max(0, n - 1))),
    high: of((n) => Math.min(coarse - 1, n)),
    from,
  };
}

interface Band {
  /** 1 << label per coarse voxel. */
  readonly bits: Uint8Array;
  readonly size: Vec3;
  readonly factor: Vec3;
  readonly dx: Duals;
  /** Index steps of the full volume to the next row and slice. */
  readonly row: number;
  readonly plane: number;
  readonly thresholds: EdgeThresholds;
  /** Labels written so far. */
  present: number;
  /** Pairs (end, set of labels) of the current row of cells. */
  readonly runs: Int32Array;
}

/** All full rows of one row of cells: they share the sets of labels that meet in its cells. */
function refineRows(
  volume: Volume,
  band: Band,
  dy: Duals,
  dz: Duals,
  j: number,
  k: number,
  out: Uint8Array,
): void {
  const [nx, ny] = volume.size;
  const [cx, cy] = band.size;
  const runs = findRuns(
    band,
    cx * ((dy.low[j] as number) + cy * (dz.low[k] as number)),
    cx * ((dy.high[j] as number) + cy * (dz.low[k] as number)),
    cx * ((dy.low[j] as number) + cy * (dz.high[k] as number)),
    cx * ((dy.high[j] as number) + cy * (dz.high[k] as number)),
  );
  if (runs === 1 && band.runs[1] === background) return;
  for (let z = dz.from[k] as number; z < (dz.from[k + 1] as number); z++) {
    for (let y = dy.from[j] as number; y < (dy.from[j + 1] as number); y++) {
      const own = cx * (Math.floor(y / band.factor[1]) + cy * Math.floor(z / band.factor[2]));
      writeRow(volume.data, nx * (y + ny * z), band, runs, own, out);
    }
  }
}

/** Neighbouring cells with the same set become one run. @returns the number of runs. */
function findRuns(band: Band, a: number, b: number, c: number, d: number): number {
  const { bits, dx, runs } = band;
  let count = 0;
  let before = 0;
  let left = 0;
  for (let i = 0; i < dx.count; i++) {
    const at = dx.high[i] as number;
    const right =
      (bits[a + at] as number) |
      (bits[b + at] as number) |
      (bits[c + at] as number) |
      (bits[d + at] as number);
    // Without coarsening along x a cell is one voxel and has no left half.
    const set = dx.low[i] === at ? right : left | right;
    left = right;
    if (set !== before || i === 0) {
      count++;
      runs[count * 2 - 1] = set;
      before = set;
    }
    runs[count * 2 - 2] = dx.from[i + 1] as number;
  }
  return count;
}

function writeRow(
  data: Volume['data'],
  row: number,
  band: Band,
  runs: number,
  own: number,
  out: Uint8Array,
): void {
  const fx = band.factor[0];
  let x = 0;
  for (let r = 0; r < runs; r++) {
    const end = band.runs[r * 2] as number;
    const set = band.runs[r * 2 + 1] as number;
    if ((set & (set - 1)) === 0) {
      band.present |= set;
      if (set !== background) out.fill(31 - Math.clz32(set), row + x, row + end);
      x = end;
      continue;
    }
    for (; x < end; x++) {
      const at = row + x;
      const label = decide(data, at, set, own + Math.floor(x / fx), band);
      out[at] = label;
      band.present |= 1 << label;
    }
  }
}

/** Label of one voxel among those of `set`. @param own its coarse voxel. */
function decide(data: Volume['data'], at: number, set: number, own: number, band: Band): number {
  const t = band.thresholds;
  const value = data[at] as number;
  if (t.bone !== undefined && (set & bone) !== 0 && value > t.thinBone) {
    // 0 marks voxels off the edge; next to one, the edge of thin bone is the best known.
    const edge = t.bone[own] || t.thinBone;
    if (value > edge || isRidge(data, at, 2, band.row, band.plane)) return classicalLabels.bone;
  }
  if ((set & lungs) !== 0 && value < t.lung) {
    // Where the lungs touch, the coarse voxel's own side decides.
    const side = (set & lungs) === lungs ? (band.bits[own] as number) : set;
    return (side & lungLeft) !== 0 ? classicalLabels.lung_left : classicalLabels.lung_right;
  }
  if ((set & background) !== 0 && value <= t.body) return 0;
  return (set & (soft | bone | lungs)) === 0 ? 0 : classicalLabels.soft;
}
