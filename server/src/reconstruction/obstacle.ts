import type { ModelObstacle, VolumeManifest } from '@yuepian/contract';
import { spacing } from '@yuepian/geometry';

/** Fewer or thicker slices make no model worth looking at. */
const minimumSlices = 12;
/** Millimetres between voxels. */
const maximumSpacing = 10.5;

/** Why models of this volume make no sense; undefined for CT or MR with slices enough and thin enough. */
export function modelObstacleOf(manifest: VolumeManifest): ModelObstacle | undefined {
  if (manifest.modality !== 'CT' && manifest.modality !== 'MR') return 'modality';
  if (Math.min(...manifest.size) < minimumSlices) return 'few_slices';
  if (Math.max(...spacing(manifest.affine)) > maximumSpacing) return 'thick_slices';
  return undefined;
}
