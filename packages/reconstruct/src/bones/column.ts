import { spacing, type Vec3 } from '@yuepian/geometry';
import type { BoxGrid } from '../interactive/box.ts';
import { placeOf } from './pieces.ts';

/** Length of a bin of height, mm. */
const bin = 1.5;
/** Half of what is looked at of a body: inside of every adult's (a T5 is some 28 mm wide, 24 mm deep). */
const core = { x: 12, y: 9 };
/** Distance of two discs in mm: C3 some 17, L4 some 40 (Gilad and Nissan, Clinical Biomechanics 1986). */
const apart = { least: 14, most: 46 };
/** Height of a body from disc to disc in mm; what is taller is several. */
const tallest = 50;
/** What the share of bone drops by, in a disc, at the least. */
const leastDrop = 0.1;

export interface Column {
  /** Per voxel the number of its vertebra, 1 the highest; 0 outside. */
  readonly level: Uint8Array;
  readonly count: number;
  /** Numbers of what is too tall to be one vertebra: no disc shows in the mask there. */
  readonly several: ReadonlySet<number>;
}

/** The middle of the column of bodies by height. */
interface Line {
  readonly low: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * Parts the vertebrae at their discs. Bodies that osteophytes or coarse voxels join have no neck between
 * them, but the middle of a disc is still empty: along the column the share of bone inside of the bodies
 * drops there. From the bodies so found everything else grows, at a cost that a thin place makes high,
 * and neighbours meet in their joints.
 * @param spine 1 where a voxel belongs to a vertebra.
 * @param depth of each voxel in the bone, mm.
 * @param fixed number of a vertebra that is known already (its body lies outside of the scan), or 0.
 * @returns `undefined` where there are no bodies.
 */
export function partColumn(
  spine: Uint8Array,
  depth: Float32Array,
  grid: BoxGrid,
  fixed: Uint8Array = new Uint8Array(spine.length),
): Column | undefined {
  const line = middleLine(spine, depth, grid);
  if (line === undefined) return undefined;
  const { share, low } = profile(spine, grid, line);
  const discs = discsOf(share).map((n) => low + n * bin);
  const level = new Uint8Array(spine.length);
  const above = fixed.some((v) => v !== 0) ? 1 : 0;
  const bounds = [...discs, Number.POSITIVE_INFINITY];
  const found = new Map<number, { low: number; high: number }>();
  for (let i = 0; i < spine.length; i++) {
    if (spine[i] === 0) continue;
    if (fixed[i] !== 0) {
      level[i] = 255;
      continue;
    }
    const at = onLine(placeOf(grid, i), line);
    if (Math.abs(at.dx) > core.x || Math.abs(at.dy) > core.y) continue;
    const n = bounds.findIndex((b) => at.height < b);
    // Not right at the disc: what bridges it belongs to nobody yet.
    if (
      Math.min(
        Math.abs(at.height - (bounds[n] ?? 0)),
        Math.abs(at.height - (bounds[n - 1] ?? -1e9)),
      ) < 3
    )
      continue;
    level[i] = n + 1;
    const span = found.get(n + 1) ?? { low: at.height, high: at.height };
    found.set(n + 1, {
      low: Math.min(span.low, at.height),
      high: Math.max(span.high, at.height),
    });
  }
  if (found.size === 0) return undefined;
  const order = [...found.keys()].sort((a, b) => b - a);
  const numbers = new Uint8Array(256);
  order.forEach((n, k) => {
    numbers[n] = k + 1 + above;
  });
  if (above === 1) numbers[255] = 1;
  for (let i = 0; i < level.length; i++) level[i] = numbers[level[i] as number] as number;
  grow(level, spine, fixed, depth, grid);
  giveLoose(level, spine, grid);
  const several = order.flatMap((n, k) => {
    const { low, high } = found.get(n) ?? { low: 0, high: 0 };
    return high - low > tallest ? [k + 1 + above] : [];
  });
  return { level, count: order.length + above, several: new Set(several) };
}

/** Where deep bone lies, by height, evened out over a vertebra. */
function middleLine(spine: Uint8Array, depth: Float32Array, grid: BoxGrid): Line | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < spine.length; i++) {
    if (spine[i] === 0) continue;
    const z = placeOf(grid, i)[2];
    low = Math.min(low, z);
    high = Math.max(high, z);
  }
  if (!(high > low)) return undefined;
  const n = Math.ceil((high - low) / bin) + 1;
  const [w, wx, wy] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let total = 0;
  for (let i = 0; i < spine.length; i++) {
    const d = depth[i] as number;
    if (spine[i] === 0 || d < 5) continue;
    const p = placeOf(grid, i);
    const at = Math.round((p[2] - low) / bin);
    const weight = (d - 4) ** 2;
    total += weight;
    w[at] = (w[at] as number) + weight;
    wx[at] = (wx[at] as number) + weight * p[0];
    wy[at] = (wy[at] as number) + weight * p[1];
  }
  if (total === 0) return undefined;
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++) {
    let [sum, sx, sy] = [0, 0, 0];
    for (let reach = Math.round(15 / bin); sum === 0; reach *= 2) {
      for (let m = Math.max(0, k - reach); m <= Math.min(n - 1, k + reach); m++) {
        sum += w[m] as number;
        sx += wx[m] as number;
        sy += wy[m] as number;
      }
    }
    x[k] = sx / sum;
    y[k] = sy / sum;
  }
  return { low, x, y };
}

/** Where a place lies beside the line, and its height along it: discs stand square to the column. */
function onLine(p: Vec3, line: Line): { dx: number; dy: number; height: number } {
  const n = line.x.length;
  const at = Math.max(0, Math.min(n - 1, Math.round((p[2] - line.low) / bin)));
  const reach = Math.round(10 / bin);
  const [a, b] = [Math.max(0, at - reach), Math.min(n - 1, at + reach)];
  const span = Math.max(1, b - a) * bin;
  const dx = p[0] - (line.x[at] as number);
  const dy = p[1] - (line.y[at] as number);
  const tiltX = ((line.x[b] as number) - (line.x[a] as number)) / span;
  const tiltY = ((line.y[b] as number) - (line.y[a] as number)) / span;
  return { dx, dy, height: p[2] + tiltX * dx + tiltY * dy };
}

/** Share of bone in the middle of the column by height. */
function profile(
  spine: Uint8Array,
  grid: BoxGrid,
  line: Line,
): { share: Float64Array; low: number } {
  const margin = 12;
  const low = line.low - margin;
  const n = line.x.length + Math.round((2 * margin) / bin);
  const [bone, all] = [new Float64Array(n), new Float64Array(n)];
  const reach = line.x.length * bin;
  for (let i = 0; i < spine.length; i++) {
    const p = placeOf(grid, i);
    const z = p[2] - line.low;
    if (z < -margin || z > reach + margin) continue;
    const { dx, dy, height } = onLine(p, line);
    if (Math.abs(dx) > core.x || Math.abs(dy) > core.y) continue;
    const at = Math.round((height - low) / bin);
    if (at < 0 || at >= n) continue;
    all[at] = (all[at] as number) + 1;
    bone[at] = (bone[at] as number) + (spine[i] as number);
  }
  // Slices may lie further apart than bins: what has no voxel takes its neighbours' share.
  const wide = Math.max(1, Math.ceil(Math.max(...spacing(grid.affine)) / bin / 2));
  const share = Float64Array.from(all, (_, k) => {
    let [b, a] = [0, 0];
    for (let m = Math.max(0, k - wide); m <= Math.min(n - 1, k + wide); m++) {
      a += all[m] as number;
      b += bone[m] as number;
    }
    return a === 0 ? 0 : b / a;
  });
  return { share, low };
}

/** Bins of the discs, from below: the chain of drops that together are the deepest, none too close. */
function discsOf(share: Float64Array): number[] {
  const near = Math.round(5 / bin);
  const far = Math.round(20 / bin);
  const most = (from: number, to: number): number => {
    let best = 0;
    for (let k = Math.max(0, from); k <= Math.min(share.length - 1, to); k++)
      best = Math.max(best, share[k] as number);
    return best;
  };
  const drops: { at: number; drop: number }[] = [];
  for (let k = 1; k + 1 < share.length; k++) {
    const own = share[k] as number;
    let isLeast = true;
    for (let m = Math.max(0, k - near); m <= Math.min(share.length - 1, k + near); m++)
      if ((share[m] as number) < own || ((share[m] as number) === own && m < k)) isLeast = false;
    const drop = Math.min(most(k - far, k), most(k, k + far)) - own;
    if (isLeast && drop > leastDrop) drops.push({ at: k, drop });
  }
  // The best chain that ends in each.
  const best: { sum: number; from: number }[] = [];
  drops.forEach(({ at, drop }, k) => {
    let [sum, from] = [drop, -1];
    for (let m = 0; m < k; m++) {
      const gap = (at - (drops[m]?.at ?? 0)) * bin;
      if (gap < apart.least) continue;
      const other = (best[m]?.sum ?? 0) + drop;
      if (other > sum) [sum, from] = [other, m];
    }
    best.push({ sum, from });
  });
  let at = best.reduce((b, one, k) => (one.sum > (best[b]?.sum ?? -1) ? k : b), 0);
  const chain: number[] = [];
  while (best.length > 0 && at >= 0) {
    chain.unshift(drops[at]?.at ?? 0);
    at = best[at]?.from ?? -1;
  }
  return withMissing(withoutFalseEnds(chain), share);
}

/**
 * Neighbouring vertebrae are nearly of one height: a first or last disc much nearer to the next than that
 * one to its own is a hole in a body that the scan cuts.
 */
function withoutFalseEnds(chain: readonly number[]): number[] {
  const out = [...chain];
  const gap = (n: number): number => (out[n + 1] as number) - (out[n] as number);
  while (out.length > 2 && gap(0) < sameHeight * gap(1)) out.shift();
  while (out.length > 2 && gap(out.length - 2) < sameHeight * gap(out.length - 3)) out.pop();
  return out;
}

/** Least height of a vertebra over that of its neighbour. */
const sameHeight = 0.62;

/** Where two bodies have grown together, half-way: else all that is counted from there is wrong by one. */
function withMissing(chain: readonly number[], share: Float64Array): number[] {
  const gaps = chain.slice(1).map((at, k) => at - (chain[k] as number));
  const out = [...chain];
  gaps.forEach((gap, k) => {
    const others = [gaps[k - 1], gaps[k + 1]].filter((g): g is number => g !== undefined);
    const usual = Math.min(...others, apart.most / bin);
    if (gap * bin <= apart.most || gap < 1.6 * usual) return;
    const parts = Math.max(2, Math.round(gap / usual));
    for (let n = 1; n < parts; n++) {
      const middle = (chain[k] as number) + (gap * n) / parts;
      let best = Math.round(middle);
      for (let m = Math.round(middle - 4); m <= middle + 4; m++)
        if ((share[m] as number) < (share[best] as number)) best = m;
      out.push(best);
    }
  });
  return out.sort((a, b) => a - b);
}

/** Everything of the spine goes to the vertebra that it is nearest to by way of bone; thin bone is long. */
function grow(
  level: Uint8Array,
  spine: Uint8Array,
  fixed: Uint8Array,
  depth: Float32Array,
  grid: BoxGrid,
): void {
  const step = spacing(grid.affine);
  const [nx, ny, nz] = grid.size;
  const cost = new Float32Array(spine.length).fill(Number.POSITIVE_INFINITY);
  const perMm = 2;
  const buckets: number[][] = [];
  const push = (i: number, c: number): void => {
    cost[i] = c;
    const b = Math.floor(c * perMm);
    const bucket = buckets[b];
    if (bucket === undefined) buckets[b] = [i];
    else bucket.push(i);
  };
  for (let i = 0; i < level.length; i++) if (level[i] !== 0 && fixed[i] === 0) push(i, 0);
  for (let b = 0; b < buckets.length; b++) {
    const bucket = buckets[b];
    if (bucket === undefined) continue;
    for (const i of bucket) {
      const c = cost[i] as number;
      if (Math.floor(c * perMm) !== b) continue;
      const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      const meet = (isInside: boolean, q: number, mm: number): void => {
        if (!isInside || spine[q] === 0 || fixed[q] !== 0) return;
        const next = c + mm * (1 + thinness / Math.max(0.5, depth[q] as number));
        if (next >= (cost[q] as number)) return;
        level[q] = level[i] as number;
        push(q, next);
      };
      meet(x > 0, i - 1, step[0]);
      meet(x + 1 < nx, i + 1, step[0]);
      meet(y > 0, i - nx, step[1]);
      meet(y + 1 < ny, i + nx, step[1]);
      meet(z > 0, i - nx * ny, step[2]);
      meet(z + 1 < nz, i + nx * ny, step[2]);
    }
    buckets[b] = [];
  }
}

/** What hangs together with no body goes to the one it lies beside, a process lower than its own body. */
function giveLoose(level: Uint8Array, spine: Uint8Array, grid: BoxGrid): void {
  const [sum, n] = [new Float64Array(256), new Float64Array(256)];
  let isLoose = false;
  for (let i = 0; i < level.length; i++) {
    const own = level[i] as number;
    if (own === 0) isLoose ||= spine[i] !== 0;
    else {
      sum[own] = (sum[own] as number) + placeOf(grid, i)[2];
      n[own] = (n[own] as number) + 1;
    }
  }
  if (!isLoose) return;
  for (let i = 0; i < level.length; i++) {
    if (level[i] !== 0 || spine[i] === 0) continue;
    const z = placeOf(grid, i)[2];
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let own = 1; own < 256; own++) {
      if (n[own] === 0) continue;
      const d = Math.abs((sum[own] as number) / (n[own] as number) - hang - z);
      if (d < least) [best, least] = [own, d];
    }
    level[i] = best;
  }
}

/** A process lies so much lower than the middle of its vertebra, mm. */
const hang = 8;

/** How much longer a way is, the thinner the bone, mm. */
const thinness = 8;
