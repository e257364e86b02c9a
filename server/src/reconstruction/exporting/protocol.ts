import { affine, vec3 } from '@yuepian/contract';
import { z } from 'zod';

export const exportFormats = ['stl', 'obj', 'ply', '3mf', 'glb', 'seg'] as const;
export const exportFormat = z.enum(exportFormats);
export type ExportFormat = z.infer<typeof exportFormat>;

/** What the process that writes export files is told. */
export const exportTask = z.object({
  /** `check` only looks whether the surfaces could be printed. */
  format: z.enum([...exportFormats, 'check']),
  size: vec3,
  affine,
  frameOfReferenceUid: z.string(),
  items: z
    .array(
      z.object({
        key: z.string(),
        name: z.string(),
        colour: z.string(),
        opacity: z.number(),
        /** The finest model, where it shows what there is now. */
        glb: z.string().optional(),
        /** gzip of encodeMask, where there is no such model, or for a segmentation. */
        mask: z.string().optional(),
      }),
    )
    .min(1),
  source: z.string(),
  /** Where the result is written. */
  out: z.string(),
  /** For a segmentation: an image of the series, and where each slice comes from. */
  series: z
    .object({
      dataFolder: z.string(),
      blob: z.string(),
      slices: z.array(z.object({ sopInstanceUid: z.string(), frame: z.number() })),
      content: z.string(),
      isEdited: z.boolean(),
    })
    .optional(),
});
export type ExportTask = z.infer<typeof exportTask>;

export const exportResult = z.object({
  bytes: z.number(),
  /** Why a surface cannot be printed; codes of the warning table. */
  warnings: z.array(
    z.object({
      code: z.string(),
      details: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  ),
});
export type ExportResult = z.infer<typeof exportResult>;
