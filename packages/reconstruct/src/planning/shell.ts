import {
  affineFromSteps,
  type Mm,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import { squaredDistances } from '../grid/distance.ts';
import {
  type BoxGrid,
  boxAroundMask,
  checkBox,
  checkPositive,
  type MaskBox,
  voxelCount,
} from '../interactive/box.ts';
import { type Remeshed, type RemeshOptions, remesh } from '../interactive/remesh.ts';

/**
 * Everything within `mm` of a structure (between voxel centres, exact Euclidean distance), on a box
 * of its own that is as large as that needs: the margin is never cut off by the caller's box.
 */
export function marginMask(mask: MaskBox, mm: Mm): MaskBox {
  checkBox(mask);
  checkPositive(mm, 'margin');
  const step = spacing(mask.affine);
  const box = boxAroundMask(mask);
  const pad = step.map((s) => Math.ceil(mm / s) + 1) as unknown as Vec3;
  const grid = paddedGrid(mask, box ?? { first: [0, 0, 0], size: [1, 1, 1] }, pad);
  const data = new Uint8Array(voxelCount(grid.size));
  if (box !== undefined) {
    for (let z = 0; z < box.size[2]; z++)
      for (let y = 0; y < box.size[1]; y++) {
        const from =
          box.first[0] + mask.size[0] * (box.first[1] + y + mask.size[1] * (box.first[2] + z));
        const to = pad[0] + grid.size[0] * (y + pad[1] + grid.size[1] * (z + pad[2]));
        data.set(mask.data.subarray(from, from + box.size[0]), to);
      }
    const d = squaredDistances(data, grid.size, step, 1);
    const limit = mm * mm * (1 + 1e-6);
    for (let i = 0; i < d.length; i++) data[i] = (d[i] as number) <= limit ? 1 : 0;
  }
  return { ...grid, data };
}

function paddedGrid(
  mask: MaskBox,
  box: { readonly first: Vec3; readonly size: Vec3 },
  pad: Vec3,
): BoxGrid {
  const first = box.first.map((f, a) => f - (pad[a] as number)) as unknown as Vec3;
  return {
    size: box.size.map((n, a) => n + 2 * (pad[a] as number)) as unknown as Vec3,
    affine: affineFromSteps(
      stepI(mask.affine),
      stepJ(mask.affine),
      stepK(mask.affine),
      toPatient(mask.affine, first),
    ),
  };
}

/**
 * The safety margin of N mm around a lesion as a closed surface, to be drawn as a shell.
 * @returns undefined when the mask is empty.
 */
export const marginShell = (
  mask: MaskBox,
  mm: Mm,
  key: string,
  options: RemeshOptions = {},
): Promise<Remeshed | undefined> => remesh(marginMask(mask, mm), key, options);
