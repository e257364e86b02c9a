import type { ErrorCode, ErrorDetails, MaskEdges } from '@yuepian/contract';
import type { Affine, PatientPoint, Vec3 } from '@yuepian/geometry';
import type { CutGeometry, ProbabilityBox } from '@yuepian/reconstruct';
import type { MeshData } from '../../engine/index.ts';

export interface NamedMesh extends MeshData {
  readonly key: string;
}
export interface PlacedMask {
  readonly size: Vec3;
  readonly affine: Affine;
  readonly edges: MaskEdges;
}

/** What the planning worker works out; lengths mm, volumes mL, points LPS mm. */
export type PlanTask =
  | {
      readonly kind: 'neighbours';
      readonly lesion: NamedMesh;
      readonly others: readonly NamedMesh[];
      readonly within: number | undefined;
    }
  | {
      readonly kind: 'cut';
      readonly key: string;
      readonly mask: PlacedMask;
      readonly cut: CutGeometry;
    }
  /** The voxels in front of a cut. */
  | { readonly kind: 'side'; readonly mask: PlacedMask; readonly cut: CutGeometry }
  /** The voxels nearer to the second of two places, parted where it is thinnest. */
  | {
      readonly kind: 'part';
      readonly mask: PlacedMask;
      readonly seeds: readonly [PatientPoint, PatientPoint];
    }
  /** A surface in bands by how sure a network is of it there. */
  | { readonly kind: 'bands'; readonly mesh: MeshData; readonly box: ProbabilityBox }
  | {
      readonly kind: 'margin';
      readonly key: string;
      readonly mask: PlacedMask;
      readonly mm: number;
    };

export interface Line {
  readonly key: string;
  readonly distance: number;
  readonly from: PatientPoint;
  readonly to: PatientPoint;
}

export type PlanResult =
  | { readonly kind: 'neighbours'; readonly rows: readonly Line[] }
  | {
      readonly kind: 'cut';
      readonly front: MeshData | undefined;
      readonly back: MeshData | undefined;
      /** From voxels. */
      readonly frontMl: number;
      readonly backMl: number;
    }
  /** From unsure to sure; undefined where no triangle is in a band. */
  | { readonly kind: 'bands'; readonly meshes: readonly (MeshData | undefined)[] }
  | { readonly kind: 'voxels'; readonly edges: MaskEdges }
  | { readonly kind: 'margin'; readonly mesh: MeshData | undefined; readonly volumeMl: number };

export interface ToPlanWorker {
  readonly call: number;
  readonly task: PlanTask;
}
export type FromPlanWorker =
  | { readonly call: number; readonly result: PlanResult }
  | { readonly call: number; readonly code: ErrorCode; readonly details: ErrorDetails };
