import type { Vec3 } from '@yuepian/geometry';
import type { BoxGrid } from '../interactive/box.ts';
import { type Piece, placeOf } from './pieces.ts';

/** Where the images show the vault of a skull, LPS mm. */
export interface Vault {
  /** The lowest slice that is a closed ring with nothing in it. */
  readonly low: number;
  /** Box of the rings. */
  readonly first: Vec3;
  readonly last: Vec3;
}

const slab = 4;
const directions = 48;

/**
 * Looks for the vault: slabs of bone that close a ring as large as a head with next to nothing in it,
 * over two centimetres at least. Ribs and hips leave gaps, and have a spine inside of their ring.
 * @returns undefined where there is none.
 */
export function vaultOf(data: Uint8Array, grid: BoxGrid): Vault | undefined {
  const slabs = new Map<number, Slab>();
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const p = placeOf(grid, i);
    const key = Math.floor(p[2] / slab);
    let own = slabs.get(key);
    if (own === undefined) {
      own = { low: [p[0], p[1]], high: [p[0], p[1]], at: [] };
      slabs.set(key, own);
    }
    for (const a of [0, 1] as const) {
      own.low[a] = Math.min(own.low[a], p[a]);
      own.high[a] = Math.max(own.high[a], p[a]);
    }
    own.at.push(p[0], p[1]);
  }
  let best: number[] = [];
  let run: number[] = [];
  for (const key of [...slabs.keys()].sort((a, b) => a - b)) {
    const isNext = run.length > 0 && key === (run.at(-1) ?? 0) + 1;
    if (!isRing(slabs.get(key))) run = [];
    else run = isNext ? [...run, key] : [key];
    if (run.length > best.length) best = run;
  }
  if (best.length * slab < 20) return undefined;
  const own = best.map((key) => slabs.get(key) as Slab);
  const low = (best[0] as number) * slab;
  return {
    low,
    first: [Math.min(...own.map((s) => s.low[0])), Math.min(...own.map((s) => s.low[1])), low],
    last: [
      Math.max(...own.map((s) => s.high[0])),
      Math.max(...own.map((s) => s.high[1])),
      ((best.at(-1) as number) + 1) * slab,
    ],
  };
}

interface Slab {
  readonly low: [number, number];
  readonly high: [number, number];
  readonly at: number[];
}

function isRing(s: Slab | undefined): boolean {
  if (s === undefined) return false;
  const [w, l] = [s.high[0] - s.low[0], s.high[1] - s.low[1]];
  if (w < 95 || w > 200 || l < 110 || l > 230) return false;
  const [cx, cy] = [(s.low[0] + s.high[0]) / 2, (s.low[1] + s.high[1]) / 2];
  const seen = new Uint8Array(directions);
  let inner = 0;
  for (let n = 0; n < s.at.length; n += 2) {
    const [x, y] = [((s.at[n] as number) - cx) / w, ((s.at[n + 1] as number) - cy) / l];
    if (Math.hypot(x, y) < 0.3) inner++;
    else seen[Math.floor((Math.atan2(y, x) / (2 * Math.PI) + 0.5) * directions) % directions] = 1;
  }
  const closed = seen.reduce((a, b) => a + b, 0) / directions;
  return closed > 0.93 && inner / (s.at.length / 2) < 0.04;
}

/**
 * Skull and mandible: all that lies in the vault's box, down to where base and face end. The mandible is
 * the arch in the lower front that spans the midline. @returns numbers of pieces.
 */
export function skullOf(
  pieces: readonly Piece[],
  vault: Vault | undefined,
): { skull: number[]; mandible: number[] } {
  if (vault === undefined) return { skull: [], mandible: [] };
  const middle = (vault.first[1] + vault.last[1]) / 2;
  const x0 = (vault.first[0] + vault.last[0]) / 2;
  const all = pieces.map((_, n) => n);
  const inBox = (p: Piece): boolean =>
    ([0, 1] as const).every(
      (a) =>
        p.centre[a] > (vault.first[a] as number) - 12 &&
        p.centre[a] < (vault.last[a] as number) + 12,
    );
  const mandible = all.filter((n) => {
    const p = pieces[n] as Piece;
    const wide = p.high[0] - p.low[0];
    return (
      inBox(p) &&
      p.mm3 > 12_000 &&
      p.mm3 < 130_000 &&
      wide > 55 &&
      wide < 150 &&
      p.low[0] < x0 &&
      p.high[0] > x0 &&
      p.centre[1] < middle &&
      p.centre[2] < vault.low - 45 &&
      p.high[2] < vault.low
    );
  });
  const skull = all.filter((n) => {
    const p = pieces[n] as Piece;
    // The base ends some 3 cm below the vault at the back, the face some 8 cm in front.
    const below = p.centre[1] < middle - 10 ? 75 : 38;
    return !mandible.includes(n) && inBox(p) && p.centre[2] > vault.low - below;
  });
  return { skull, mandible };
}
