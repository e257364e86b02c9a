import type { ErrorCode, ErrorDetails, SlabCoding } from '@yuepian/contract';
import type { VoxelType } from '@yuepian/geometry';

/** What the page asks of a decoding worker. Everything large is transferred, never copied. */
export type WorkerRequest =
  | {
      readonly kind: 'slab';
      readonly id: number;
      readonly url: string;
      readonly coding: SlabCoding;
      readonly voxelType: VoxelType;
      readonly rowLength: number;
      /** Voxels the slab must hold. */
      readonly voxels: number;
      /** Full resolution: most of the bytes. */
      readonly full?: boolean;
      /** Where to put them, if it is large enough; it comes back with the answer. */
      readonly room?: ArrayBuffer | undefined;
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
      /** The voxels begin at the buffer's start; it may be longer. */
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
