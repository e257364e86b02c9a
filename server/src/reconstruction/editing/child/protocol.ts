import { affine, errorCodes, vec3 } from '@yuepian/contract';
import { z } from 'zod';

/** Why a process could not do its task. */
export const childFailure = z.object({
  failed: z.literal(true),
  code: z.enum(errorCodes),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ChildFailure = z.infer<typeof childFailure>;

/** What the process that makes models of edited structures is told, and what it answers. */
export const modelTask = z.object({
  /** encodeMask, unpacked. */
  maskFile: z.string(),
  key: z.string(),
  size: vec3,
  affine,
  frameOfReferenceUid: z.string(),
  look: z.object({ colour: z.string(), opacity: z.number() }),
  source: z.string(),
  /** Where it may write. */
  scratch: z.string(),
});
export type ModelTask = z.infer<typeof modelTask>;

export const modelResult = z.object({
  openEdges: z.number(),
  /** Coarse first; none for a structure without voxels. */
  levels: z.array(z.object({ file: z.string(), triangles: z.number(), bytes: z.number() })),
});
export type ModelResult = z.infer<typeof modelResult>;
