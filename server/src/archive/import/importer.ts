import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type ImportResult, type SopInstanceUid, sentence, YuepianError } from '@yuepian/contract';
import { niftiLabelMap } from '@yuepian/dicom';
import type { Ingest, Ingested } from '../ingest.ts';
import { type NiftiFile, niftiInstances, niftiSegmentation, openNifti } from './nifti.ts';
import { NiftiLabels } from './nifti-labels.ts';
import { kindOf, peek, sniffBytes } from './sniff.ts';
import { ignored, wordFor } from './words.ts';
import { zipItems } from './zip.ts';

/** Instances checked and stored side by side, so that their rows share a commit. */
const atOnce = 8;
/** A zip in a zip is opened, one deeper is not; what lies in the innermost may be gzipped, once. */
const maximumDepth = 2;
/** A zip that is uploaded, and a NIfTI volume, which has to be held whole. */
const maximumZipBytes = 64 * 2 ** 30;
const maximumNiftiBytes = 2 ** 31;

export interface ImporterDeps {
  readonly ingest: Ingest;
  /** Removes instances that were stored, of a file that then failed. */
  readonly takeBack: (sopUids: readonly string[]) => Promise<void>;
  /** Folder for uploaded zips, on the disk of the blobs. */
  readonly tmp: string;
  readonly toError: (error: unknown) => YuepianError;
}

/**
 * Imports the files of one upload. Results come through `onResult` as soon as they are certain;
 * order is not kept.
 */
export class Importer {
  readonly #deps: ImporterDeps;
  readonly #onResult: (result: ImportResult) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #labels = new NiftiLabels();

  constructor(deps: ImporterDeps, onResult: (result: ImportResult) => void) {
    this.#deps = deps;
    this.#onResult = onResult;
  }

  /**
   * Takes one file of any kind: resolves when it is received, see `finish`.
   * @throws connection_cut; everything else becomes a result.
   */
  async add(file: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#any(file, source, 0);
  }

  /** Resolves when everything received is stored or refused. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    for (const { nifti, labels, image } of this.#labels.matched()) {
      const { file } = nifti;
      try {
        if (image === undefined) throw new YuepianError('labels_without_image');
        const bytes = niftiSegmentation(labels, nifti, image);
        this.#onResult(accepted(file, await this.#deps.ingest.ingest(bytes)));
      } catch (error) {
        this.#onResult(refused(file, this.#deps.toError(error)));
      }
    }
  }

  async #any(file: string, source: AsyncIterable<Uint8Array>, depth: number): Promise<void> {
    try {
      const { head, all } = await peek(source, sniffBytes);
      switch (kindOf(head)) {
        case 'zip':
          if (depth < maximumDepth) await this.#zip(file, all, depth);
          else {
            await all.return();
            this.#onResult(ignored(file, 'nested'));
          }
          return;
        case 'gzip':
          // A gzip may unpack to itself (a quine), so it too has an end.
          if (depth <= maximumDepth) {
            await this.#any(file.replace(/\.gz$/i, ''), gunzip(all), depth + 1);
          } else {
            await all.return();
            this.#onResult(ignored(file, 'nested'));
          }
          return;
        case 'nifti':
          await this.#nifti(file, all);
          return;
        default:
          await this.#dicom(file, all);
      }
    } catch (error) {
      const known = this.#deps.toError(error);
      if (known.code === 'connection_cut') throw known;
      this.#onResult(refused(file, known));
    }
  }

  async #dicom(file: string, source: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const staged = await this.#deps.ingest.receive(source);
    await this.#beside(async () => {
      try {
        this.#onResult(accepted(file, await this.#deps.ingest.file(staged)));
      } catch (error) {
        this.#onResult(refused(file, this.#deps.toError(error)));
      }
    });
  }

  /** Runs beside the upload, but not more than a few at once. */
  async #beside(work: () => Promise<void>): Promise<void> {
    const promise = work().finally(() => this.#running.delete(promise));
    this.#running.add(promise);
    if (this.#running.size >= atOnce) await Promise.race(this.#running);
  }

  async #zip(file: string, source: AsyncIterable<Uint8Array>, depth: number): Promise<void> {
    const spooled = path.join(this.#deps.tmp, randomUUID());
    try {
      const bytes = await spool(source, spooled);
      for await (const item of zipItems(spooled, bytes)) {
        const name = `${file}/${item.name}`;
        if ('problem' in item) {
          this.#onResult(refused(name, item.problem));
        } else if (wordFor(name) === 'system') {
          this.#onResult(ignored(name, 'system'));
        } else {
          await this.#item(name, item.open, depth);
        }
      }
    } finally {
      await rm(spooled, { force: true });
    }
  }

  async #item(
    name: string,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    depth: number,
  ): Promise<void> {
    let content: AsyncIterable<Uint8Array>;
    try {
      content = await open();
    } catch (error) {
      this.#onResult(refused(name, this.#deps.toError(error)));
      return;
    }
    await this.#any(name, content, depth + 1);
  }

  /** An image is stored at once; a label map waits for the image that it was drawn on. */
  async #nifti(file: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maximumNiftiBytes) throw new YuepianError('too_large', { limit: '2 GiB' });
      chunks.push(chunk);
    }
    const nifti = openNifti(new Uint8Array(Buffer.concat(chunks)), file);
    const labels = niftiLabelMap(nifti.volume, nifti.title);
    if (labels === undefined) await this.#niftiImage(nifti);
    else if (!this.#labels.wait(nifti, labels))
      throw new YuepianError('too_large', { limit: '1 GiB' });
  }

  /** Every slice becomes an instance, or none does; the file gets one result. */
  async #niftiImage(nifti: NiftiFile): Promise<void> {
    let last: Ingested | undefined;
    const added: string[] = [];
    try {
      for (const instance of niftiInstances(nifti)) {
        last = await this.#deps.ingest.ingest(instance);
        if (last.status === 'stored') added.push(last.sopInstanceUid);
      }
    } catch (error) {
      // Half of the slices would be a volume like any other, cut off where nobody sees it.
      if (added.length > 0) await this.#deps.takeBack(added);
      throw error;
    }
    if (last === undefined) throw new YuepianError('not_a_volume', { reason: 'no slices' });
    this.#labels.image(nifti);
    this.#onResult(
      accepted(nifti.file, { ...last, status: added.length > 0 ? 'stored' : 'exists' }),
    );
  }
}

/** @throws broken_archive, and whatever `source` throws: an upload that is cut is no broken file. */
async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Unlike `pipe`, it hands an error of the source on to the reader instead of the process.
  const plain = pipeline(Readable.from(source), createGunzip(), () => {});
  try {
    yield* plain;
  } catch (error) {
    const isZlib = error instanceof Error && 'code' in error && /^Z_/.test(String(error.code));
    if (!isZlib) throw error;
    throw new YuepianError('broken_archive', { reason: 'gzip' }, { cause: error });
  }
}

async function spool(source: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  const handle = await open(file, 'wx');
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maximumZipBytes) throw new YuepianError('too_large', { limit: '64 GiB' });
      for (let done = 0; done < chunk.length; ) {
        done += (await handle.write(chunk, done)).bytesWritten;
      }
    }
  } finally {
    await handle.close();
  }
  return size;
}

function accepted(file: string, ingested: Ingested): ImportResult {
  return {
    file,
    status: ingested.status,
    studyInstanceUid: ingested.studyInstanceUid,
    sopInstanceUid: ingested.sopInstanceUid as SopInstanceUid,
  };
}

function refused(file: string, error: YuepianError): ImportResult {
  if (error.details.kind === 'DICOMDIR') return ignored(file, 'directory');
  const word = wordFor(file);
  const noImage = ['not_dicom', 'empty_file', 'missing_uid'].includes(error.code);
  if (word !== undefined && noImage) return ignored(file, word);
  return {
    file,
    status: 'refused',
    code: error.code,
    zh: sentence(error.code, 'zh', error.details),
    en: sentence(error.code, 'en', error.details),
  };
}
