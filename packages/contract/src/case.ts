import { z } from 'zod';
import { frameOfReferenceUid, markId, userId, volumeId } from './ids.ts';
import { vec3 } from './volume.ts';

/**
 * The case document (Yjs). One per case; the server keeps it and its log.
 *
 * | shared type             | key            | value                                              |
 * |-------------------------|----------------|----------------------------------------------------|
 * | `getMap('meta')`        | `version`      | 1                                                  |
 * | `getMap('marks')`       | mark id        | Y.Map with the fields of `mark`, each plain JSON   |
 * | `getMap('structures')`  | `key`          | Y.Map {visible, opacity, colour}                   |
 * | `getMap('cuts')`        | cut id         | plain JSON, see `cut`                              |
 * | `getMap('view')`        | see `viewState`| plain JSON per key                                 |
 *
 * Numbers that follow from points (length, area, HU) are never stored here.
 */
export const caseDocumentVersion = 1;
export const sharedTypes = {
  meta: 'meta',
  marks: 'marks',
  structures: 'structures',
  cuts: 'cuts',
  view: 'view',
} as const;

export const markKind = z.enum(['length', 'angle', 'probe', 'ellipse']);
export type MarkKind = z.infer<typeof markKind>;

/** Points a kind needs. length: ends; angle: side, vertex, side; probe: place; ellipse: centre and ends of two half axes. */
export const pointsOfKind = { length: 2, angle: 3, probe: 1, ellipse: 3 } as const satisfies Record<
  MarkKind,
  number
>;

export const mark = z
  .object({
    version: z.literal(1),
    id: markId,
    kind: markKind,
    /** The space `points` are in; `frame` marks lie on a single image without one. */
    frameOfReferenceUid: frameOfReferenceUid.optional(),
    /** The volume that HU statistics are read from. */
    volumeId: volumeId.optional(),
    /** A single image (X-ray, ultrasound): points are (column, row, 0) in pixels. */
    frame: z.object({ sopInstanceUid: z.string(), frame: z.number().int().positive() }).optional(),
    /** Plane it was drawn on, LPS mm. */
    plane: z.object({ point: vec3, normal: vec3 }),
    /** LPS mm (pixels when `frame` is set). */
    points: z.array(vec3),
    label: z.string().max(500),
    colour: z.string().regex(/^#[0-9a-f]{6}$/),
    author: z.object({ id: userId, name: z.string() }),
    /** ISO 8601. */
    createdAt: z.string(),
    hidden: z.boolean(),
  })
  .refine((m) => m.points.length === pointsOfKind[m.kind], {
    message: 'wrong number of points for this kind',
  })
  .refine((m) => (m.frameOfReferenceUid === undefined) !== (m.frame === undefined), {
    message: 'a mark lies in patient space or on a frame',
  });
export type Mark = z.infer<typeof mark>;

export const structureLook = z.object({
  visible: z.boolean(),
  opacity: z.number().min(0).max(1),
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
});
export type StructureLook = z.infer<typeof structureLook>;

/** What the room looks like, in patient millimetres so that it means the same on every screen. */
export const viewState = z.object({
  layout: z.enum(['four', 'axial', 'coronal', 'sagittal', 'volume']),
  seriesInstanceUid: z.string(),
  /** Which volume of a series that holds several (echoes, phases). */
  volumeId: z.string(),
  crosshair: vec3,
  window: z.object({ centre: z.number(), width: z.number().positive() }),
  invert: z.boolean(),
  slab: z.object({
    mode: z.enum(['none', 'max', 'min', 'mean']),
    thickness: z.number().nonnegative(),
  }),
  volumePreset: z.string(),
  volumeVisible: z.boolean(),
  modelsVisible: z.boolean(),
  /** Outlines of the models in the slices. */
  outlines: z.boolean(),
});
export type ViewState = z.infer<typeof viewState>;
