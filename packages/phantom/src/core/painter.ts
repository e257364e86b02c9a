import type { Field } from './field.ts';

/** Places of the columns and rows of a slice among the shapes, mm; growing, not always evenly. */
export interface SliceGrid {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
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
    const n = grid.xs.length * grid.ys.length;
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
    const { xs } = grid;
    forEachSpan(layer.field, grid, z, 0, (offset, i0, i1, line, y) => {
      for (let i = i0; i <= i1; i++) {
        const x = xs[i] as number;
        const d = line.at + line.slope * (x - line.from);
        if (d >= 0) continue;
        if (refine && refine(d, x, y, z) >= 0) continue;
        labels[offset + i] = label;
      }
    });
  }

  #paintShape(layer: Layer, z: number): void {
    const { values, labels, grid } = this;
    const { shade, label } = layer;
    const edge = layer.edge ?? 1.1;
    const half = edge / 2;
    const { xs } = grid;
    const { refine } = layer;
    forEachSpan(layer.field, grid, z, half, (offset, i0, i1, line, y) => {
      for (let i = i0; i <= i1; i++) {
        const x = xs[i] as number;
        let d = line.at + line.slope * (x - line.from);
        if (d >= half) continue;
        if (refine) d = refine(d, x, y, z);
        if (d >= half) continue;
        const at = offset + i;
        const value = typeof shade === 'number' ? shade : shade(d, x, y, z);
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
    const { xs, ys } = grid;
    const first = this.#first.fill(1e3);
    const second = this.#second.fill(1e3);
    for (const field of layer.cells) {
      forEachSpan(field, grid, z, grow + 3, (offset, i0, i1, line) => {
        for (let i = i0; i <= i1; i++) {
          const d = line.at + line.slope * ((xs[i] as number) - line.from);
          const at = offset + i;
          if (d < (first[at] as number)) {
            second[at] = first[at] as number;
            first[at] = d;
          } else if (d < (second[at] as number)) second[at] = d;
        }
      });
    }
    const fill = (at: number, i: number, y: number, limit: number): void => {
      const d1 = first[at] as number;
      const d = Math.max(d1 - grow, (seam - ((second[at] as number) - d1)) / 2, limit);
      if (d >= 0.6) return;
      const value = typeof shade === 'number' ? shade : shade(d, xs[i] as number, y, z);
      const old = values[at] as number;
      values[at] = d <= -0.6 ? value : old + (value - old) * (0.5 - d / 1.2);
    };
    if (layer.within) {
      forEachSpan(layer.within, grid, z, 0.6, (offset, i0, i1, line, y) => {
        for (let i = i0; i <= i1; i++) {
          fill(offset + i, i, y, line.at + line.slope * ((xs[i] as number) - line.from));
        }
      });
      return;
    }
    for (let j = 0; j < ys.length; j++) {
      for (let i = 0; i < xs.length; i++) fill(j * xs.length + i, i, ys[j] as number, -10);
    }
  }
}

/** Distance along a row inside one lattice cell: `at` where x is `from`, then `slope` per mm. */
interface Line {
  at: number;
  from: number;
  slope: number;
}

/** Walks the pixels where a field may be below `limit`, a run of pixels inside one lattice cell at a time. */
function forEachSpan(
  field: Field,
  grid: SliceGrid,
  z: number,
  limit: number,
  visit: (offset: number, i0: number, i1: number, line: Readonly<Line>, y: number) => void,
): void {
  const { nx: fx, ny: fy, step } = field;
  const [ox, oy] = field.origin;
  const { xs, ys } = grid;
  const nx = xs.length;
  const [right, bottom] = [ox + (fx - 1) * step, oy + (fy - 1) * step];
  const [j0, j1] = [firstFrom(ys, oy), firstFrom(ys, bottom)];
  if (ox > (xs[nx - 1] as number) || right < (xs[0] as number) || j0 === ys.length) return;
  const plane = field.plane(z);
  if (!plane) return;
  const row = new Float32Array(fx);
  // The first pixel of each lattice cell: the same for all rows.
  const firsts = new Int32Array(fx);
  for (let c = 0, i = 0; c < fx; c++) {
    while (i < nx && (xs[i] as number) < ox + c * step) i++;
    firsts[c] = i;
  }
  const line: Line = { at: 0, from: 0, slope: 0 };
  for (let j = j0; j <= j1 && j < ys.length; j++) {
    const y = ys[j] as number;
    if (y > bottom) break;
    const py = (y - oy) / step;
    const cell = Math.min(Math.floor(py), fy - 2);
    const v = py - cell;
    const base = cell * fx;
    for (let c = 0; c < fx; c++) {
      const a = plane[base + c] as number;
      row[c] = a + ((plane[base + fx + c] as number) - a) * v;
    }
    for (let c = 0; c < fx - 1; c++) {
      const a = row[c] as number;
      const b = row[c + 1] as number;
      if (a > limit && b > limit) continue;
      const i0 = firsts[c] as number;
      const i1 = (firsts[c + 1] as number) - 1;
      if (i1 < i0) continue;
      line.at = a;
      line.from = ox + c * step;
      line.slope = (b - a) / step;
      visit(j * nx, i0, i1, line, y);
    }
  }
}

/** The first index whose place is not below `from`. */
function firstFrom(places: Float64Array, from: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((places[mid] as number) < from) low = mid + 1;
    else high = mid;
  }
  return low;
}
