import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { errorTable, type ImportResponse, toErrorBody } from '@yuepian/contract';
import { type DicomElements, element, uidFrom, writeInstance } from '@yuepian/dicom';
import fastify from 'fastify';
import { silentLog, toYuepianError } from '../http/index.ts';
import type { AuditEvent } from '../identity/index.ts';
import { FileBlobStore, migrate, openDatabase } from '../storage/index.ts';
import { type Archive, type ArchiveEventMap, archiveMigrations, createArchive } from './index.ts';

/** Real images for tests; they are not part of the project. */
const dataFolder =
  process.env.YUEPIAN_TEST_DATA ?? path.resolve(import.meta.dirname, '../../../../shared/data');
export const hasTestData = existsSync(path.join(dataFolder, 'transfer_syntaxes'));
export const testData = async (file: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(path.join(dataFolder, file)));
export const testDataPath = (file: string): string => path.join(dataFolder, file);

/** An archive with its routes on a free port, without sign-in. */
export interface TestArchive extends AsyncDisposable {
  readonly archive: Archive;
  readonly url: string;
  readonly folder: string;
  readonly blobs: FileBlobStore;
  readonly audited: AuditEvent[];
  /** The next event that fits; asked for before what causes it. */
  next<K extends keyof ArchiveEventMap>(
    name: K,
    fits?: (event: ArchiveEventMap[K]) => boolean,
  ): Promise<ArchiveEventMap[K]>;
}

export async function startArchive(folder?: string): Promise<TestArchive> {
  const own = folder ?? (await mkdtemp(path.join(tmpdir(), 'yuepian-archive-')));
  const database = openDatabase(path.join(own, 'yuepian.sqlite'));
  await migrate(database, archiveMigrations);
  const blobs = await FileBlobStore.open(own);
  const audited: AuditEvent[] = [];
  const audit = async (event: AuditEvent) => void audited.push(event);
  const archive = createArchive({ database, blobs, audit, log: silentLog });
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    const known = toYuepianError(error, silentLog);
    return reply.code(errorTable[known.code].http).send(toErrorBody(known));
  });
  await app.register(archive.routes);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    archive,
    url,
    folder: own,
    blobs,
    audited,
    next: (name, fits = () => true) =>
      new Promise((resolve) => {
        const stop = archive.events.on(name, (event) => {
          if (!fits(event)) return;
          stop();
          resolve(event);
        });
      }),
    async [Symbol.asyncDispose]() {
      await app.close();
      await archive.close();
      await database.destroy();
      await blobs.close();
      if (folder === undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

export interface SliceOptions {
  readonly study?: string;
  readonly series?: string;
  readonly sop?: string;
  readonly seed?: number;
  readonly size?: number;
  readonly elements?: DicomElements;
  readonly transferSyntaxUid?: string;
  readonly deflateRaw?: (bytes: Uint8Array) => Uint8Array;
}

/** Samples of `slice`, so that a test can compare with the truth. */
export function samplesOf(o: SliceOptions = {}): Int16Array {
  const size = o.size ?? 16;
  return Int16Array.from(
    { length: size * size },
    (_, i) => ((i * 37 + (o.seed ?? 0) * 101) % 3000) - 1000,
  );
}

export const uids = (o: SliceOptions = {}) => ({
  study: uidFrom(`study ${o.study ?? 'A'}`),
  series: uidFrom(`series ${o.series ?? o.study ?? 'A'}`),
  sop: uidFrom(`sop ${o.sop ?? '1'}`),
});

/** A small CT slice as a Part 10 file. */
export function slice(o: SliceOptions = {}): Uint8Array {
  const size = o.size ?? 16;
  const { study, series, sop } = uids(o);
  const samples = samplesOf(o);
  return writeInstance(
    {
      '00080008': element('CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
      '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.2'),
      '00080018': element('UI', sop),
      '00080020': element('DA', '20240131'),
      '00080030': element('TM', '101500'),
      '00080050': element('SH', 'ACC-1'),
      '00080060': element('CS', 'CT'),
      '00081030': element('LO', '腹部增强 CT'),
      '0008103E': element('LO', 'Portal venous'),
      '00100010': element('PN', { Alphabetic: 'Wang^XiaoMing', Ideographic: '王^小明' }),
      '00100020': element('LO', 'P-0001'),
      '00100030': element('DA', '19660512'),
      '00100040': element('CS', 'M'),
      '0020000D': element('UI', study),
      '0020000E': element('UI', series),
      '00200011': element('IS', 3),
      '00200013': element('IS', o.seed ?? 1),
      '00200032': element('DS', -100, -100, o.seed ?? 0),
      '00200037': element('DS', 1, 0, 0, 0, 1, 0),
      '00200052': element('UI', uidFrom('frame of reference')),
      '00280002': element('US', 1),
      '00280004': element('CS', 'MONOCHROME2'),
      '00280010': element('US', size),
      '00280011': element('US', size),
      '00280030': element('DS', 0.7, 0.7),
      '00280100': element('US', 16),
      '00280101': element('US', 16),
      '00280102': element('US', 15),
      '00280103': element('US', 1),
      '00281052': element('DS', -1024),
      '00281053': element('DS', 1),
      '7FE00010': { vr: 'OW', bytes: new Uint8Array(samples.buffer) },
      ...o.elements,
    },
    {
      ...(o.transferSyntaxUid === undefined ? {} : { transferSyntaxUid: o.transferSyntaxUid }),
      ...(o.deflateRaw === undefined ? {} : { deflateRaw: o.deflateRaw }),
    },
  );
}

/** A slice without one element of the usual ones. */
export function sliceWithout(tag: string, o: SliceOptions = {}): Uint8Array {
  return slice({ ...o, elements: { ...o.elements, [tag]: { vr: 'UI' } } });
}

export const related = 'multipart/related; type="application/dicom"; boundary=BB';

/** Body of a STOW request. */
export function stowBody(instances: readonly Uint8Array[]): Buffer {
  const parts = instances.flatMap((bytes) => [
    Buffer.from('\r\n--BB\r\nContent-Type: application/dicom\r\n\r\n'),
    bytes,
  ]);
  return Buffer.concat([...parts, Buffer.from('\r\n--BB--\r\n')]);
}

export const stow = (url: string, instances: readonly Uint8Array[]): Promise<Response> =>
  fetch(`${url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': related },
    body: new Uint8Array(stowBody(instances)),
  });

/** Uploads files as a browser does. */
export async function upload(
  url: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<ImportResponse> {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(files)) {
    form.append('files', new Blob([new Uint8Array(bytes)]), name);
  }
  const response = await fetch(`${url}/api/import`, { method: 'POST', body: form });
  return (await response.json()) as ImportResponse;
}

/** A zip of uncompressed entries (APPNOTE.TXT 4.3), names as given, even unsafe ones. */
export function zip(
  entries: readonly (readonly [name: string | Buffer, bytes: Uint8Array])[],
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const raw = Buffer.from(name as Buffer);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt32LE(crc32(bytes), 14);
    local.writeUInt32LE(bytes.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(raw.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(20, 4);
    central.writeUInt16LE(20, 6);
    local.copy(central, 16, 14, 30);
    central.writeUInt32LE(offset, 42);
    parts.push(local, raw, Buffer.from(bytes));
    directory.push(central, raw);
    offset += 30 + raw.length + bytes.length;
  }
  const size = directory.reduce((sum, b) => sum + b.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
