import type { Box } from './field.ts';
import { noiseTile, tileMask } from './noise.ts';
import { type CellLayer, type Layer, SliceCanvas } from './painter.ts';
import { Random } from './random.ts';
import type { Warp } from './warp.ts';

/** A synthetic patient before it is cut into slices: shapes with materials, in paint order. */
export interface Scene {
  readonly layers: readonly (Layer | CellLayer)[];
  /** Value where nothing is. */
  readonly background: number;
  readonly range: readonly [number, number];
  /** Standard deviation of the scanner's noise for slices 1 mm apart. */
  readonly noise: number;
  /** Magnitude images have Rician noise: no voxel below zero. */
  readonly rician: boolean;
  /** Multiplies the signal: the receive coil's sensitivity. */
  readonly gain?: (x: number, y: number, z: number) => number;
  readonly segments: readonly { readonly key: string; readonly labels: readonly number[] }[];
  /** What the images show of it: truth ends where they end. */
  readonly covered: Box;
  /** Where each segment lies, for measuring its true volume; the whole scene when absent. */
  readonly boxes: Readonly<Record<string, Box>>;
  readonly box: Box;
  /** From the patient to the shapes; boxes, layers and shades are those of the shapes. */
  readonly warp: Warp;
}

/** Pixel centres of a slice in the patient, mm. */
interface PatientGrid {
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
  readonly nx: number;
  readonly ny: number;
}

/** Fills `values` and `labels` (nx·ny) for slices at any height. */
export class SceneRenderer {
  readonly #scene: Scene;
  readonly #canvas: SliceCanvas;
  readonly #sum: Float32Array;
  #tile: Float32Array | undefined;
  readonly #seed: number;
  readonly #grid: PatientGrid;

  constructor(scene: Scene, grid: PatientGrid, seed: number) {
    this.#scene = scene;
    this.#grid = grid;
    const { warp } = scene;
    this.#canvas = new SliceCanvas({
      xs: Float64Array.from({ length: grid.nx }, (_, i) => warp.toShapes(0, grid.x0 + i * grid.dx)),
      ys: Float64Array.from({ length: grid.ny }, (_, j) => warp.toShapes(1, grid.y0 + j * grid.dy)),
    });
    this.#sum = new Float32Array(grid.nx * grid.ny);
    this.#seed = seed;
  }

  /**
   * One slice. A thick slice averages two heights, as a scanner does; the label is that of the
   * middle.
   */
  render(
    z: number,
    thickness: number,
    index: number,
    values: Int16Array | Uint16Array,
    labels: Uint8Array,
  ): void {
    const scene = this.#scene;
    const canvas = this.#canvas;
    const heights = thickness > 3.2 ? [z - thickness / 4, z + thickness / 4] : [z];
    this.#sum.fill(0);
    for (const height of heights) {
      canvas.clear(scene.background);
      const level = scene.warp.toShapes(2, height);
      for (const layer of scene.layers) canvas.paint(layer, level);
      for (let i = 0; i < this.#sum.length; i++) {
        this.#sum[i] = (this.#sum[i] as number) + (canvas.values[i] as number);
      }
    }
    if (heights.length > 1) this.labels(z);
    labels.set(canvas.labels);
    this.#finish(z, thickness, index, heights.length, values);
  }

  /** Labels alone, as a view that the next call overwrites. */
  labels(z: number): Uint8Array {
    this.#canvas.labels.fill(0);
    const level = this.#scene.warp.toShapes(2, z);
    for (const layer of this.#scene.layers) this.#canvas.paintLabels(layer, level);
    return this.#canvas.labels;
  }

  #finish(
    z: number,
    thickness: number,
    index: number,
    count: number,
    values: Int16Array | Uint16Array,
  ): void {
    const { range, noise, rician, gain } = this.#scene;
    const [low, high] = range;
    this.#tile ??= noiseTile(new Random(this.#seed + 77));
    const tile = this.#tile;
    const { nx, x0, y0, dx, dy } = this.#grid;
    const sigma = noise / Math.sqrt(Math.max(0.6, thickness));
    // Far apart starts, so that neighbouring slices share no pattern.
    const random = new Random(this.#seed * 8191 + index);
    const start = Math.floor(random.next() * tile.length);
    const second = Math.floor(random.next() * tile.length);
    for (let i = 0; i < values.length; i++) {
      let v = (this.#sum[i] as number) / count;
      if (gain) v *= gain(x0 + (i % nx) * dx, y0 + Math.floor(i / nx) * dy, z);
      const n = sigma * (tile[(start + i) & tileMask] as number);
      if (rician) v = Math.hypot(v + n, sigma * (tile[(second + i) & tileMask] as number));
      else v += n;
      values[i] = Math.round(Math.min(Math.max(v, low), high));
    }
  }
}

/**
 * True volumes in mL, from the shapes themselves: labels counted on grids much finer than the
 * structure (a million points each; four million for what fills the whole scene).
 */
export function trueVolumes(scene: Scene): Record<string, number> {
  const whole = countLabels(scene, scene.box, 4e6);
  const entries = scene.segments.map(({ key, labels }) => {
    const box = scene.boxes[key];
    const counted = box ? countLabels(scene, box, 1e6) : whole;
    return [key, labels.reduce((sum, label) => sum + (counted[label] as number), 0)] as const;
  });
  return Object.fromEntries(entries);
}

/** mL per label inside a box of the shapes, sampled on about `points` points in the patient. */
function countLabels(scene: Scene, shapes: Box, points: number): Float64Array {
  const { covered, warp } = scene;
  const outer = { min: warp.toPatient(shapes.min), max: warp.toPatient(shapes.max) };
  const pick = (f: (...v: number[]) => number, end: 'min' | 'max'): [number, number, number] => [
    f(outer[end][0], covered[end][0]),
    f(outer[end][1], covered[end][1]),
    f(outer[end][2], covered[end][2]),
  ];
  const box: Box = { min: pick(Math.max, 'min'), max: pick(Math.min, 'max') };
  const extent = ([0, 1, 2] as const).map((n) => box.max[n] - box.min[n]) as [
    number,
    number,
    number,
  ];
  const step = Math.cbrt((extent[0] * extent[1] * extent[2]) / points);
  // Whole cells: the grid tiles the box exactly.
  const [dx, dy, dz] = extent.map((e) => e / Math.ceil(e / step)) as [number, number, number];
  const grid: PatientGrid = {
    x0: box.min[0] + dx / 2,
    y0: box.min[1] + dy / 2,
    dx,
    dy,
    nx: Math.round(extent[0] / dx),
    ny: Math.round(extent[1] / dy),
  };
  const renderer = new SceneRenderer(scene, grid, 0);
  const counts = new Float64Array(256);
  const nz = Math.round(extent[2] / dz);
  for (let k = 0; k < nz; k++) {
    const labels = renderer.labels(box.min[2] + (k + 0.5) * dz);
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      counts[label] = (counts[label] as number) + 1;
    }
  }
  return counts.map((n) => (n * dx * dy * dz) / 1000);
}
