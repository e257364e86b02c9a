import { z } from 'zod';
import { errorCodes } from './errors.ts';
import {
  caseId,
  jobId,
  seriesInstanceUid,
  sopInstanceUid,
  structureId,
  studyInstanceUid,
} from './ids.ts';
import { structure, structureSet } from './structure.ts';
import { frameStack, volumeManifest } from './volume.ts';
import { warning } from './warnings.ts';

/** Component groups of a person name (PS3.5 §6.2.1), already decoded. All are hostile input. */
export const personName = z.object({
  alphabetic: z.string(),
  ideographic: z.string(),
  phonetic: z.string(),
});
export type PersonName = z.infer<typeof personName>;

export const patientSummary = z.object({
  id: z.string(),
  name: personName,
  sex: z.string(),
  birthDate: z.string(),
  /** e.g. 058Y, as stored; empty when unknown. */
  age: z.string(),
});
export type PatientSummary = z.infer<typeof patientSummary>;

export const jobState = z.enum(['queued', 'running', 'done', 'failed', 'cancelled']);
export const job = z.object({
  id: jobId,
  /** `model`: a network on a series; `segments`: structures read from an object of the archive. */
  kind: z.enum(['volume', 'segments', 'reconstruction', 'model']),
  /** What a `model` job runs. */
  model: z
    .object({ id: z.string(), title: z.object({ zh: z.string(), en: z.string() }) })
    .optional(),
  studyInstanceUid,
  seriesInstanceUid,
  state: jobState,
  /** 0…1 */
  progress: z.number().min(0).max(1),
  /**
   * What it is doing: read, decode, pyramid, body, bone, lung, surface, store; of a model: load,
   * conform, infer, resample, surface, store; of a finding (finding.ts): split, stones, surface, store.
   */
  step: z.string(),
  remainingSeconds: z.number().nonnegative().optional(),
  error: z
    .object({
      code: z.enum(errorCodes),
      details: z.record(z.string(), z.union([z.string(), z.number()])),
    })
    .optional(),
});
export type Job = z.infer<typeof job>;

export const studySummary = z.object({
  studyInstanceUid,
  patient: patientSummary,
  /** YYYYMMDD and HHMMSS as stored; empty when unknown. */
  date: z.string(),
  time: z.string(),
  description: z.string(),
  accessionNumber: z.string(),
  modalities: z.array(z.string()),
  seriesCount: z.number().int(),
  instanceCount: z.number().int(),
  /** When the last instance arrived, ISO 8601. */
  receivedAt: z.string(),
  demo: z.boolean(),
  /** 256-pixel PNG of the middle, once derived. */
  thumbnailUrl: z.string().optional(),
});
export type StudySummary = z.infer<typeof studySummary>;

export const studyList = z.object({ studies: z.array(studySummary), total: z.number().int() });
export type StudyList = z.infer<typeof studyList>;

/** Why no models can be made of a volume: its modality, too few slices, or slices too far apart. */
export const modelObstacle = z.enum(['modality', 'few_slices', 'thick_slices']);
export type ModelObstacle = z.infer<typeof modelObstacle>;

export const seriesDetail = z.object({
  seriesInstanceUid,
  number: z.number().int().optional(),
  modality: z.string(),
  description: z.string(),
  bodyPart: z.string(),
  instanceCount: z.number().int(),
  /** `preparing` until the settled series is decoded; then `volume`, `frames`, `document` or `undisplayable`. */
  kind: z.enum(['preparing', 'volume', 'frames', 'document', 'undisplayable']),
  volumes: z.array(volumeManifest),
  frames: frameStack.optional(),
  warnings: z.array(warning),
  reconstruction: z.object({
    state: z.enum(['none', 'queued', 'running', 'done', 'failed', 'cancelled']),
    job: job.optional(),
  }),
  /** Whether the server would make models of it. */
  reconstructable: z.boolean(),
  /** Why not, where there is a volume. */
  modelObstacle: modelObstacle.optional(),
  /** Picture of the series; volumes have their own at `/api/volumes/<id>/thumbnail`. */
  thumbnailUrl: z.string().optional(),
  structures: z.array(structure),
  /** All structures by source, the ones above first. */
  structureSets: z.array(structureSet).default([]),
  /** The newest run of a network on this series. */
  modelJob: job.optional(),
  /** Objects of the archive that refer to this series and could not be shown, with the reason. */
  unshown: z
    .array(
      z.object({
        sopInstanceUid: z.string(),
        title: z.string(),
        reason: z.object({ zh: z.string(), en: z.string() }),
      }),
    )
    .default([]),
  /** uint8 label map of the structures on a pyramid level, coded as `gzip`; 404 when there is none. */
  labelMap: z.object({ level: z.number().int(), url: z.string() }).optional(),
});
export type SeriesDetail = z.infer<typeof seriesDetail>;

/** `GET /api/series/{uid}/structures`: what changes most often, without the rest of the study. */
export const structuresOfSeries = seriesDetail.pick({
  structures: true,
  labelMap: true,
  structureSets: true,
});
export type StructuresOfSeries = z.infer<typeof structuresOfSeries>;

export const studyDetail = studySummary.extend({ caseId, series: z.array(seriesDetail) });
export type StudyDetail = z.infer<typeof studyDetail>;

/** One line per file of `POST /api/import`. `zh`/`en` are set when refused or worth a word. */
export const importResult = z.object({
  file: z.string(),
  status: z.enum(['stored', 'exists', 'refused', 'ignored']),
  code: z.enum(errorCodes).optional(),
  zh: z.string().optional(),
  en: z.string().optional(),
  studyInstanceUid: studyInstanceUid.optional(),
  sopInstanceUid: sopInstanceUid.optional(),
});
export type ImportResult = z.infer<typeof importResult>;
export const importResponse = z.object({
  results: z.array(importResult),
  stored: z.number(),
  exists: z.number(),
  refused: z.number(),
  ignored: z.number(),
});
export type ImportResponse = z.infer<typeof importResponse>;

/** Answer of `GET` and `POST /api/demo`: whether the synthetic patients are being made. */
export const demoState = z.object({ state: z.enum(['idle', 'running', 'failed']) });
export type DemoState = z.infer<typeof demoState>;

/** Server-sent events of `GET /api/events`; each is `data: <JSON>`. */
export const serverEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('study'),
    studyInstanceUid,
    change: z.enum(['arrived', 'changed', 'deleted']),
  }),
  z.object({ type: z.literal('job'), job }),
  z.object({ type: z.literal('structures'), studyInstanceUid, seriesInstanceUid }),
  /** Somebody changed, made, hid or confirmed one structure by hand. */
  z.object({
    type: z.literal('edited'),
    studyInstanceUid,
    seriesInstanceUid,
    structureId,
    revision: z.number().int().nonnegative(),
  }),
]);
export type ServerEvent = z.infer<typeof serverEvent>;
