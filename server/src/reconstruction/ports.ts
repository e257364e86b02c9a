import type {
  CaseId,
  SeriesInstanceUid,
  ServerEvent,
  StudyInstanceUid,
  StudySummary,
  VolumeManifest,
} from '@yuepian/contract';

/** A series as the archive knows it, before anything is derived. */
export interface ArchivedSeries {
  readonly studyInstanceUid: StudyInstanceUid;
  readonly seriesInstanceUid: SeriesInstanceUid;
  readonly number?: number;
  readonly modality: string;
  readonly description: string;
  readonly bodyPart: string;
  readonly instanceCount: number;
}

export interface ArchivedInstance {
  readonly sopInstanceUid: string;
  /** SHA-256 of the file: its name in the blob store. */
  readonly blob: string;
}

/** What this room needs of the archive. */
export interface ArchivePort {
  study(uid: string): Promise<StudySummary | undefined>;
  series(studyUid: string): Promise<ArchivedSeries[]>;
  oneSeries(seriesUid: string): Promise<ArchivedSeries | undefined>;
  instances(seriesUid: string): Promise<ArchivedInstance[]>;
  /** All series, in pieces: at start each is compared with what was derived of it. */
  everySeries(): AsyncIterable<ArchivedSeries>;
  /** Files a DICOM object through the ordinary ingest. @throws YuepianError when refused. */
  file(bytes: Uint8Array): Promise<void>;
}

/** Who did something to patient data; `actor` is opaque to this room. */
export interface AuditPort {
  record(event: {
    action: 'verify' | 'unverify' | 'export';
    userId: string;
    userName: string;
    studyInstanceUid: string;
    detail: string;
  }): Promise<void> | void;
}

export interface ReconstructionDeps {
  readonly archive: ArchivePort;
  readonly audit: AuditPort;
  readonly publish: (event: ServerEvent) => void;
  /** The case of a study, made when there is none yet. */
  readonly caseOf: (studyUid: StudyInstanceUid) => Promise<CaseId>;
  readonly log: { info(text: string): void; error(text: string, error?: unknown): void };
}

export type { VolumeManifest };
