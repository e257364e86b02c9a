import { z } from 'zod';
import { userId } from './ids.ts';
import { vec3 } from './volume.ts';

export const cutId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .brand<'CutId'>();
export type CutId = z.infer<typeof cutId>;

/**
 * A planned cut of a structure. It is a mark of the case document, not a change of the archive: the
 * parts are computed from it whenever they are shown.
 */
export const cut = z
  .object({
    version: z.literal(1),
    id: cutId,
    /** Key of the structure that is cut. */
    structureKey: z.string().min(1),
    /**
     * `plane`: one point on the plane. `curve`: a freehand curve of two points at least, extruded
     * along `direction`.
     */
    kind: z.enum(['plane', 'curve']),
    /** LPS mm. */
    points: z.array(vec3).min(1).max(2000),
    /** LPS. `plane`: its normal; `curve`: the line of sight it was drawn along. No need for unit length. */
    direction: vec3,
    /** Safety margin around the lesion that is drawn with the cut, in mm; 0 for none. */
    marginMm: z.number().min(0).max(100),
    author: z.object({ id: userId, name: z.string() }),
    /** ISO 8601. */
    createdAt: z.string(),
  })
  .refine((c) => (c.kind === 'plane' ? c.points.length === 1 : c.points.length >= 2), {
    message: 'a plane has one point, a curve two or more',
  })
  .refine((c) => Math.hypot(...c.direction) > 1e-6, { message: 'the direction has no length' });
export type Cut = z.infer<typeof cut>;
