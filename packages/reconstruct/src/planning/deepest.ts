import { type PatientPoint, spacing, toPatient } from '@yuepian/geometry';
import { squaredDistances } from '../grid/distance.ts';
import { checkBox, type MaskBox } from '../interactive/box.ts';

/**
 * The voxel centre of a mask that lies deepest in it: where a label or the camera points at, and
 * always inside, unlike a centroid. undefined when the mask is empty.
 */
export function deepestPoint(mask: MaskBox): PatientPoint | undefined {
  checkBox(mask);
  const depth = squaredDistances(mask.data, mask.size, spacing(mask.affine), 0);
  const [nx, ny] = mask.size;
  let best = -1;
  for (let i = 0; i < depth.length; i++)
    if (mask.data[i] !== 0 && (best < 0 || (depth[i] as number) > (depth[best] as number)))
      best = i;
  if (best < 0) return undefined;
  return toPatient(mask.affine, [
    best % nx,
    Math.floor(best / nx) % ny,
    Math.floor(best / (nx * ny)),
  ]);
}
