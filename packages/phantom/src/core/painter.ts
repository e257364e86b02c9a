import type { Field } from './field.ts';

/** Pixel centres of a slice, mm. */
export interface SliceGrid {
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
  readonly nx: number;
  readonly ny: number;
}

/** Value of a material at depth d (mm, negative inside) and place. */
export type Shade = (d: number, x: number, y: number, z: number) => number;

/** One material with a shape. Layers are painted in order, each over what is there. */
export interface Layer {
  readonly field: Field;
  readonly shade: Shade | number;
  /** Label of the voxels inside; undefined leaves the label alone. */
  readonly label?: number;
  /** mm over which the edge blends: the scanner's point spread. */
  readonly edge?: number;
  /**
   * Cuts finer detail than the lattice can hold into the shape, pixel by pixel: distance there from
   * the field's distance. Only asked inside the field; may only take away.
   */
  readonly refine?: Shade;
}

/** Several shapes that press against each other with a seam between them, as muscles do. */
export interface CellLayer {
  readonly cells: readonly Field[];
  readonly shade: Shade | number;
  /** Seams make no good labels. */
  readonly label?: undefined;
  /** Shapes spread this many mm, unless another is in the way. */
  readonly grow?: number;
  /** Nothing is painted outside of it. */
  readonly within?: Field;
  /** Width of the seam, mm. */
  readonly seam: number;
}

export class SliceCanvas {
  readonly grid: SliceGrid;
  readonly values: Float32Array;
  readonly labels: Uint8Array;
  readonly #first: Float32Array;
  readonly #second: Float32Array;

  constructor(grid: SliceGrid) {
    this.grid = grid;
    const n = grid.nx * grid.ny;
    this.values = new Float32Array(n);
    this.labels = new Uint8Array(n);
    this.#first = new Float32Array(n);
    this.#second = new Float32Array(n);
  }

  clear(value: number): void {
    this.values.fill(value);
    this.labels.fill(0);
  }

  paint(layer: Layer | CellLayer, z: number): void {
    if ('cells' in layer) this.#paintCells(layer, z);
    else this.#paintShape(layer, z);
  }

  /** Paints the label only: the same voxels as paint, faster. */
  paintLabels(layer: Layer | CellLayer, z: number): void {
    if (layer.label === undefined || 'cells' in layer) return;
    const { labels, grid } = this;
    const { label, refine } = layer;
    forEachSpan(layer.field, grid, z, 0, (offset, i0, i1, d0, slope, y) => {
      for (let i = i0; i <= i1; i++) {
        const d = d0 + slope * (i - i0);
        if (d >= 0) continue;
        if (refine && refine(d, grid.x0 + i * grid.dx, y, z) >= 0) continue;
        labels[offset + i] = label;
      }
    });
  }

  #paintShape(layer: Layer, z: number): void {
    const { values, labels, grid } = this;
    const { shade, label } = layer;
    const edge = layer.edge ?? 1.1;
    const half = edge / 2;
    const { dx, x0 } = grid;
    const { refine } = layer;
    forEachSpan(layer.field, grid, z, half, (offset, i0, i1, d0, slope, y) => {
      for (let i = i0; i <= i1; i++) {
        let d = d0 + slope * (i - i0);
        if (d >= half) continue;
        if (refine) d = refine(d, x0 + i * dx, y, z);
        if (d >= half) continue;
        const at = offset + i;
        const value = typeof shade === 'number' ? shade : shade(d, x0 + i * dx, y, z);
        if (d <= -half) values[at] = value;
        else {
          const old = values[at] as number;
          values[at] = old + (value - old) * (0.5 - d / edge);
        }
        if (label !== undefined && d < 0) labels[at] = label;
      }
    });
  }

  #paintCells(layer: CellLayer, z: number): void {
    const { values, grid } = this;
    const { shade, seam } = layer;
    const grow = layer.grow ?? 0;
    const first = this.#first.fill(1e3);
    const second = this.#second.fill(1e3);
    for (const field of layer.cells) {
      forEachSpan(field, grid, z, grow + 3, (offset, i0, i1, d0, slope) => {
        for (let i = i0; i <= i1; i++) {
          const d = d0 + slope * (i - i0);
          const at = offset + i;
          if (d < (first[at] as number)) {
            second[at] = first[at] as number;
            first[at] = d;
          } else if (d < (second[at] as number)) second[at] = d;
        }
      });
    }
    const { dx, x0 } = grid;
    const fill = (at: number, i: number, y: number, limit: number): void => {
      const d1 = first[at] as number;
      const d = Math.max(d1 - grow, (seam - ((second[at] as number) - d1)) / 2, limit);
      if (d >= 0.6) return;
      const value = typeof shade === 'number' ? shade : shade(d, x0 + i * dx, y, z);
      const old = values[at] as number;
      values[at] = d <= -0.6 ? value : old + (value - old) * (0.5 - d / 1.2);
    };
    if (layer.within) {
      forEachSpan(layer.within, grid, z, 0.6, (offset, i0, i1, d0, slope, y) => {
        for (let i = i0; i <= i1; i++) fill(offset + i, i, y, d0 + slope * (i - i0));
      });
      return;
    }
    for (let j = 0; j < grid.ny; j++) {
      const y = grid.y0 + j * grid.dy;
      for (let i = 0; i < grid.nx; i++) fill(j * grid.nx + i, i, y, -10);
    }
  }
}

/**
 * Walks the pixels where a field may be below `limit`, a run of pixels inside one lattice cell at a
 * time: distance d0 at the first pixel and its change per pixel.
 */
function forEachSpan(
  field: Field,
  grid: SliceGrid,
  z: number,
  limit: number,
  visit: (offset: number, i0: number, i1: number, d0: number, slope: number, y: number) => void,
): void {
  const { nx: fx, ny: fy, step } = field;
  const [ox, oy] = field.origin;
  const { x0, y0, dx, dy, nx, ny } = grid;
  if (ox > x0 + nx * dx || ox + (fx - 1) * step < x0) return;
  if (oy > y0 + ny * dy || oy + (fy - 1) * step < y0) return;
  const plane = field.plane(z);
  if (!plane) return;
  const row = new Float32Array(fx);
  const j0 = Math.max(0, Math.ceil((oy - y0) / dy));
  const j1 = Math.min(ny - 1, Math.floor((oy + (fy - 1) * step - y0) / dy));
  for (let j = j0; j <= j1; j++) {
    const y = y0 + j * dy;
    const py = (y - oy) / step;
    const cell = Math.min(Math.floor(py), fy - 2);
    const v = py - cell;
    const base = cell * fx;
    for (let c = 0; c < fx; c++) {
      const a = plane[base + c] as number;
      row[c] = a + ((plane[base + fx + c] as number) - a) * v;
    }
    const offset = j * nx;
    for (let c = 0; c < fx - 1; c++) {
      const a = row[c] as number;
      const b = row[c + 1] as number;
      if (a > limit && b > limit) continue;
      const left = ox + c * step;
      const i0 = Math.max(0, Math.ceil((left - x0) / dx));
      const i1 = Math.min(nx - 1, Math.ceil((left + step - x0) / dx) - 1);
      if (i1 < i0) continue;
      const slope = ((b - a) / step) * dx;
      visit(offset, i0, i1, a + ((b - a) * (x0 + i0 * dx - left)) / step, slope, y);
    }
  }
}
