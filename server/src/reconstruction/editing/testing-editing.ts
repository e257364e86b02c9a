import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  encodeMask,
  type ServerEvent,
  type Structure,
  userId,
  type VolumeManifest,
  volumeManifest,
  YuepianError,
} from '@yuepian/contract';
import type { Actor } from '../../http/index.ts';
import type { AuditEvent } from '../../identity/index.ts';
import { type Database, migrate, openDatabase } from '../../storage/index.ts';
import { DerivedFolder, volumeIdOf } from '../derived.ts';
import type { ArchivePort } from '../ports.ts';
import { SeriesStore, seriesMigrations } from '../series.store.ts';
import { editingMigrations } from './editing.store.ts';
import { Editing, type EditingParts } from './editing.ts';
import { EditedModels } from './models.ts';

export const study = '1.2.3';
const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
const size: [number, number, number] = [16, 16, 16];

export const actor: Actor = {
  user: {
    id: userId.parse('u1'),
    name: 'wang',
    displayName: '王医生',
    role: 'doctor',
    colour: '#4fa3d1',
  },
  via: 'session',
  address: '',
};

/** Voxels `from` … `to`-1 of the volume as they travel. */
export const run = (from: number, to: number): string =>
  gzipSync(encodeMask(Uint32Array.of(from, to))).toString('base64');

export interface TestEditing extends AsyncDisposable {
  readonly editing: Editing;
  readonly models: EditedModels;
  readonly derived: DerivedFolder;
  readonly database: Database;
  readonly manifest: VolumeManifest;
  readonly events: ServerEvent[];
  readonly audited: AuditEvent[];
  readonly log: string[];
  /** Revisions that models were made of. */
  readonly made: number[];
  /** What reconstruction found, by id; its voxels are in the derived folder. */
  readonly found: Map<string, { structure: Structure; digest: string }>;
  readonly audit: { fails: boolean };
  /** The same data with nothing in memory, as after a start. */
  again(): { editing: Editing };
  /** A structure that somebody began, at revision 1. */
  begin(): Promise<Structure>;
}

/** Edits on a real database and folder, without images and without a reconstruction. */
export async function openEditing(): Promise<TestEditing> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'editing-'));
  const database = openDatabase(path.join(dataFolder, 'test.sqlite'));
  await migrate(database, [...seriesMigrations, ...editingMigrations]);
  const derived = new DerivedFolder(dataFolder);
  const id = volumeIdOf('1.2.3.1', '', 0);
  const manifest = volumeManifest.parse({
    version: 1,
    id,
    seriesInstanceUid: '1.2.3.1',
    frameOfReferenceUid: '1.2.3.2',
    modality: 'CT',
    label: '',
    voxelType: 'int16',
    unit: 'HU',
    valueRange: [0, 1],
    size,
    affine,
    warnings: [],
    windows: [],
    levels: [
      {
        level: 0,
        factor: [1, 1, 1],
        size,
        affine,
        slabSlices: 16,
        slabBytes: [1],
        coding: 'delta-planes+zstd',
      },
    ],
    resampled: false,
    source: [],
  });
  await mkdir(derived.folder(id), { recursive: true });
  await writeFile(path.join(derived.folder(id), 'manifest.json'), JSON.stringify(manifest));
  const events: ServerEvent[] = [];
  const audited: AuditEvent[] = [];
  const log: string[] = [];
  const made: number[] = [];
  const note = (text: string, cause?: unknown): void => void log.push(`${text} ${String(cause)}`);
  const found: TestEditing['found'] = new Map();
  const audit = { fails: false };
  const models = new EditedModels({
    derived,
    log: { info: note, warn: note, error: note },
    made: ({ revision }) => made.push(revision),
  });
  const archive: Pick<ArchivePort, 'oneSeries'> = {
    oneSeries: async () =>
      ({ seriesInstanceUid: '1.2.3.1', studyInstanceUid: study }) as Awaited<
        ReturnType<ArchivePort['oneSeries']>
      >,
  };
  const parts: EditingParts = {
    deps: {
      database,
      archive: archive as ArchivePort,
      audit: async (event) => {
        if (audit.fails) throw new Error('no audit');
        audited.push(event);
      },
      publish: (event) => events.push(event),
      log: { info: note, warn: note, error: note },
    },
    derived,
    series: new SeriesStore(database),
    models,
    derivedStructure: async (wanted) => {
      const one = found.get(wanted);
      if (!one) throw new YuepianError('not_found', { what: 'structure' });
      return one;
    },
  };
  const editing = new Editing(parts);
  return {
    editing,
    models,
    derived,
    database,
    manifest,
    events,
    audited,
    log,
    made,
    found,
    audit,
    again: () => ({ editing: new Editing(parts) }),
    begin: () => editing.create(id, { key: 'bone', source: 'drawn', mask: run(0, 100) }, actor),
    async [Symbol.asyncDispose]() {
      await models.stop();
      await database.destroy();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
