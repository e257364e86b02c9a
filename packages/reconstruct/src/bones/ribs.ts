import { toPatient } from '@yuepian/geometry';
import type { BoxGrid } from '../interactive/box.ts';

const bins = 48;
/** Edge of a column in mm: wider than a rib is thick, narrower than ribs lie apart. */
const column = 12;

interface Rib {
  readonly label: number;
  readonly kind: string;
  readonly centre: readonly [number, number, number];
}

interface Heights {
  count: number;
  sum: number;
}

/** Mean difference of height in mm over the columns of both; 0 where they share none. */
function stacked(
  a: ReadonlyMap<string, Heights> | undefined,
  b: ReadonlyMap<string, Heights> | undefined,
): number {
  let [shared, sum] = [0, 0];
  for (const [key, mine] of a ?? []) {
    const other = b?.get(key);
    if (other === undefined) continue;
    shared++;
    sum += mine.sum / mine.count - other.sum / other.count;
  }
  return shared === 0 ? 0 : sum / shared;
}

/**
 * Whether a rib lies over another of its side, directly or by ribs between them.
 * @param difference of height, above zero where the first lies over the second, 0 for no telling.
 */
function stackOf(
  ribs: readonly Rib[],
  difference: (a: Rib, b: Rib) => number,
): (a: Rib, b: Rib) => boolean {
  const below = new Map(
    ribs.map((a) => [
      a,
      new Set(ribs.filter((b) => b !== a && b.kind === a.kind && difference(a, b) > 0)),
    ]),
  );
  // Warshall's closure (Journal of the ACM 9(1), 1962).
  for (const [middle, under] of below)
    for (const own of below.values()) if (own.has(middle)) for (const b of under) own.add(b);
  return (a, b) => below.get(a)?.has(b) ?? false;
}

/**
 * How many ribs of the same side lie above a rib. Ribs slope and the scan cuts some of them, so neither
 * centres nor ends tell. What does is which of two lies higher where one lies over the other, seen from
 * above; where they do not, which lies higher in the directions (around the axis of the chest) that both
 * of them cover. What lies over a rib lies over all that lie below that one.
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
  const columns = new Map<number, Map<string, Heights>>(ribs.map((r) => [r.label, new Map()]));
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
    const own = columns.get(l);
    const key = `${Math.floor(p[0] / column)} ${Math.floor(p[1] / column)}`;
    const cell = own?.get(key) ?? { count: 0, sum: 0 };
    cell.count++;
    cell.sum += p[2];
    own?.set(key, cell);
  }
  const over = stackOf(ribs, (a, b) => stacked(columns.get(a.label), columns.get(b.label)));
  const isAbove = (a: Rib, b: Rib): boolean => {
    if (over(a, b)) return true;
    if (over(b, a)) return false;
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
