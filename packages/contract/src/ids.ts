import { z } from 'zod';

/** A DICOM unique identifier: at most 64 characters of digits and dots (PS3.5 §9.1). */
export const uidPattern = /^[0-9]+(\.[0-9]+)*$/;
const uid = z.string().min(1).max(64).regex(uidPattern);

export const studyInstanceUid = uid.brand<'StudyInstanceUid'>();
export const seriesInstanceUid = uid.brand<'SeriesInstanceUid'>();
export const sopInstanceUid = uid.brand<'SopInstanceUid'>();
export const frameOfReferenceUid = uid.brand<'FrameOfReferenceUid'>();
export type StudyInstanceUid = z.infer<typeof studyInstanceUid>;
export type SeriesInstanceUid = z.infer<typeof seriesInstanceUid>;
export type SopInstanceUid = z.infer<typeof sopInstanceUid>;
export type FrameOfReferenceUid = z.infer<typeof frameOfReferenceUid>;

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const volumeId = id.brand<'VolumeId'>();
/** A volume, for some a set of structures, and a key: longer than the others. */
export const structureId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/)
  .brand<'StructureId'>();
export const jobId = id.brand<'JobId'>();
export const caseId = id.brand<'CaseId'>();
export const markId = id.brand<'MarkId'>();
export const userId = id.brand<'UserId'>();
export type VolumeId = z.infer<typeof volumeId>;
export type StructureId = z.infer<typeof structureId>;
export type JobId = z.infer<typeof jobId>;
export type CaseId = z.infer<typeof caseId>;
export type MarkId = z.infer<typeof markId>;
export type UserId = z.infer<typeof userId>;
