import { type SeriesInstanceUid, type StudyInstanceUid, YuepianError } from '@yuepian/contract';
import type { BlobStore, StagedBlob } from '../storage/index.ts';
import { levelAttributes } from './attributes.ts';
import type { ArrivalWatch } from './events.ts';
import { GroupCommit } from './group-commit.ts';
import type { IndexStore } from './index.store.ts';
import { type Inspected, inspect } from './inspect.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { refuseEarly } from './peek.ts';
import type { DecodePool } from './pixels/index.ts';
import { sameInstance } from './same.ts';
import type { NewInstance, Written } from './stored.ts';

export interface IngestOptions {
  /** Marks the study as one of the synthetic patients that come with the program. */
  readonly demo?: boolean;
  /**
   * Made by this program from what is archived: the study does not count as received anew, and the
   * counts that a person sees leave it out.
   */
  readonly own?: boolean;
  /** STOW to one study: an instance of another one is refused. */
  readonly studyInstanceUid?: string;
}

export interface Ingested {
  /** `exists`: the same image was stored before; the first copy is kept. */
  readonly status: 'stored' | 'exists';
  readonly studyInstanceUid: StudyInstanceUid;
  readonly seriesInstanceUid: SeriesInstanceUid;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
}

/** Why an instance was refused, with what could be read of it; STOW names it in its answer. */
export interface Refusal {
  readonly error: YuepianError;
  readonly sopInstanceUid?: string;
  readonly sopClassUid?: string;
}
const refusals = new WeakMap<YuepianError, { sopInstanceUid: string; sopClassUid: string }>();

/** What is known of the instance that `error` refused. */
export const refusalOf = (error: YuepianError): Refusal => ({ error, ...refusals.get(error) });

/** One instance beyond this is refused; whole-slide and enhanced objects stay below. */
const maximumInstanceBytes = 8 * 2 ** 30;

/**
 * The only way into the archive. An instance is received and hashed, checked, stored and indexed;
 * it counts as stored when its bytes are fsynced and its row is committed, not before.
 */
export class Ingest {
  readonly #blobs: BlobStore;
  readonly #index: IndexStore;
  readonly #arrivals: ArrivalWatch;
  readonly #commit: GroupCommit<NewInstance, Written>;
  readonly #locks: KeyedLock;
  readonly #pool: DecodePool;

  constructor(o: {
    blobs: BlobStore;
    index: IndexStore;
    arrivals: ArrivalWatch;
    locks: KeyedLock;
    pool: DecodePool;
  }) {
    this.#blobs = o.blobs;
    this.#index = o.index;
    this.#arrivals = o.arrivals;
    this.#locks = o.locks;
    this.#pool = o.pool;
    this.#commit = new GroupCommit((items) => o.index.write(items));
  }

  /**
   * Receives, checks and stores one instance.
   *
   * @throws empty_file, not_dicom, truncated, damaged_dicom, missing_uid, invalid_uid,
   *   pixel_data_short, instance_conflict, series_conflict, too_large, storage_full; and whatever
   *   `source` throws. Nothing is stored then.
   */
  async ingest(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options: IngestOptions = {},
  ): Promise<Ingested> {
    const staged = await this.receive(source);
    return await this.file(staged, options);
  }

  /** First half: the bytes are here and hashed. Pass the result to `file`, or discard it. */
  async receive(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<StagedBlob> {
    return await this.#blobs.stage(refuseEarly(source), { maxBytes: maximumInstanceBytes });
  }

  /** Second half: check, store, index. Discards `staged` in any case. */
  async file(staged: StagedBlob, options: IngestOptions = {}): Promise<Ingested> {
    let inspected: Inspected | undefined;
    try {
      inspected = await inspect(staged);
      const { header } = inspected;
      if (
        options.studyInstanceUid !== undefined &&
        options.studyInstanceUid !== header.studyInstanceUid
      ) {
        throw new YuepianError('invalid_request', {
          reason: `the instance belongs to study ${header.studyInstanceUid}`,
        });
      }
      const known = inspected;
      using _ = this.#arrivals.filing(header.seriesInstanceUid);
      // Blobs are deleted under the lock of their key; instances are compared under that of their UID.
      return await this.#locks.with([`blob ${staged.key}`, `sop ${header.sopInstanceUid}`], () =>
        this.#store(staged, known, options),
      );
    } catch (error) {
      if (inspected !== undefined && error instanceof YuepianError) {
        const { sopInstanceUid, sopClassUid } = inspected.header;
        refusals.set(error, { sopInstanceUid, sopClassUid });
      }
      throw error;
    } finally {
      await staged.discard();
    }
  }

  async #store(
    staged: StagedBlob,
    inspected: Inspected,
    options: IngestOptions,
  ): Promise<Ingested> {
    const { header, place, dataset } = inspected;
    const there = await this.#index.instance(header.sopInstanceUid);
    if (there !== undefined) {
      if (
        there.blob !== staged.key &&
        !(await sameInstance(this.#blobs, there, staged, inspected, this.#pool))
      ) {
        throw new YuepianError('instance_conflict');
      }
      return {
        status: 'exists',
        studyInstanceUid: there.studyInstanceUid as StudyInstanceUid,
        seriesInstanceUid: there.seriesInstanceUid as SeriesInstanceUid,
        sopInstanceUid: there.sopInstanceUid,
        sopClassUid: there.sopClassUid,
        transferSyntaxUid: there.transferSyntaxUid,
      };
    }
    await staged.commit();
    const written = await this.#commit.push({
      header,
      place,
      blob: staged.key,
      size: staged.size,
      receivedAt: new Date().toISOString(),
      demo: options.demo ?? false,
      own: options.own ?? false,
      patientIssuer: dataset.string('IssuerOfPatientID'),
      attributes: levelAttributes(dataset),
    });
    if (!written.written) {
      await this.#dropUnused(staged);
      throw written.reason === 'exists'
        ? new YuepianError('instance_conflict')
        : new YuepianError('series_conflict', { uid: header.seriesInstanceUid });
    }
    const studyInstanceUid = header.studyInstanceUid as StudyInstanceUid;
    const seriesInstanceUid = header.seriesInstanceUid as SeriesInstanceUid;
    this.#arrivals.stored(studyInstanceUid, seriesInstanceUid, written.newStudy);
    return {
      status: 'stored',
      studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid: header.sopInstanceUid,
      sopClassUid: header.sopClassUid,
      transferSyntaxUid: header.transferSyntaxUid,
    };
  }

  async #dropUnused(staged: StagedBlob): Promise<void> {
    if (!(await this.#index.blobInUse(staged.key))) await this.#blobs.delete(staged.key);
  }
}
