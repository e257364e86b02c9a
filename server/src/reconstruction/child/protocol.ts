import {
  errorCodes,
  frameStack,
  seriesInstanceUid,
  structureId,
  studyInstanceUid,
  vec3,
  volumeId,
  warning,
} from '@yuepian/contract';
import { z } from 'zod';

/**
 * What the server and its child process say to each other (Node IPC, JSON). Both sides check what
 * they read: a child of another version, left over from an upgrade, is refused and not believed.
 */

/** How a series is shown; kept in the index so that a study opens without reading its files. */
export const seriesLayoutRecord = z.object({
  version: z.literal(1),
  kind: z.enum(['volume', 'frames', 'document', 'undisplayable']),
  /** In reading order. */
  volumes: z.array(volumeId),
  /** The volume that structures are made of: the one with most voxels. */
  mainVolume: volumeId.optional(),
  /** True when models of it make sense: CT or MR, slices enough and thin enough. */
  reconstructable: z.boolean(),
  frames: frameStack.optional(),
  warnings: z.array(warning),
  /** Folder in derived/ that holds `thumbnail.png`, and how well it stands for its study. */
  thumbnail: z.object({ folder: z.string(), rank: z.number() }).optional(),
});
export type SeriesLayoutRecord = z.infer<typeof seriesLayoutRecord>;

export const childTask = z.object({
  dataFolder: z.string(),
  /** Scratch folder of this run, removed by the parent. */
  scratch: z.string(),
  studyInstanceUid,
  seriesInstanceUid,
  /** Names the set of instances; part of each revision. */
  fingerprint: z.string(),
  instances: z.array(z.object({ sopInstanceUid: z.string(), blob: z.string() })),
  /**
   * `volume` derives the pyramids; `structures` and `model` start from the pyramid of `mainVolume`;
   * `segments` reads objects of other makers.
   */
  start: z.enum(['volume', 'structures', 'model', 'segments']),
  /** Of `model`: the installed model to run on `mainVolume`. */
  modelId: z.string().optional(),
  mainVolume: volumeId.optional(),
  /** Of `model`: what is made from one structure instead of by a network. */
  finding: z
    .object({
      finding: z.enum(['bones', 'stones']),
      of: structureId,
      key: z.string(),
      name: z.object({ zh: z.string(), en: z.string() }),
      /** Names its voxels, see `structure.content`. */
      content: z.string(),
      /** Its voxels, gzip of encodeMask, and the size of the volume they lie in. */
      maskFile: z.string(),
      size: vec3,
    })
    .optional(),
  /** Bytes this process may use for voxels; the smaller of this and what the system has free. */
  memoryBytes: z.number().positive().optional(),
});
export type ChildTask = z.infer<typeof childTask>;

export const toChild = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), task: childTask }),
  /** Answer to `laid-out`: go on with the structures, or end here. */
  z.object({ type: z.literal('go-on'), structures: z.boolean() }),
  /** Answer to `segmentation`: it is stored, or it could not be. */
  z.object({ type: z.literal('stored'), ok: z.boolean() }),
  /** Answer to `target`: the volumes of the series it was drawn on. */
  z.object({ type: z.literal('volumes'), volumes: z.array(volumeId) }),
]);
export type ToChild = z.infer<typeof toChild>;

export const fromChild = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), step: z.string(), fraction: z.number() }),
  /** All volumes of the series are in their places. */
  z.object({ type: z.literal('laid-out'), layout: seriesLayoutRecord }),
  /** `structures.json` of this volume has changed. */
  z.object({ type: z.literal('structures'), volumeId }),
  /** A DICOM SEG to be archived, as a file in the scratch folder. */
  z.object({ type: z.literal('segmentation'), file: z.string(), sopInstanceUid: z.string() }),
  /** An object refers to these series, or, without one, to whatever shares its frame of reference. */
  z.object({
    type: z.literal('target'),
    seriesInstanceUids: z.array(z.string()),
    frameOfReferenceUid: z.string(),
  }),
  /** What became of an object of another maker. */
  z.object({
    type: z.literal('foreign'),
    sopInstanceUid: z.string(),
    targetSeriesUid: z.string(),
    state: z.enum(['waiting', 'shown', 'refused']),
    title: z.string(),
    error: z
      .object({
        code: z.enum(errorCodes),
        details: z.record(z.string(), z.union([z.string(), z.number()])),
      })
      .optional(),
  }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('failed'),
    code: z.enum(errorCodes),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
    /** For the log, never for a client. */
    stack: z.string().optional(),
  }),
]);
export type FromChild = z.infer<typeof fromChild>;
