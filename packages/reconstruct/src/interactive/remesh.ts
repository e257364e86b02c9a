import type { Mesh } from '../mesh.ts';
import { simplify } from '../simplify.ts';
import { type SegmentSurface, surfaces } from '../surfaces/surfaces.ts';
import { boxAroundMask, checkBox, cropMaskBox, type MaskBox } from './box.ts';

export interface RemeshOptions {
  /** Triangles of the result, about; default 40,000. */
  readonly triangles?: number;
  readonly signal?: AbortSignal;
}

/** The new surface of an edited structure. */
export interface Remeshed extends Mesh {
  readonly voxels: number;
  /** From the voxels of the mask, not from the mesh. */
  readonly volumeMl: number;
}

/**
 * The surface of a mask, LPS mm, closed, enclosing the volume of its voxels: surface nets in the box
 * of the structure alone, smoothed, decimated. Where the structure touches the box it is closed there.
 * @returns undefined when the mask is empty.
 * @throws YuepianError `job_cancelled`.
 */
export async function remesh(
  mask: MaskBox,
  key: string,
  options: RemeshOptions = {},
): Promise<Remeshed | undefined> {
  checkBox(mask);
  const box = boxAroundMask(mask);
  if (box === undefined) return undefined;
  const part = cropMaskBox(mask, box);
  const triangles = options.triangles ?? 40_000;
  const [surface] = await surfaces(
    { ...part, frameOfReferenceUid: '', segments: [{ key, labels: [1] }] },
    {
      // Averaging to about three times as many costs less than collapsing from full resolution.
      maxTriangles: triangles * 3,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  );
  if (surface === undefined) return undefined;
  const mesh = await simplify(surface, triangles);
  return { ...mesh, ...measured(surface) };
}

const measured = (s: SegmentSurface): { voxels: number; volumeMl: number } => ({
  voxels: s.voxels,
  volumeMl: s.volumeMl,
});
