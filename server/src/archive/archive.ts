import { type StudyInstanceUid, type StudySummary, YuepianError } from '@yuepian/contract';
import type { ImagePixel, InstanceHeader } from '@yuepian/dicom';
import type { FastifyInstance } from 'fastify';
import { type Actor, consoleLog, type Log } from '../http/index.ts';
import type { AuditEvent } from '../identity/index.ts';
import type { BlobKey, Database, FileBlobStore } from '../storage/index.ts';
import { apiRoutes } from './api.ts';
import { dicomWebRoutes } from './dicomweb/index.ts';
import { ArchiveEvents, ArrivalWatch } from './events.ts';
import { importRoutes } from './import/index.ts';
import { IndexStore } from './index.store.ts';
import { Ingest, type Ingested, type IngestOptions } from './ingest.ts';
import { KeyedLock } from './keyed-lock.ts';
import { type DecodedFrame, DecodePool, readFrameBytes } from './pixels/index.ts';
import { presentFrame } from './present.ts';
import { imageOf, paletteOf, readerOf, readHeader } from './read.ts';
import { RemovalStore } from './removal.store.ts';
import { SearchStore } from './search.store.ts';
import type { ArchivedInstance, ArchivedSeries } from './stored.ts';

export interface ArchiveDeps {
  /** With `archiveMigrations` applied. */
  readonly database: Database;
  readonly blobs: FileBlobStore;
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly log?: Log;
}

/** What the rooms of the archive share. */
export interface ArchiveParts {
  readonly blobs: FileBlobStore;
  readonly index: IndexStore;
  readonly search: SearchStore;
  readonly ingest: Ingest;
  /** Undoes the storing of instances, as if they had not come. */
  readonly takeBack: (sopUids: readonly string[]) => Promise<void>;
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly log: Log;
}

export interface Archive {
  readonly events: Pick<ArchiveEvents, 'on'>;
  /** The only way in; see `Ingest.ingest` for what it throws. */
  ingest(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: IngestOptions,
  ): Promise<Ingested>;
  /** Files an object made here (a segmentation) like any other. */
  file(bytes: Uint8Array): Promise<void>;
  study(uid: string): Promise<StudySummary | undefined>;
  /** Series of a study, in the order of their numbers. */
  series(studyUid: string): Promise<ArchivedSeries[]>;
  oneSeries(seriesUid: string): Promise<ArchivedSeries | undefined>;
  /** Whether more instances of it are expected: `seriesSettled` will follow. */
  isArriving(seriesUid: string): boolean;
  /** All series, in pieces, oldest first. */
  everySeries(): AsyncIterable<ArchivedSeries>;
  /** Instances of a series, in the order of their numbers. */
  instances(seriesUid: string): Promise<ArchivedInstance[]>;
  instance(sopUid: string): Promise<ArchivedInstance | undefined>;
  /** Headers of a series from the index, in the order of arrival; no file is read. */
  headers(seriesUid: string): Promise<InstanceHeader[]>;
  /** A decoded frame, 1-based. @throws not_found, no_pixels, cannot_decode, … */
  frame(sopUid: string, frame: number): Promise<DecodedFrame>;
  /**
   * The same after rescale, or as 8-bit RGB, with the header that says how to read it and the file
   * that it was decoded from.
   */
  valuesOfFrame(
    sopUid: string,
    frame: number,
  ): Promise<ReturnType<typeof presentFrame> & { readonly blob: BlobKey }>;
  /**
   * Deletes files that no instance names: a crash between the two steps of storing, or of deleting,
   * leaves them. Only those written `olderThanMs` ago or earlier (default one day), and none at all
   * when there are more than crashes leave: then the index is not the one of these files (an older
   * copy was put back), and they are all that is left of the images.
   * @returns how many went.
   */
  sweep(options?: { olderThanMs?: number; signal?: AbortSignal }): Promise<number>;
  /** Removes a study with its files, and says so. @throws not_found */
  deleteStudy(uid: string, actor: Actor | null): Promise<void>;
  /** /dicom-web, /api/import, /api/studies (list and delete), /api/instances/…/frames/…. */
  routes(app: FastifyInstance): Promise<void>;
  close(): Promise<void>;
}

const dayMs = 24 * 3600 * 1000;
/** Files on their way in, times a few crashes. */
const mostLeftOver = 200;

/** Studies in and out. */
export function createArchive({ database, blobs, audit, log = consoleLog }: ArchiveDeps): Archive {
  const events = new ArchiveEvents((error) => log.error('a listener of the archive failed', error));
  const arrivals = new ArrivalWatch(events);
  const locks = new KeyedLock();
  const index = new IndexStore(database);
  const search = new SearchStore(database);
  const pool = new DecodePool();
  const ingest = new Ingest({ blobs, index, arrivals, locks, pool });
  const removal = new RemovalStore(database);

  /** Under the lock of the key: the same bytes may be on their way in again. */
  const dropUnused = (key: BlobKey): Promise<boolean> =>
    locks.with([`blob ${key}`], async () => {
      if (await index.blobInUse(key)) return false;
      await blobs.delete(key);
      return true;
    });

  /** What cannot be removed now is left to the sweep. */
  const dropAll = async (keys: readonly BlobKey[]): Promise<void> => {
    let failed = 0;
    let first: unknown;
    for (const key of keys) {
      await dropUnused(key).catch((error: unknown) => {
        if (failed++ === 0) first = error;
      });
    }
    if (failed > 0) log.error(`${failed} files of what was deleted could not be removed`, first);
  };

  const takeBack = async (sopUids: readonly string[]): Promise<void> => {
    const gone = await removal.deleteInstances(sopUids);
    for (const study of gone.studies) arrivals.deleted(study.uid, study.series);
    await dropAll(gone.blobs);
  };
  const parts: ArchiveParts = { blobs, index, search, ingest, takeBack, audit, log };

  const archive: Archive = {
    events,
    ingest: (source, options) => ingest.ingest(source, options),
    file: async (bytes) => {
      await ingest.ingest(bytes);
    },
    study: (uid) => index.study(uid),
    series: (study) => index.series({ study }),
    oneSeries: async (series) => (await index.series({ series }))[0],
    isArriving: (series) => arrivals.isArriving(series),
    everySeries: () => index.everySeries(),
    instances: (series) => index.instances({ series }),
    instance: (uid) => index.instance(uid),
    headers: (series) => index.headers(series),
    frame: async (uid, frame) => (await decode(parts, pool, uid, frame)).frame,
    async valuesOfFrame(uid, frame) {
      const decoded = await decode(parts, pool, uid, frame);
      const shown = presentFrame(decoded.frame, decoded.image, decoded.header.frames[frame - 1]);
      return { ...shown, blob: decoded.blob };
    },
    async sweep({ olderThanMs = dayMs, signal } = {}) {
      const limit = Date.now() - olderThanMs;
      const unnamed: BlobKey[] = [];
      for await (const { key, writtenAt } of blobs.stored()) {
        if (signal?.aborted) return 0;
        if (writtenAt <= limit && !(await index.blobInUse(key))) unnamed.push(key);
      }
      if (unnamed.length > mostLeftOver) {
        log.warn(
          `${unnamed.length} stored files belong to no study; is the database an older copy? None was removed.`,
        );
        return 0;
      }
      let gone = 0;
      for (const key of unnamed) if (await dropUnused(key)) gone++;
      return gone;
    },
    async deleteStudy(uid, actor) {
      const gone = await removal.deleteStudy(uid);
      if (gone === undefined) throw new YuepianError('not_found', { what: uid });
      // It is gone with its rows; a file that cannot be removed must hide that from nobody.
      arrivals.deleted(uid as StudyInstanceUid, gone.series);
      try {
        await audit({
          action: 'delete',
          actor,
          object: { kind: 'study', id: uid },
          details: { series: gone.series.length, instances: gone.instances.length },
        });
      } finally {
        await dropAll(gone.blobs);
      }
    },
    async routes(app) {
      await app.register(async (scope) => apiRoutes(scope, archive, search));
      await app.register(async (scope) => importRoutes(scope, parts));
      await app.register(async (scope) => dicomWebRoutes(scope, parts, pool), {
        prefix: '/dicom-web',
      });
    },
    async close() {
      arrivals.close();
      await pool.close();
    },
  };
  return archive;
}

async function decode(
  { blobs, index }: ArchiveParts,
  pool: DecodePool,
  sopUid: string,
  frame: number,
): Promise<{ frame: DecodedFrame; image: ImagePixel; header: InstanceHeader; blob: BlobKey }> {
  const instance = await index.instance(sopUid);
  const header = instance && (await index.header(sopUid));
  if (instance === undefined || header === undefined) {
    throw new YuepianError('not_found', { what: sopUid });
  }
  if (header.problem !== undefined) {
    throw new YuepianError(header.problem.code, header.problem.details);
  }
  const stored = imageOf(header, instance.transferSyntaxUid, instance.place);
  if (stored === undefined) throw new YuepianError('no_pixels');
  const source = readerOf(blobs, instance);
  const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
  const indexed = stored.image.photometricInterpretation === 'PALETTE COLOR';
  const palette = indexed ? paletteOf(await readHeader(source, instance.place)) : undefined;
  const decoded = await pool.decode({
    image: stored.image,
    transferSyntaxUid: instance.transferSyntaxUid,
    bytes,
    options: { bitOffset, vr, ...(palette === undefined ? {} : { palette }) },
  });
  return { frame: decoded, image: stored.image, header, blob: instance.blob };
}
