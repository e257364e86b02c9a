import { YuepianError } from '@yuepian/contract';
import { invert, type Millilitre, toPatient, voxelsMl } from '@yuepian/geometry';
import { type BoxGrid, voxelCount, voxelMm3 } from './interactive/box.ts';
import type { Mesh } from './mesh.ts';

/** Probabilities of one class: 0…1 as floats, or 0…255 as bytes. */
export interface ProbabilityBox extends BoxGrid {
  readonly data: Float32Array | Uint8Array;
}

/** How large a structure is by a network's own probabilities. */
export interface VolumeRange {
  /** Voxels of p > 0.75. */
  readonly low: Millilitre;
  /** Voxels of p > 0.5. */
  readonly middle: Millilitre;
  /** Voxels of p > 0.25. */
  readonly high: Millilitre;
}

/**
 * The range of a structure's volume between the voxels that the network is sure of (p > 0.75) and
 * those it does not exclude (p > 0.25). It is the network's opinion, not a confidence interval:
 * softmax outputs of segmentation networks are often too sure (Guo et al., ICML 2017; Mehrtash et
 * al., IEEE Trans. Medical Imaging 39(12), 2020). It does show where the border is soft.
 * @throws YuepianError `invalid_request`.
 */
export function volumeRange(box: ProbabilityBox): VolumeRange {
  if (box.data.length !== voxelCount(box.size))
    throw new YuepianError('invalid_request', { reason: 'the voxels do not fit the size' });
  const one = box.data instanceof Uint8Array ? 255 : 1;
  let [low, middle, high] = [0, 0, 0];
  for (let i = 0; i < box.data.length; i++) {
    const p = (box.data[i] as number) / one;
    if (p > 0.75) low++;
    if (p > 0.5) middle++;
    if (p > 0.25) high++;
  }
  const ml = (n: number): Millilitre => voxelsMl(n, box.affine);
  return { low: ml(low), middle: ml(middle), high: ml(high) };
}

/**
 * How sure the border is, per vertex of a surface, 0…1: how steeply the probability of the structure
 * falls there. The gradient's length in 1/mm over the spacing gives the width of the band between
 * p = 0.75 and 0.25; a band of one voxel or less is 1, of `wideMm` or more is 0.
 * @param wideMm width in mm at which the border counts as unknown.
 */
export function vertexCertainty(mesh: Mesh, box: ProbabilityBox, wideMm = 10): Float32Array {
  const one = box.data instanceof Uint8Array ? 255 : 1;
  const inverse = invert(box.affine);
  const out = new Float32Array(mesh.positions.length / 3);
  const voxel = Math.cbrt(voxelMm3(box));
  for (let v = 0; v < out.length; v++) {
    const at = (n: number, along: number): number => {
      const [x, y, z] = [0, 1, 2].map(
        (a) => (mesh.positions[n * 3 + a] as number) + along * (mesh.normals[n * 3 + a] as number),
      ) as [number, number, number];
      return sample(box, toPatient(inverse, [x, y, z])) / one;
    };
    // Across two voxels: inward high, outward low.
    const fall = (at(v, -voxel) - at(v, voxel)) / (2 * voxel);
    const width = fall > 0 ? 0.5 / fall : Number.POSITIVE_INFINITY;
    out[v] = 1 - Math.min(1, Math.max(0, (width - voxel) / Math.max(1e-6, wideMm - voxel)));
  }
  return out;
}

/** Trilinear; the edge value continues outside. */
function sample(box: ProbabilityBox, v: readonly [number, number, number]): number {
  const [nx, ny] = box.size;
  const low = [0, 0, 0];
  const high = [0, 0, 0];
  const part = [0, 0, 0];
  for (let a = 0; a < 3; a++) {
    const x = Math.min((box.size[a] as number) - 1, Math.max(0, v[a] as number));
    low[a] = Math.floor(x);
    high[a] = Math.min((box.size[a] as number) - 1, (low[a] as number) + 1);
    part[a] = x - (low[a] as number);
  }
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    const at = [0, 1, 2].map((a) => {
      const upper = ((corner >> a) & 1) === 1;
      weight *= upper ? (part[a] as number) : 1 - (part[a] as number);
      return (upper ? high[a] : low[a]) as number;
    }) as [number, number, number];
    if (weight > 0) sum += weight * (box.data[at[0] + nx * (at[1] + ny * at[2])] as number);
  }
  return sum;
}
