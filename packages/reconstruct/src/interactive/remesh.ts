import { voxelMm3 as mm3OfVoxel, voxelsMl } from '@yuepian/geometry';
import type { Mesh } from '../mesh.ts';
import { Pace } from '../pace.ts';
import { simplify } from '../simplify.ts';
import { Arena } from '../surfaces/arena.ts';
import { extractor } from '../surfaces/extract.ts';
import { fitVolumes, toPatientNet } from '../surfaces/fit.ts';
import { NetBuilder, surfaceNet } from '../surfaces/nets.ts';
import { smoothingPlan, smoothNet } from '../surfaces/smooth.ts';
import { boxAroundMask, checkBox, cropMaskBox, type MaskBox, voxelMm3 } from './box.ts';
import { Field } from './field.ts';

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
 * The surface of a mask that is edited, again and again: LPS mm, closed, enclosing the volume of
 * its voxels, closed where the structure touches the box. What an edit did not reach is not looked
 * at again, and memory is used again; the mesh is the same to the last bit as one made from nothing.
 */
export class Remesher {
  readonly #field: Field;
  readonly #arena = new Arena();
  readonly #net = new NetBuilder();

  /**
   * @param triangles the finest grid is taken that gives about as many; nothing is decimated, for
   * collapsing edges takes longer than all the rest. Default 80,000.
   */
  constructor(triangles = 80_000) {
    this.#field = new Field(triangles / 2);
  }

  /**
   * @returns undefined when the mask is empty.
   * @throws YuepianError `job_cancelled`; `invalid_request` when the data does not fit the size.
   */
  async mesh(mask: MaskBox, key: string, signal?: AbortSignal): Promise<Remeshed | undefined> {
    checkBox(mask);
    const pace = new Pace(signal);
    await this.#field.follow(mask, pace);
    const { voxels, on } = this.#field;
    const source = this.#field.slices(mask);
    if (source === undefined) return undefined;
    const arena = this.#arena;
    const net = await surfaceNet(source, pace, this.#net);
    const targets = Float64Array.from([0, voxels * voxelMm3(mask)]);
    const isSmooth = source.hasCoverage && on.layers === 1;
    const plan = smoothingPlan(net, targets, mm3OfVoxel(source.affine), isSmooth);
    await smoothNet(net, plan, pace, 1, arena);
    const patient = toPatientNet(net, arena);
    fitVolumes(net, patient, targets, arena);
    const mesh = extractor(net, patient, arena).extract(key, 1, false);
    return { ...mesh, voxels, volumeMl: voxelsMl(voxels, mask.affine) };
  }
}

/**
 * The surface of a mask, once: as a {@link Remesher} makes it, decimated to a number of triangles.
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
  const triangles = options.triangles ?? 40_000;
  // Averaging to about three times as many costs less than collapsing from full resolution.
  const remesher = new Remesher(triangles * 3);
  const surface = await remesher.mesh(cropMaskBox(mask, box), key, options.signal);
  if (surface === undefined) return undefined;
  const { voxels, volumeMl } = surface;
  return { ...(await simplify(surface, triangles)), voxels, volumeMl };
}
