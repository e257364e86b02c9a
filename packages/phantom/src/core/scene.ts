import type { Vec3 } from '@yuepian/geometry';
import type { Box } from './field.ts';
import { noiseTile, tileMask } from './noise.ts';
import { type CellLayer, type Layer, SliceCanvas, type SliceGrid } from './painter.ts';
import { Random } from './random.ts';

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
  /** Where each segment lies, for measuring its true volume; the whole scene when absent. */
  readonly boxes: Readonly<Record<string, Box>>;
  readonly box: Box;
}

/** Fills `values` and `labels` (nx·ny) for slices at any height. */
export class SceneRenderer {
  readonly #scene: Scene;
  readonly #canvas: SliceCanvas;
  readonly #sum: Float32Array;
  readonly #tile: Float32Array;
  readonly #seed: number;

  constructor(scene: Scene, grid: SliceGrid, seed: number) {
    this.#scene = scene;
    this.#canvas = new SliceCanvas(grid);
    this.#sum = new Float32Array(grid.nx * grid.ny);
    this.#tile = noiseTile(new Random(seed + 77));
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
      for (const layer of scene.layers) canvas.paint(layer, height);
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
    for (const layer of this.#scene.layers) this.#canvas.paintLabels(layer, z);
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
    const tile = this.#tile;
    const { nx, x0, y0, dx, dy } = this.#canvas.grid;
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
      values[i] = Math.round(v < low ? low : v > high ? high : v);
    }
  }
}

/**
 * True volumes in mL, from the shapes themselves: labels counted on a grid much finer than any
 * image (about half a million to four million points a structure).
 */
export function trueVolumes(scene: Scene): Record<string, number> {
  const volumes: Record<string, number> = {};
  for (const segment of scene.segments) {
    const box = scene.boxes[segment.key] ?? scene.box;
    const extent: Vec3 = [0, 1, 2].map(
      (n) => (box.max[n] as number) - (box.min[n] as number),
    ) as unknown as Vec3;
    const cells = scene.boxes[segment.key] ? 4e6 : 1.6e7;
    const step = Math.max(0.1, Math.cbrt((extent[0] * extent[1] * extent[2]) / cells));
    const grid: SliceGrid = {
      x0: box.min[0] + step / 2,
      y0: box.min[1] + step / 2,
      dx: step,
      dy: step,
      nx: Math.max(1, Math.floor(extent[0] / step)),
      ny: Math.max(1, Math.floor(extent[1] / step)),
    };
    const renderer = new SceneRenderer(scene, grid, 0);
    const mine = new Uint8Array(256);
    for (const label of segment.labels) mine[label] = 1;
    let count = 0;
    for (let z = box.min[2] + step / 2; z < box.max[2]; z += step) {
      const labels = renderer.labels(z);
      for (let i = 0; i < labels.length; i++) count += mine[labels[i] as number] as number;
    }
    volumes[segment.key] = (count * step ** 3) / 1000;
  }
  return volumes;
}
