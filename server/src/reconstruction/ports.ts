import type { CaseId, ServerEvent, StudyInstanceUid } from '@yuepian/contract';
import type { Archive } from '../archive/index.ts';
import type { Log } from '../http/index.ts';
import type { AuditEvent } from '../identity/index.ts';
import type { Database } from '../storage/index.ts';

/** What this room needs of the archive. */
export type ArchivePort = Pick<
  Archive,
  | 'study'
  | 'series'
  | 'oneSeries'
  | 'isArriving'
  | 'instances'
  | 'headers'
  | 'everySeries'
  | 'ingest'
>;

export interface ReconstructionDeps {
  readonly database: Database;
  /** Holds `derived/`, `blobs/` and `tmp/`. */
  readonly dataFolder: string;
  readonly archive: ArchivePort;
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly publish: (event: ServerEvent) => void;
  /** The case of a study, made when there is none yet. */
  readonly caseOfStudy: (studyUid: StudyInstanceUid) => Promise<CaseId>;
  readonly log?: Log;
  /** Jobs at once; each may fill the memory with a volume. Default 1. */
  readonly concurrency?: number;
  /** Voxel memory a job may use; without it, what the system has free. */
  readonly memoryBytes?: number;
  /** Time between two looks for room while the disk is full. Default 15 s. */
  readonly lookForRoomMs?: number;
  /** The hospital lets this server fetch models from the internet. Default false. */
  readonly allowInternet?: boolean;
  /** Told the process id of each run. */
  readonly childStarted?: (pid: number) => void;
}
