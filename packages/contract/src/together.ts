import { z } from 'zod';
import { structureId } from './ids.ts';
import { postEdit, postStructure } from './mask.ts';
import { structure } from './structure.ts';

/** A structure goes out of sight, or comes back. */
const hiding = z.object({
  id: structureId,
  hidden: z.boolean(),
  /** Where it is said and another one by now, the answer is `edit_stale`. */
  baseRevision: z.number().int().nonnegative().optional(),
});

/**
 * Body of `POST /api/volumes/{id}/changes`: several structures of a volume change together, or none of
 * them does. A merge begins one and hides two; a cut begins one and takes its voxels from another.
 */
export const postTogether = z.object({
  begin: postStructure.optional(),
  changes: z
    .array(z.union([postEdit.extend({ id: structureId }), hiding]))
    .min(1)
    .max(16),
});
export type PostTogether = z.input<typeof postTogether>;

/** `changed` in the order that was asked for. */
export const changedTogether = z.object({
  begun: structure.optional(),
  changed: z.array(structure),
});
export type ChangedTogether = z.infer<typeof changedTogether>;
