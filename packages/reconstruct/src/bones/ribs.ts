import { toPatient } from '@yuepian/geometry';
import type { BoxGrid } from '../interactive/box.ts';

const bins = 48;

interface Rib {
  readonly label: number;
  readonly kind: string;
  readonly centre: readonly [number, number, number];
}

/**
 * How many ribs of the same side lie above a rib. Ribs slope and the scan cuts some of them, so neither
 * centres nor ends tell; what does is which of two lies higher in the directions (around the axis of the
 * chest) that both of them cover.
 */
export function ribOrder(
  grid: BoxGrid,
  data: Uint8Array,
  ribs: readonly Rib[],
): (label: number) => number {
  if (ribs.length === 0) return () => 0;
  const mean = (axis: 0 | 1): number =>
    ribs.reduce((sum, r) => sum + r.centre[axis], 0) / ribs.length;
  const [x0, y0] = [mean(0), mean(1)];
  const count = new Float64Array(256 * bins);
  const height = new Float64Array(256 * bins);
  const isRib = new Uint8Array(256);
  for (const r of ribs) isRib[r.label] = 1;
  const [nx, ny] = grid.size;
  for (let i = 0; i < data.length; i++) {
    const l = data[i] as number;
    if (isRib[l] === 0) continue;
    const p = toPatient(grid.affine, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const turn = (Math.atan2(p[1] - y0, p[0] - x0) / (2 * Math.PI) + 0.5) * bins;
    const at = l * bins + Math.min(bins - 1, Math.floor(turn));
    count[at] = (count[at] as number) + 1;
    height[at] = (height[at] as number) + p[2];
  }
  const isAbove = (a: Rib, b: Rib): boolean => {
    let [shared, sum] = [0, 0];
    for (let n = 0; n < bins; n++) {
      const [p, q] = [a.label * bins + n, b.label * bins + n];
      const [cp, cq] = [count[p] as number, count[q] as number];
      if (cp === 0 || cq === 0) continue;
      shared++;
      sum += (height[p] as number) / cp - (height[q] as number) / cq;
    }
    return shared === 0 ? a.centre[2] > b.centre[2] : sum > 0;
  };
  const order = new Map(
    ribs.map((r) => [
      r.label,
      ribs.filter((o) => o !== r && o.kind === r.kind && isAbove(o, r)).length,
    ]),
  );
  return (label) => order.get(label) ?? 0;
}
