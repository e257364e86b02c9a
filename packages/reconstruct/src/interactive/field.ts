import { downsampledAffine, spacing, type Vec3 } from '@yuepian/geometry';
import type { Pace } from '../pace.ts';
import { interpolated } from '../surfaces/interpolate.ts';
import { chooseGrid, estimateQuads, type MeshGrid } from '../surfaces/measure.ts';
import { cropped, type LabelGrid, type SliceSource, wholeGrid } from '../surfaces/slices.ts';
import { affineOfPart, type IndexBox, type MaskBox } from './box.ts';

const one = Uint8Array.from({ length: 256 }, (_, n) => (n === 0 ? 0 : 1));

/** Slices that are interpolated together: bounds what is held while a big structure is begun. */
const together = 12;

/**
 * How full of a structure each voxel of its mesh's grid is (0…255): the mask, with layers between
 * thick slices, averaged over blocks. It is kept from one edit to the next and made anew only where
 * voxels changed; every voxel of it depends on the mask around it alone, so that it is the same
 * whatever came before.
 */
export class Field {
  readonly #quads: number;
  /** The mask as it was. */
  #seen = new Uint8Array();
  #size: Vec3 = [0, 0, 0];
  #on: MeshGrid = { factor: [1, 1, 1], layers: 1 };
  #data = new Uint8Array();
  #grid: Vec3 = [0, 0, 0];
  #voxels = 0;

  /** @param quads that the net may have, about; decides the grid. */
  constructor(quads: number) {
    this.#quads = quads;
  }

  /** Voxels of the mask. */
  get voxels(): number {
    return this.#voxels;
  }

  get on(): MeshGrid {
    return this.#on;
  }

  /** Takes the mask as it is now. @throws YuepianError `job_cancelled`. */
  async follow(mask: MaskBox, pace: Pace): Promise<void> {
    const quads = estimateQuads(wholeGrid(mask), one);
    const on = chooseGrid(spacing(mask.affine), quads, this.#quads);
    const isSame =
      this.#seen.length === mask.data.length &&
      mask.size.every((n, a) => n === this.#size[a as 0 | 1 | 2]) &&
      on.layers === this.#on.layers &&
      on.factor.every((f, a) => f === this.#on.factor[a as 0 | 1 | 2]);
    const changed = isSame ? this.#differences(mask) : this.#begin(mask, on);
    if (changed === undefined) return;
    try {
      // As it was noted: strokes that come and go while this breathes must not leave a trace.
      await this.#fill(wholeGrid({ ...mask, data: this.#seen }), changed, pace);
    } catch (error) {
      // Half made: the next one begins again.
      this.#seen = new Uint8Array();
      throw error;
    }
  }

  /** The part of the field that is not empty, as slices for a net; undefined when all is. */
  slices(mask: MaskBox): SliceSource | undefined {
    const box = this.#content();
    if (box === undefined) return undefined;
    const [nx, ny] = this.#grid;
    const { factor, layers } = this.#on;
    const [w, h] = box.size;
    const stride = (w + 5) & ~3;
    const data = this.#data;
    // Layers share a slice: their centres lie around where its centre was.
    const fine = downsampledAffine(mask.affine, [1, 1, 1 / layers]);
    const affine = affineOfPart(downsampledAffine(fine, factor), box.first);
    return {
      size: box.size,
      affine,
      stride,
      hasCoverage: factor.some((f) => f !== 1),
      read(k, labels, coverage) {
        for (let y = 0; y < h; y++) {
          const from = box.first[0] + nx * (box.first[1] + y + ny * (box.first[2] + k));
          const to = stride * (y + 1) + 1;
          for (let x = 0; x < w; x++) {
            const v = data[from + x] as number;
            const inside = v >= 128;
            labels[to + x] = inside ? 1 : 0;
            coverage[to + x] = inside ? v : 255 - v;
          }
        }
      },
    };
  }

  #begin(mask: MaskBox, on: MeshGrid): IndexBox | undefined {
    const { size, data } = mask;
    this.#on = on;
    this.#size = size;
    if (this.#seen.length !== data.length) this.#seen = new Uint8Array(data.length);
    this.#seen.set(data);
    this.#voxels = 0;
    for (let n = 0; n < data.length; n++) if (data[n] !== 0) this.#voxels++;
    const { factor, layers } = on;
    this.#grid = [
      Math.ceil(size[0] / factor[0]),
      Math.ceil(size[1] / factor[1]),
      Math.ceil((size[2] * layers) / factor[2]),
    ];
    const length = this.#grid[0] * this.#grid[1] * this.#grid[2];
    if (this.#data.length === length) this.#data.fill(0);
    else this.#data = new Uint8Array(length);
    return this.#voxels === 0 ? undefined : { first: [0, 0, 0], size };
  }

  /** The box of the voxels that are not as they were; they are noted. */
  #differences({ size, data }: MaskBox): IndexBox | undefined {
    const [nx, ny, nz] = size;
    const seen = this.#seen;
    const bounds = new Bounds();
    for (let z = 0, row = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++, row += nx) {
        for (let p = row; p < row + nx; p++) {
          const now = data[p] as number;
          if (now === seen[p]) continue;
          if (now === 0) this.#voxels--;
          else if (seen[p] === 0) this.#voxels++;
          seen[p] = now;
          bounds.add(p - row, p - row, y, z);
        }
      }
    }
    return bounds.box;
  }

  /** Makes the field anew wherever it depends on the voxels of a box. */
  async #fill(mask: LabelGrid, changed: IndexBox, pace: Pace): Promise<void> {
    const { layers } = this.#on;
    // Distances beyond 4 layers are not told apart; one more pixel because they are smoothed.
    const reach = layers === 1 ? 0 : layers * 4 + 2;
    const slices = layers === 1 ? 0 : 1;
    const target = widened(changed, [reach, reach, slices], mask.size);
    for (let z = 0; z < target.size[2]; z += together) {
      const part: IndexBox = {
        first: [target.first[0], target.first[1], target.first[2] + z],
        size: [target.size[0], target.size[1], Math.min(together, target.size[2] - z)],
      };
      await this.#fillPart(mask, part, reach, slices, pace);
      await pace.breathe();
    }
  }

  async #fillPart(
    mask: LabelGrid,
    target: IndexBox,
    reach: number,
    slices: number,
    pace: Pace,
  ): Promise<void> {
    const { factor, layers } = this.#on;
    // Whole blocks, and around them what their distances depend on.
    const step = factor[2] / greatestDivisor(factor[2], layers);
    const blocks = alignedTo(target, [factor[0], factor[1], step], mask.size);
    const source = widened(blocks, [reach, reach, slices], mask.size);
    const view = cropped(mask, source.first, source.size);
    const fine = layers === 1 ? view : await interpolated(view, one, layers, pace);
    const shift = blocks.first.map((f, a) => f - (source.first[a] as number)) as unknown as Vec3;
    this.#average(fine, shift, blocks);
  }

  /** Writes the blocks of a box of the mask. @param shift where the box lies in `fine`. */
  #average(fine: LabelGrid, shift: Vec3, box: IndexBox): void {
    const { factor, layers } = this.#on;
    const [fx, fy, fz] = factor;
    const [gx, gy] = this.#grid;
    const whole = fx * fy * fz;
    const depth = box.size[2] * layers;
    const { data } = fine;
    for (let k = 0; k < depth; k += fz) {
      const planes = Math.min(fz, depth - k);
      for (let j = 0; j < box.size[1]; j += fy) {
        const rows = Math.min(fy, box.size[1] - j);
        let to =
          box.first[0] / fx +
          gx * ((box.first[1] + j) / fy + gy * ((box.first[2] * layers + k) / fz));
        const from =
          fine.start + shift[0] + fine.row * (shift[1] + j) + fine.plane * (shift[2] * layers + k);
        for (let i = 0; i < box.size[0]; i += fx, to++) {
          const columns = Math.min(fx, box.size[0] - i);
          let inside = 0;
          for (let z = 0; z < planes; z++) {
            for (let y = 0; y < rows; y++) {
              const p = from + i + fine.row * y + fine.plane * z;
              for (let x = 0; x < columns; x++) if (data[p + x] !== 0) inside++;
            }
          }
          this.#data[to] = Math.round((255 * inside) / whole);
        }
      }
    }
  }

  #content(): IndexBox | undefined {
    const [nx, ny, nz] = this.#grid;
    const data = this.#data;
    const bounds = new Bounds();
    for (let z = 0, row = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++, row += nx) {
        let x0 = 0;
        while (x0 < nx && (data[row + x0] as number) < 128) x0++;
        if (x0 === nx) continue;
        let x1 = nx - 1;
        while ((data[row + x1] as number) < 128) x1--;
        bounds.add(x0, x1, y, z);
      }
    }
    return bounds.box;
  }
}

/** The box around voxels, told row by row. */
class Bounds {
  #low: Vec3 = [Infinity, Infinity, Infinity];
  #high: Vec3 = [-1, -1, -1];

  /** Voxels x0…x1 of a row. */
  add(x0: number, x1: number, y: number, z: number): void {
    const [low, high] = [this.#low, this.#high];
    if (x0 < low[0] || y < low[1] || z < low[2])
      this.#low = [Math.min(low[0], x0), Math.min(low[1], y), Math.min(low[2], z)];
    if (x1 > high[0] || y > high[1] || z > high[2])
      this.#high = [Math.max(high[0], x1), Math.max(high[1], y), Math.max(high[2], z)];
  }

  /** Undefined when there were none. */
  get box(): IndexBox | undefined {
    const [low, high] = [this.#low, this.#high];
    if (high[2] < 0) return undefined;
    return { first: low, size: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1] };
  }
}

function widened(box: IndexBox, by: Vec3, size: Vec3): IndexBox {
  const first = box.first.map((f, a) => Math.max(0, f - (by[a] as number)));
  const end = box.first.map((f, a) =>
    Math.min(size[a] as number, f + (box.size[a] as number) + (by[a] as number)),
  );
  return {
    first: first as unknown as Vec3,
    size: end.map((e, a) => e - (first[a] as number)) as unknown as Vec3,
  };
}

/** The box grown to multiples of `step`, as far as the grid goes. */
function alignedTo(box: IndexBox, step: Vec3, size: Vec3): IndexBox {
  const first = box.first.map((f, a) => f - (f % (step[a] as number)));
  const end = box.first.map((f, a) => {
    const s = step[a] as number;
    return Math.min(size[a] as number, Math.ceil((f + (box.size[a] as number)) / s) * s);
  });
  return {
    first: first as unknown as Vec3,
    size: end.map((e, a) => e - (first[a] as number)) as unknown as Vec3,
  };
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));
