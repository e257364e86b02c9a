import type { Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { layersBetween } from './interpolate.ts';
import type { LabelGrid } from './slices.ts';

/** What the labels of a grid are like, gathered in one pass. */
export interface LabelMeasures {
  /** Voxels per label value. */
  readonly voxels: Float64Array;
  /** First and last voxel per label value and axis: x0 x1 y0 y1 z0 z1, inclusive. */
  readonly boxes: Int32Array;
}

export async function measureLabels(grid: LabelGrid, pace: Pace): Promise<LabelMeasures> {
  const voxels = new Float64Array(256);
  const boxes = new Int32Array(256 * 6);
  for (let n = 0; n < 256; n++) boxes.set([1 << 30, -1, 1 << 30, -1, 1 << 30, -1], n * 6);
  for (let z = 0; z < grid.size[2]; z++) {
    for (let y = 0; y < grid.size[1]; y++) measureRow(grid, y, z, voxels, boxes);
    await pace.breathe();
  }
  return { voxels, boxes };
}

function measureRow(
  grid: LabelGrid,
  y: number,
  z: number,
  voxels: Float64Array,
  boxes: Int32Array,
): void {
  const { data, size } = grid;
  const from = grid.start + grid.row * y + grid.plane * z;
  const end = from + size[0];
  for (let p = from; p < end; ) {
    const label = data[p] as number;
    const first = p;
    while (p < end && data[p] === label) p++;
    voxels[label] = (voxels[label] as number) + (p - first);
    const b = label * 6;
    if (first - from < (boxes[b] as number)) boxes[b] = first - from;
    if (p - 1 - from > (boxes[b + 1] as number)) boxes[b + 1] = p - 1 - from;
    if (y < (boxes[b + 2] as number)) boxes[b + 2] = y;
    if (y > (boxes[b + 3] as number)) boxes[b + 3] = y;
    if (z < (boxes[b + 4] as number)) boxes[b + 4] = z;
    if (z > (boxes[b + 5] as number)) boxes[b + 5] = z;
  }
}

/** The box around several labels; undefined when none has a voxel. */
export function boxAround(
  m: LabelMeasures,
  labels: readonly number[],
): { first: Vec3; size: Vec3 } | undefined {
  const present = labels.filter((n) => (m.voxels[n] as number) > 0);
  if (present.length === 0) return undefined;
  const low = (axis: number): number =>
    Math.min(...present.map((n) => m.boxes[n * 6 + axis * 2] as number));
  const high = (axis: number): number =>
    Math.max(...present.map((n) => m.boxes[n * 6 + axis * 2 + 1] as number));
  const first: Vec3 = [low(0), low(1), low(2)];
  return { first, size: [high(0) - first[0] + 1, high(1) - first[1] + 1, high(2) - first[2] + 1] };
}

/**
 * Number of quads per axis of their normal, estimated from every eighth slice; enough to choose a
 * grid before the work is done.
 */
export function estimateQuads(grid: LabelGrid, segmentOf: Uint8Array): Vec3 {
  const [nx, ny, nz] = grid.size;
  const every = Math.max(1, Math.min(8, Math.floor(nz / 4)));
  let [fx, fy, fz, slices] = [0, 0, 0, 0];
  const { data, row, plane } = grid;
  for (let z = 0; z < nz; z += every, slices++) {
    for (let y = 0; y < ny; y++) {
      const p = grid.start + row * y + plane * z;
      const down = y + 1 < ny ? row : 0;
      const next = z + 1 < nz ? plane : 0;
      let left = 0;
      for (let x = 0; x < nx; x++) {
        const s = segmentOf[data[p + x] as number] as number;
        if (s !== left) fx++;
        if (s !== segmentOf[data[p + x + down] as number]) fy++;
        if (s !== segmentOf[data[p + x + next] as number]) fz++;
        left = s;
      }
    }
  }
  const scale = nz / Math.max(1, slices);
  return [fx * scale, fy * scale, fz * scale];
}

/** The grid a mesh is made on: voxels averaged per axis, then layers interpolated per slice. */
export interface MeshGrid {
  readonly factor: Vec3;
  readonly layers: number;
}

/**
 * The finest grid whose number of quads stays under `budget`. Axes with the finest spacing are
 * halved first, so that the mesh gets closer to isotropic; at most 4 per axis.
 */
export function chooseGrid(spacing: Vec3, quads: Vec3, budget: number): MeshGrid {
  let f: Vec3 = [1, 1, 1];
  for (;;) {
    const s: Vec3 = [spacing[0] * f[0], spacing[1] * f[1], spacing[2] * f[2]];
    const layers = layersBetween(s);
    const across = quads[0] / (f[1] * f[2]) + quads[1] / (f[0] * f[2]);
    const along = quads[2] / (f[0] * f[1]);
    const finest = Math.min(
      ...[0, 1, 2].map((a) => ((f[a] as number) < 4 ? (s[a] as number) : Number.POSITIVE_INFINITY)),
    );
    if (across * layers + along <= budget || finest === Number.POSITIVE_INFINITY)
      return { factor: f, layers };
    const halve = (axis: 0 | 1 | 2): number =>
      f[axis] < 4 && s[axis] <= finest * 1.5 ? f[axis] * 2 : f[axis];
    f = [halve(0), halve(1), halve(2)];
  }
}
