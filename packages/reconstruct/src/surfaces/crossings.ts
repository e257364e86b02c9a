import type { Slice } from './nets.ts';

/** Where the last cell's edges cross from one segment to another: sums of x, y, z and the number. */
export const crossings = new Float64Array(4);

/** Crossings half-way between voxel centres: sums of x, y, z and their number. */
export function plainCrossings(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  let x = 0;
  let y = 0;
  let z = 0;
  let n = 0;
  if (a0 !== a1) {
    x += 0.5;
    n++;
  }
  if (a2 !== a3) {
    x += 0.5;
    y += 1;
    n++;
  }
  if (b0 !== b1) {
    x += 0.5;
    z += 1;
    n++;
  }
  if (b2 !== b3) {
    x += 0.5;
    y += 1;
    z += 1;
    n++;
  }
  if (a0 !== a2) {
    y += 0.5;
    n++;
  }
  if (a1 !== a3) {
    x += 1;
    y += 0.5;
    n++;
  }
  if (b0 !== b2) {
    y += 0.5;
    z += 1;
    n++;
  }
  if (b1 !== b3) {
    x += 1;
    y += 0.5;
    z += 1;
    n++;
  }
  if (a0 !== b0) {
    z += 0.5;
    n++;
  }
  if (a1 !== b1) {
    x += 1;
    z += 0.5;
    n++;
  }
  if (a2 !== b2) {
    y += 1;
    z += 0.5;
    n++;
  }
  if (a3 !== b3) {
    x += 1;
    y += 1;
    z += 0.5;
    n++;
  }
  crossings[0] = x;
  crossings[1] = y;
  crossings[2] = z;
  crossings[3] = n;
}

/** Corner offsets of the twelve edges: [from, to, axis] with corner = x + 2y + 4z. */
const edges = [
  0, 1, 0, 2, 3, 0, 4, 5, 0, 6, 7, 0, 0, 2, 1, 1, 3, 1, 4, 6, 1, 5, 7, 1, 0, 4, 2, 1, 5, 2, 2, 6, 2,
  3, 7, 2,
] as const;
const cornerLabel = new Uint8Array(8);
const cornerCoverage = new Uint8Array(8);

/**
 * Crossings where the coverage passes one half. With c of a voxel filled by its own segment, and
 * 1-d of its neighbour (of which d is the neighbour's own), linear interpolation gives
 * (c - ½) / (c + d - 1).
 */
export function coveredCrossings(low: Slice, high: Slice, p: number, stride: number): void {
  for (let n = 0; n < 8; n++) {
    const s = n < 4 ? low : high;
    const at = p + (n & 1) + ((n >> 1) & 1) * stride;
    cornerLabel[n] = s.labels[at] as number;
    cornerCoverage[n] = s.coverage[at] as number;
  }
  let x = 0;
  let y = 0;
  let z = 0;
  let count = 0;
  for (let e = 0; e < 36; e += 3) {
    const from = edges[e] as number;
    const to = edges[e + 1] as number;
    if (cornerLabel[from] === cornerLabel[to]) continue;
    const c = (cornerCoverage[from] as number) / 255 - 0.5;
    const d = (cornerCoverage[to] as number) / 255 - 0.5;
    const sum = c + d;
    const t = sum > 0.01 ? Math.min(1, Math.max(0, c / sum)) : 0.5;
    const axis = edges[e + 2] as number;
    x += (from & 1) + (axis === 0 ? t : 0);
    y += ((from >> 1) & 1) + (axis === 1 ? t : 0);
    z += (from >> 2) + (axis === 2 ? t : 0);
    count++;
  }
  crossings[0] = x;
  crossings[1] = y;
  crossings[2] = z;
  crossings[3] = count;
}
