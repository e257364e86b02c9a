import type { SeriesInstanceUid, StudyInstanceUid } from '@yuepian/contract';
import type { InstanceHeader } from '@yuepian/dicom';
import type { BlobKey } from '../storage/index.ts';
import type { Level } from './attributes.ts';
import type { Place } from './inspect.ts';

/** A series as the archive knows it, before anything is derived of it. */
export interface ArchivedSeries {
  readonly studyInstanceUid: StudyInstanceUid;
  readonly seriesInstanceUid: SeriesInstanceUid;
  readonly number?: number;
  readonly modality: string;
  readonly description: string;
  readonly bodyPart: string;
  readonly instanceCount: number;
}

/** An instance and where its bytes are. Plain JSON, for another process too. */
export interface ArchivedInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly blob: BlobKey;
  readonly size: number;
  readonly place: Place;
}

/** What is written to the index for one new instance. */
export interface NewInstance {
  readonly header: InstanceHeader;
  readonly place: Place;
  readonly blob: BlobKey;
  readonly size: number;
  readonly receivedAt: string;
  readonly demo: boolean;
  /** See `IngestOptions.own`. */
  readonly own: boolean;
  readonly patientIssuer: string;
  /** DICOM JSON of the attributes of a level, for answers to queries. */
  readonly attributes: (level: Level) => string;
}

export type Written =
  | { readonly written: true; readonly newStudy: boolean }
  /** Someone else has this SOP Instance UID, or the series belongs to another study. */
  | { readonly written: false; readonly reason: 'exists' | 'series_elsewhere' };
