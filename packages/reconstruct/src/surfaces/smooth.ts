import type { Pace } from '../pace.ts';
import { Arena } from './arena.ts';
import type { Net } from './nets.ts';

/** How each segment is smoothed. */
export interface Smoothing {
  /** Taubin keeps small and thin parts, Laplace flattens the steps of big smooth ones. */
  readonly kind: 'taubin' | 'laplace' | 'none';
  readonly steps: number;
}

/**
 * Choice by the size of a segment: radius of a sphere with its ratio of volume to surface, in
 * voxels. @param voxels number of voxels. @param faces voxel faces that bound it.
 */
export function smoothingFor(voxels: number, faces: number): Smoothing {
  // A sphere's voxel faces are 1.5 times its surface.
  const radius = faces === 0 ? 0 : (3 * voxels) / (faces / 1.5);
  if (radius < 1) return { kind: 'taubin', steps: 20 };
  return radius < 10 ? { kind: 'taubin', steps: 40 } : { kind: 'laplace', steps: 16 };
}

/**
 * One plan per segment number of a net.
 * @param targets mm³ per segment number. @param gridMm3 of a voxel of the net's grid.
 * @param isSmooth the grid was averaged and has no interpolated layers.
 */
export function smoothingPlan(
  net: Net,
  targets: Float64Array,
  gridMm3: number,
  isSmooth: boolean,
): Smoothing[] {
  const faces = new Float64Array(targets.length);
  for (let q = 0; q < net.quadCount; q++) {
    const i = net.inside[q] as number;
    const o = net.outside[q] as number;
    faces[i] = (faces[i] as number) + 1;
    faces[o] = (faces[o] as number) + 1;
  }
  return Array.from(targets, (mm3, s) => {
    const plan = smoothingFor(mm3 / gridMm3, faces[s] as number);
    // Averaged grids without interpolated steps place the surface between voxels already: half the steps do.
    return isSmooth ? { ...plan, steps: plan.steps / 2 } : plan;
  });
}

/** Band of Taubin's filter: λ shrinks, μ grows back (Taubin, SIGGRAPH 1995). */
const lambda = 0.5;
const mu = -0.53;

/**
 * Smooths the whole net at once, so that neighbours stay glued together. Vertices move in voxel
 * indices; a mean of neighbours is the same point in any affine frame. No vertex leaves the box of
 * ±`reach` voxels around where it began: fine parts cannot collapse.
 * @param plan per segment number. A vertex between two segments follows the gentler plan.
 */
export async function smoothNet(
  net: Net,
  plan: readonly Smoothing[],
  pace: Pace,
  reach = 1,
  arena = new Arena(),
): Promise<void> {
  const { stepsOf, taubinOf } = vertexPlans(net, plan, arena);
  const { links, counts } = compactLinks(net, arena);
  const start = arena.floats('smooth start', net.positions.length);
  start.set(net.positions);
  const rounds = plan.reduce((most, s) => Math.max(most, s.steps), 0);
  let from = net.positions;
  let to = arena.floats('smooth to', net.positions.length);
  for (let round = 0; round < rounds; round++) {
    relax(net.vertexCount, from, to, start, links, counts, stepsOf, taubinOf, round, reach);
    [from, to] = [to, from];
    pace.step('surface', 0.5 + (0.4 * round) / rounds);
    await pace.breathe();
  }
  if (from !== net.positions) net.positions.set(from);
}

function relax(
  vertexCount: number,
  from: Float32Array,
  to: Float32Array,
  start: Float32Array,
  links: Int32Array,
  counts: Uint8Array,
  stepsOf: Uint8Array,
  taubinOf: Uint8Array,
  round: number,
  reach: number,
): void {
  const odd = (round & 1) === 1;
  for (let v = 0, p = 0; v < vertexCount; v++, p += 3) {
    const n = counts[v] as number;
    if (n === 0 || round >= (stepsOf[v] as number)) {
      to[p] = from[p] as number;
      to[p + 1] = from[p + 1] as number;
      to[p + 2] = from[p + 2] as number;
      continue;
    }
    let x = 0;
    let y = 0;
    let z = 0;
    for (let l = v * 6; l < v * 6 + n; l++) {
      const q = (links[l] as number) * 3;
      x += from[q] as number;
      y += from[q + 1] as number;
      z += from[q + 2] as number;
    }
    const w = taubinOf[v] === 1 && odd ? mu : lambda;
    const keep = 1 - w;
    const share = w / n;
    const sx = start[p] as number;
    const sy = start[p + 1] as number;
    const sz = start[p + 2] as number;
    x = keep * (from[p] as number) + share * x;
    y = keep * (from[p + 1] as number) + share * y;
    z = keep * (from[p + 2] as number) + share * z;
    to[p] = x < sx - reach ? sx - reach : Math.min(x, sx + reach);
    to[p + 1] = y < sy - reach ? sy - reach : Math.min(y, sy + reach);
    to[p + 2] = z < sz - reach ? sz - reach : Math.min(z, sz + reach);
  }
}

/**
 * Neighbours packed to the front. Along a junction, where three segments meet, a vertex only
 * follows the junction itself; else the lines between organs would be pulled out of shape.
 */
function compactLinks(net: Net, arena: Arena): { links: Int32Array; counts: Uint8Array } {
  const links = arena.ints('smooth links', net.vertexCount * 6);
  const counts = arena.bytes('smooth counts', net.vertexCount);
  for (let v = 0; v < net.vertexCount; v++) {
    const only = net.isJunction[v] === 1;
    const junction = net.junctions[v] as number;
    let n = 0;
    for (let l = 0; l < 6; l++) {
      const other = net.links[v * 6 + l] as number;
      if (other >= 0 && (!only || (junction & (1 << l)) !== 0)) links[v * 6 + n++] = other;
    }
    // The end of a junction has nothing to be averaged with and stays.
    counts[v] = only && n < 2 ? 0 : n;
  }
  return { links, counts };
}

function vertexPlans(
  net: Net,
  plan: readonly Smoothing[],
  arena: Arena,
): { stepsOf: Uint8Array; taubinOf: Uint8Array } {
  const stepsOf = arena.bytes('smooth steps', net.vertexCount).fill(255);
  const taubinOf = arena.bytes('smooth taubin', net.vertexCount).fill(0);
  for (let q = 0; q < net.quadCount; q++) {
    for (const segment of [net.inside[q] as number, net.outside[q] as number]) {
      if (segment === 0) continue;
      const s = plan[segment];
      const taubin = s?.kind === 'taubin' ? 1 : 0;
      const steps = s === undefined || s.kind === 'none' ? 0 : s.steps;
      for (let n = q * 4; n < q * 4 + 4; n++) {
        const v = net.quads[n] as number;
        if (steps === 0) stepsOf[v] = 0;
        else if (taubin === 1 && taubinOf[v] === 0 && stepsOf[v] !== 0) {
          taubinOf[v] = 1;
          stepsOf[v] = steps;
        } else if (taubin === taubinOf[v]) stepsOf[v] = Math.min(stepsOf[v] as number, steps);
      }
    }
  }
  return { stepsOf, taubinOf };
}
