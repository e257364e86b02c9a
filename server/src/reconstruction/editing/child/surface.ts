import { boxOfMask, cropOfMask, type MaskEdges } from '@yuepian/contract';
import {
  type Affine,
  affineFromSteps,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import { type SegmentSurface, surfaces } from '@yuepian/reconstruct';

/** The surface of one structure; undefined when it has no voxel. @param on the volume's grid. */
export async function surfaceOf(
  mask: MaskEdges,
  on: {
    readonly key: string;
    readonly size: Vec3;
    readonly affine: Affine;
    readonly frameOfReferenceUid: string;
  },
): Promise<SegmentSurface | undefined> {
  const box = boxOfMask(mask, on.size);
  if (!box) return undefined;
  const { affine: m } = on;
  const [surface] = await surfaces({
    size: box.size,
    affine: affineFromSteps(stepI(m), stepJ(m), stepK(m), toPatient(m, box.first)),
    frameOfReferenceUid: on.frameOfReferenceUid,
    data: cropOfMask(mask, on.size, box),
    segments: [{ key: on.key, labels: [1] }],
  });
  return surface;
}
