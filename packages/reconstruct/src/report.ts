import type { SegmentSurface } from './surfaces/surfaces.ts';

/** One structure of report.json. */
export interface StructureReport {
  readonly key: string;
  /** Counted in the full label map. */
  readonly voxels: number;
  /** From the voxels. */
  readonly volumeMl: number;
  /** Of the finest mesh kept. */
  readonly triangles: number;
  readonly openEdges: number;
  /** Segmentation and surface, from the start of the run to this structure being there. */
  readonly seconds: number;
}

/** report.json: the same for the classical run and for a network's. */
export interface ReconstructionReport {
  readonly version: 1;
  /** e.g. `classical 1`. */
  readonly source: string;
  readonly structures: readonly StructureReport[];
}

export function report(
  source: string,
  structures: readonly {
    readonly surface: SegmentSurface;
    /** The finest level kept. */
    readonly finest: { readonly indices: Uint32Array; readonly openEdges: number };
    readonly seconds: number;
  }[],
): ReconstructionReport {
  return {
    version: 1,
    source,
    structures: structures.map(({ surface, finest, seconds }) => ({
      key: surface.key,
      voxels: surface.voxels,
      volumeMl: surface.volumeMl,
      triangles: finest.indices.length / 3,
      openEdges: finest.openEdges,
      seconds,
    })),
  };
}
