import { stepI, stepJ, stepK, type Vec3 } from '@yuepian/geometry';
import { type Box, type TensorGrid, wholeBox } from './grid.ts';
import { quantiles } from './normalise.ts';

/** Tissue from air in CT: the body's skin lies around −300 HU. */
const bodyHu = -300;
/** A plane with less tissue than this share of its voxels holds noise, a tube or a hair. */
const planeShare = 0.004;
const marginMm = 8;
/** From the vertex down to below the cerebellum and brainstem, with room for a tilted head. */
const headMm = 200;

/**
 * The box of a tensor's data that holds the patient: what a network need not see costs most of its
 * time. `head` leaves the neck away. Without tissue it is everything.
 * @param data raw values on `grid`.
 */
export function patientBox(
  data: Float32Array,
  grid: TensorGrid,
  what: 'none' | 'body' | 'head',
  modality: string,
): Box {
  if (what === 'none') return wholeBox(grid.size);
  const threshold = modality === 'CT' ? bodyHu : mrThreshold(data);
  const counts = planeCounts(data, grid.size, threshold);
  const spacing = [stepI, stepJ, stepK].map((step) => Math.hypot(...step(grid.affine)));
  const first: number[] = [];
  const last: number[] = [];
  for (const axis of [0, 1, 2] as const) {
    const n = grid.size[axis];
    const perPlane = (grid.size[0] * grid.size[1] * grid.size[2]) / n;
    const enough = (p: number): boolean =>
      (counts[axis]?.[p] ?? 0) > Math.max(20, perPlane * planeShare);
    let [low, high] = [0, n - 1];
    while (low < n && !enough(low)) low++;
    while (high >= 0 && !enough(high)) high--;
    if (low > high) return wholeBox(grid.size);
    const margin = Math.ceil(marginMm / (spacing[axis] as number));
    first.push(Math.max(0, low - margin));
    last.push(Math.min(n - 1, high + margin));
  }
  if (what === 'head') {
    const axis = [stepI, stepJ, stepK]
      .map((step, n) => ({ n, up: step(grid.affine)[2] / (spacing[n] as number) }))
      .sort((a, b) => Math.abs(b.up) - Math.abs(a.up))[0];
    if (axis) {
      const length = Math.ceil(headMm / (spacing[axis.n] as number));
      if (axis.up > 0) first[axis.n] = Math.max(first[axis.n] ?? 0, (last[axis.n] ?? 0) - length);
      else last[axis.n] = Math.min(last[axis.n] ?? 0, (first[axis.n] ?? 0) + length);
    }
  }
  const size = first.map((f, n) => (last[n] as number) - f + 1);
  return { first: first as unknown as Vec3, size: size as unknown as Vec3 };
}

/** Otsu's threshold (1979) between noise and tissue, lowered: fat and scalp must be in. */
function mrThreshold(data: Float32Array): number {
  const [low = 0, high = 1] = quantiles(data, [0, 0.99]);
  const bins = new Float64Array(256);
  const scale = high > low ? 255 / (high - low) : 1;
  for (const v of data) {
    const bin = Math.max(0, Math.min(255, Math.round((v - low) * scale)));
    bins[bin] = (bins[bin] as number) + 1;
  }
  const total = data.length;
  let sum = 0;
  for (let n = 0; n < 256; n++) sum += n * (bins[n] as number);
  let [below, sumBelow, best, at] = [0, 0, -1, 0];
  for (let n = 0; n < 255; n++) {
    below += bins[n] as number;
    sumBelow += n * (bins[n] as number);
    if (below === 0 || below === total) continue;
    const difference = sumBelow / below - (sum - sumBelow) / (total - below);
    const between = below * (total - below) * difference * difference;
    if (between > best) [best, at] = [between, n];
  }
  return low + (at / scale) * 0.6;
}

function planeCounts(data: Float32Array, size: Vec3, threshold: number): Float64Array[] {
  const counts = [0, 1, 2].map((axis) => new Float64Array(size[axis as 0 | 1 | 2]));
  const [cx, cy, cz] = counts as [Float64Array, Float64Array, Float64Array];
  for (let z = 0, at = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      let row = 0;
      for (let x = 0; x < size[0]; x++, at++) {
        if ((data[at] as number) <= threshold) continue;
        row++;
        cx[x] = (cx[x] as number) + 1;
      }
      cy[y] = (cy[y] as number) + row;
      cz[z] = (cz[z] as number) + row;
    }
  }
  return counts;
}
