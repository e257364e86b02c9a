import { YuepianError } from '@yuepian/contract';
import {
  add,
  affineFromSteps,
  cross,
  dot,
  scale,
  stepI,
  stepJ,
  subtract,
  unit,
  type Vec3,
  type Volume,
  voxelTypeOf,
} from '@yuepian/geometry';
import { allocate } from './allocate.ts';
import { greatest, least } from './stack.ts';
import type { VolumePlan } from './types.ts';

/** A drifting stack may widen the grid by this factor at most, and refine it along k likewise. */
const maxGrowth = 4;

/**
 * Resamples a tilted or unequally spaced volume onto an orthogonal, equally spaced grid, linearly in
 * patient space; a uniform one comes back as it is. Rows and columns keep their direction and
 * spacing, and the first and last slice their place, so along k nothing is extrapolated. Slices are
 * as far apart as nine tenths of the stored gaps are at least: one odd short gap does not multiply
 * the volume, and a region scanned more finely keeps its detail. Places that no slice covers take
 * `plan.background`.
 * @param volume what `assembleVolume` made of `plan`.
 * @throws YuepianError not_a_volume when the slices drift apart further than any gantry could.
 */
export function rectify(volume: Volume, plan: VolumePlan): Volume {
  if (plan.uniform) return volume;
  const grid = planGrid(plan);
  const [nx, ny, nz] = grid.size;
  const out = allocate(voxelTypeOf(volume.data), nx * ny * nz);
  const planes = new PlaneCache(volume, plan, grid);
  const whole = !(out instanceof Float32Array);
  for (let k = 0; k < nz; k++) {
    const { below, weight } = bracket(plan, k * grid.spacing);
    const a = planes.get(below);
    const at = k * nx * ny;
    if (weight === 0) {
      for (let i = 0; i < a.length; i++) {
        out[at + i] = whole ? Math.round(a[i] as number) : (a[i] as number);
      }
      continue;
    }
    const b = planes.get(below + 1);
    for (let i = 0; i < a.length; i++) {
      const value = (a[i] as number) + weight * ((b[i] as number) - (a[i] as number));
      out[at + i] = whole ? Math.round(value) : value;
    }
  }
  return {
    size: grid.size,
    affine: grid.affine,
    frameOfReferenceUid: volume.frameOfReferenceUid,
    data: out,
  };
}

interface Grid {
  readonly size: Vec3;
  readonly affine: Volume['affine'];
  /** mm between the new slices. */
  readonly spacing: number;
  /** Where each stored slice's first pixel lies on the new grid, in pixels. */
  readonly offsets: readonly (readonly [number, number])[];
}

function planGrid(plan: VolumePlan): Grid {
  const [i, j] = [stepI(plan.affine), stepJ(plan.affine)];
  const normal = unit(cross(i, j));
  const first = (plan.slices[0] as VolumePlan['slices'][number]).position;
  const lateral = plan.slices.map((s) => {
    const o = subtract(s.position, first);
    return [dot(o, i) / dot(i, i), dot(o, j) / dot(j, j)] as const;
  });
  const [left, width] = extent(
    lateral.map((l) => l[0]),
    plan.size[0],
  );
  const [top, height] = extent(
    lateral.map((l) => l[1]),
    plan.size[1],
  );
  const span = (plan.slices.at(-1) as VolumePlan['slices'][number]).distance;
  const steps = stepsOf(plan, span);
  const spacing = span / steps;
  const origin = add(first, add(scale(i, left), scale(j, top)));
  return {
    size: [width, height, steps + 1],
    affine: affineFromSteps(i, j, scale(normal, spacing), origin),
    spacing,
    offsets: lateral.map(([x, y]) => [snap(x) - left, snap(y) - top]),
  };
}

/** Offsets of a few thousandths of a pixel are rounding; copying such a slice keeps it sharp. */
const snap = (x: number): number => (Math.abs(x - Math.round(x)) < 0.02 ? Math.round(x) : x);

/** First pixel and length of a grid that holds all slices. */
function extent(offsets: readonly number[], length: number): [number, number] {
  const low = Math.floor(least(offsets.map(snap)));
  const high = Math.ceil(greatest(offsets.map(snap)));
  if (high - low > (maxGrowth - 1) * length) {
    throw new YuepianError('not_a_volume', { reason: `${high - low} px drift` });
  }
  return [low, length + high - low];
}

function stepsOf(plan: VolumePlan, span: number): number {
  const count = plan.slices.length;
  const gaps = plan.slices
    .slice(1)
    .map((s, n) => s.distance - (plan.slices[n]?.distance ?? 0))
    .sort((a, b) => a - b);
  const usual = gaps[Math.floor(gaps.length / 10)] as number;
  return Math.max(1, Math.min(Math.round(span / usual), maxGrowth * (count - 1)));
}

/** The stored slice at or below a height, and the weight of the next one. */
function bracket(plan: VolumePlan, height: number): { below: number; weight: number } {
  const slices = plan.slices;
  let low = 0;
  let high = slices.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if ((slices[mid]?.distance ?? 0) <= height) low = mid;
    else high = mid;
  }
  const from = slices[low]?.distance ?? 0;
  const to = slices[high]?.distance ?? from;
  const weight = (height - from) / (to - from);
  // On a slice, or off it by rounding: copy, do not blur.
  if (!(weight > 1e-3)) return { below: low, weight: 0 };
  if (weight > 1 - 1e-3) return { below: high, weight: 0 };
  return { below: low, weight };
}

/** Stored slices moved onto the new grid; two at a time are in use. */
class PlaneCache {
  readonly #volume: Volume;
  readonly #plan: VolumePlan;
  readonly #grid: Grid;
  readonly #planes = new Map<number, Float32Array>();

  constructor(volume: Volume, plan: VolumePlan, grid: Grid) {
    this.#volume = volume;
    this.#plan = plan;
    this.#grid = grid;
  }

  get(k: number): Float32Array {
    const known = this.#planes.get(k);
    if (known) return known;
    for (const old of this.#planes.keys()) if (old < k - 1) this.#planes.delete(old);
    const plane = this.#shifted(k);
    this.#planes.set(k, plane);
    return plane;
  }

  /** Bilinear shift by a constant; the four weights are the same for every pixel of a slice. */
  #shifted(k: number): Float32Array {
    const { data, size } = this.#volume;
    const [nx, ny] = size;
    const [width, height] = this.#grid.size;
    const [dx, dy] = this.#grid.offsets[k] as readonly [number, number];
    const out = new Float32Array(width * height).fill(this.#plan.background);
    const [x0, y0] = [Math.ceil(dx), Math.ceil(dy)];
    const [fx, fy] = [x0 - dx, y0 - dy];
    const base = k * nx * ny;
    const right = fx === 0 ? 0 : 1;
    const down = fy === 0 ? 0 : nx;
    // A pixel between the last stored one and the outside has no second neighbour: leave it out.
    const columns = nx - right;
    const rows = ny - (fy === 0 ? 0 : 1);
    for (let j = 0; j < rows; j++) {
      let from = base + j * nx;
      let to = (y0 + j) * width + x0;
      for (let i = 0; i < columns; i++, from++, to++) {
        const a = data[from] as number;
        const top = a + fx * ((data[from + right] as number) - a);
        const c = data[from + down] as number;
        const bottom = c + fx * ((data[from + down + right] as number) - c);
        out[to] = top + fy * (bottom - top);
      }
    }
    return out;
  }
}
