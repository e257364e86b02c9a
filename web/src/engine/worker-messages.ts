import type { ErrorCode, ErrorDetails } from '@yuepian/contract';
import type { VoxelType } from '@yuepian/geometry';

/** What the page asks of a decoding worker. Everything large is transferred, never copied. */
export type WorkerRequest =
  | {
      readonly kind: 'slab';
      readonly id: number;
      readonly url: string;
      readonly coding: 'delta-planes+gzip' | 'gzip';
      readonly voxelType: VoxelType;
      readonly rowLength: number;
      /** Voxels the slab must hold. */
      readonly voxels: number;
    }
  | { readonly kind: 'mesh'; readonly id: number; readonly url: string }
  | { readonly kind: 'abort'; readonly id: number };

export interface MeshData {
  /** LPS mm, three per vertex. */
  readonly positions: Float32Array<ArrayBuffer>;
  /** Unit, outwards, three per vertex. */
  readonly normals: Float32Array<ArrayBuffer>;
  readonly indices: Uint32Array<ArrayBuffer>;
}

export type WorkerReply =
  | {
      readonly kind: 'slab';
      readonly id: number;
      readonly buffer: ArrayBuffer;
      readonly byteOffset: number;
      readonly byteLength: number;
    }
  | ({ readonly kind: 'mesh'; readonly id: number } & MeshData)
  | { readonly kind: 'aborted'; readonly id: number }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
    };
