import type { EditTool, ErrorCode, ErrorDetails, MaskEdges } from '@yuepian/contract';
import type { Affine, PatientPoint, Plane, Vec3 } from '@yuepian/geometry';
import type { ImageBox, IndexBox, SegmentHint } from '@yuepian/reconstruct';

/** Voxels of the image and where in the volume they lie. */
export interface PlacedImage {
  readonly box: IndexBox;
  readonly image: ImageBox;
}

/** What a tool is to do; lengths in mm, points in LPS mm. */
export type Act =
  | {
      readonly tool: 'brush' | 'eraser';
      readonly stroke: readonly PatientPoint[];
      readonly radius: number;
      /** A disc on this plane instead of a sphere. */
      readonly plane?: Plane | undefined;
    }
  | {
      readonly tool: 'smart_brush';
      readonly stroke: readonly PatientPoint[];
      readonly radius: number;
      readonly placed: PlacedImage;
    }
  | {
      readonly tool: 'scissors';
      readonly outline: readonly PatientPoint[];
      readonly direction: Vec3;
      readonly remove: 'inside' | 'outside';
    }
  | { readonly tool: 'islands'; readonly at?: PatientPoint; readonly minimumMl?: number }
  | { readonly tool: 'holes' }
  | { readonly tool: 'grow' | 'shrink'; readonly mm: number }
  | { readonly tool: 'interpolate'; readonly axis: 0 | 1 | 2 }
  | {
      readonly tool: 'threshold';
      readonly low: number;
      readonly high: number;
      readonly placed: PlacedImage;
    }
  | {
      readonly tool: 'growcut';
      readonly placed: PlacedImage;
      /** The drawn box within the image, which is larger wherever the volume goes on. */
      readonly drawn: IndexBox;
      readonly inside: readonly PatientPoint[];
      readonly hint: SegmentHint;
    };

export type ToWorker =
  | {
      readonly kind: 'open';
      readonly id: string;
      readonly key: string;
      readonly size: Vec3;
      readonly affine: Affine;
      readonly mask: MaskEdges;
    }
  | { readonly kind: 'act'; readonly id: string; readonly call: number; readonly act: Act }
  /** Voxels that change, as they were recorded: undo, redo, somebody else's change. */
  | { readonly kind: 'apply'; readonly id: string; readonly call: number; readonly diff: MaskEdges }
  | { readonly kind: 'close'; readonly id: string };

export type FromWorker =
  | {
      readonly kind: 'edited';
      readonly id: string;
      readonly call: number;
      readonly tool: EditTool;
      /** Empty when nothing changed. */
      readonly diff: MaskEdges;
    }
  | {
      readonly kind: 'mesh';
      readonly id: string;
      /** Of the last call it shows. */
      readonly call: number;
      readonly positions: Float32Array<ArrayBuffer>;
      readonly normals: Float32Array<ArrayBuffer>;
      readonly indices: Uint32Array<ArrayBuffer>;
      readonly openEdges: number;
    }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly call: number;
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
    };
