import { invert, toPatient } from '@yuepian/geometry';
import {
  type BoxGrid,
  checkBox,
  checkSameGrid,
  emptyMaskBox,
  type ImageBox,
  type MaskBox,
} from './box.ts';
import { type Edit, editBetween } from './diff.ts';

export type BooleanOperation = 'unite' | 'intersect' | 'subtract';

/**
 * A structure with another one of the same grid; `onGrid` brings one there.
 * @throws YuepianError `invalid_request` when the grids differ.
 */
export function combine(mask: MaskBox, other: MaskBox, operation: BooleanOperation): Edit {
  checkBox(mask);
  checkBox(other);
  checkSameGrid(mask, other);
  const after = new Uint8Array(mask.data.length);
  for (let i = 0; i < after.length; i++) {
    const [a, b] = [mask.data[i] !== 0, other.data[i] !== 0];
    const on = operation === 'unite' ? a || b : operation === 'intersect' ? a && b : a && !b;
    after[i] = on ? 1 : 0;
  }
  return editBetween(mask, after);
}

/** A mask on another grid by its nearest voxels; outside its box there is nothing. */
export function onGrid(mask: MaskBox, grid: BoxGrid): MaskBox {
  checkBox(mask);
  const out = emptyMaskBox(grid);
  const inverse = invert(mask.affine);
  const [nx, ny, nz] = mask.size;
  for (let k = 0, at = 0; k < grid.size[2]; k++) {
    for (let j = 0; j < grid.size[1]; j++) {
      for (let i = 0; i < grid.size[0]; i++, at++) {
        const v = toPatient(inverse, toPatient(grid.affine, [i, j, k]));
        const [x, y, z] = [Math.round(v[0]), Math.round(v[1]), Math.round(v[2])];
        if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) continue;
        out.data[at] = mask.data[x + nx * (y + ny * z)] === 0 ? 0 : 1;
      }
    }
  }
  return out;
}

/** Keeps the voxels of a structure with low ≤ value ≤ high. */
export function thresholdInside(mask: MaskBox, image: ImageBox, low: number, high: number): Edit {
  checkBox(mask);
  checkBox(image);
  checkSameGrid(mask, image);
  const after = new Uint8Array(mask.data.length);
  for (let i = 0; i < after.length; i++) {
    const v = image.data[i] as number;
    after[i] = mask.data[i] !== 0 && v >= low && v <= high ? 1 : 0;
  }
  return editBetween(mask, after);
}
