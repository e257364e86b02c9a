import { type Generated, type Selectable, sql } from 'kysely';
import type { Migration } from '../storage/index.ts';

/** Attributes the index answers with are kept as DICOM JSON; columns beside them are searched. */
export interface ArchiveTables {
  archive_study: StudyTable;
  archive_series: SeriesTable;
  archive_instance: InstanceTable;
}

export interface StudyTable {
  id: Generated<number>;
  study_uid: string;
  patient_id: string;
  patient_issuer: string;
  /** PersonName as JSON, as stored. */
  patient_name: string;
  /** The three groups, normalised; see matching.ts. */
  name_alphabetic: string;
  name_ideographic: string;
  name_phonetic: string;
  name_tokens: string;
  patient_sex: string;
  patient_birth_date: string;
  patient_age: string;
  study_date: string;
  study_time: string;
  accession_number: string;
  study_number: string;
  description: string;
  /** Normalised referring physician, groups joined by `=`. */
  referring_physician: string;
  /** `|CT|PT|`, so that one modality is found by LIKE. */
  modalities: string;
  /** Normalised text that a word typed by a person is looked for in. */
  words: string;
  series_count: number;
  instance_count: number;
  /** Of these, made by this program from the others: not counted where a person looks. */
  own_series: Generated<number>;
  own_instances: Generated<number>;
  received_at: string;
  demo: number;
  attributes: string;
}

/** A study as it is read. */
export type StudyRow = Selectable<StudyTable>;

export interface SeriesTable {
  id: Generated<number>;
  study_id: number;
  series_uid: string;
  modality: string;
  series_number: number | null;
  description: string;
  body_part: string;
  series_date: string;
  series_time: string;
  instance_count: number;
  /** 1 when this program made it. */
  own: Generated<number>;
  received_at: string;
  attributes: string;
}

export interface InstanceTable {
  id: Generated<number>;
  series_id: number;
  sop_uid: string;
  sop_class_uid: string;
  transfer_syntax_uid: string;
  instance_number: number | null;
  rows: number | null;
  columns: number | null;
  frames: number;
  blob_key: string;
  size: number;
  /** InstanceHeader of @yuepian/dicom as JSON. */
  header: string;
  /** Where the data set and its pixels lie in the blob, as JSON; see stored.ts. */
  place: string;
  received_at: string;
  attributes: string;
}

export const archiveMigrations: readonly Migration[] = [
  {
    name: 'archive/001-index',
    async up(db) {
      const text = 'text' as const;
      await db.schema
        .createTable('archive_study')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('study_uid', text, (c) => c.notNull().unique())
        .addColumn('patient_id', text, (c) => c.notNull())
        .addColumn('patient_issuer', text, (c) => c.notNull())
        .addColumn('patient_name', text, (c) => c.notNull())
        .addColumn('name_alphabetic', text, (c) => c.notNull())
        .addColumn('name_ideographic', text, (c) => c.notNull())
        .addColumn('name_phonetic', text, (c) => c.notNull())
        .addColumn('name_tokens', text, (c) => c.notNull())
        .addColumn('patient_sex', text, (c) => c.notNull())
        .addColumn('patient_birth_date', text, (c) => c.notNull())
        .addColumn('patient_age', text, (c) => c.notNull())
        .addColumn('study_date', text, (c) => c.notNull())
        .addColumn('study_time', text, (c) => c.notNull())
        .addColumn('accession_number', text, (c) => c.notNull())
        .addColumn('study_number', text, (c) => c.notNull())
        .addColumn('description', text, (c) => c.notNull())
        .addColumn('referring_physician', text, (c) => c.notNull())
        .addColumn('modalities', text, (c) => c.notNull())
        .addColumn('words', text, (c) => c.notNull())
        .addColumn('series_count', 'integer', (c) => c.notNull())
        .addColumn('instance_count', 'integer', (c) => c.notNull())
        .addColumn('received_at', text, (c) => c.notNull())
        .addColumn('demo', 'integer', (c) => c.notNull())
        .addColumn('attributes', text, (c) => c.notNull())
        .execute();
      await db.schema
        .createTable('archive_series')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('study_id', 'integer', (c) =>
          c.notNull().references('archive_study.id').onDelete('cascade'),
        )
        .addColumn('series_uid', text, (c) => c.notNull().unique())
        .addColumn('modality', text, (c) => c.notNull())
        .addColumn('series_number', 'integer')
        .addColumn('description', text, (c) => c.notNull())
        .addColumn('body_part', text, (c) => c.notNull())
        .addColumn('series_date', text, (c) => c.notNull())
        .addColumn('series_time', text, (c) => c.notNull())
        .addColumn('instance_count', 'integer', (c) => c.notNull())
        .addColumn('received_at', text, (c) => c.notNull())
        .addColumn('attributes', text, (c) => c.notNull())
        .execute();
      await db.schema
        .createTable('archive_instance')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('series_id', 'integer', (c) =>
          c.notNull().references('archive_series.id').onDelete('cascade'),
        )
        .addColumn('sop_uid', text, (c) => c.notNull().unique())
        .addColumn('sop_class_uid', text, (c) => c.notNull())
        .addColumn('transfer_syntax_uid', text, (c) => c.notNull())
        .addColumn('instance_number', 'integer')
        .addColumn('rows', 'integer')
        .addColumn('columns', 'integer')
        .addColumn('frames', 'integer', (c) => c.notNull())
        .addColumn('blob_key', text, (c) => c.notNull())
        .addColumn('size', 'integer', (c) => c.notNull())
        .addColumn('header', text, (c) => c.notNull())
        .addColumn('place', text, (c) => c.notNull())
        .addColumn('received_at', text, (c) => c.notNull())
        .addColumn('attributes', text, (c) => c.notNull())
        .execute();
      const indexes: readonly [string, string, string[]][] = [
        ['archive_study_by_date', 'archive_study', ['study_date', 'study_time', 'id']],
        ['archive_study_by_arrival', 'archive_study', ['received_at']],
        ['archive_series_of_study', 'archive_series', ['study_id']],
        ['archive_instance_of_series', 'archive_instance', ['series_id']],
        ['archive_instance_by_blob', 'archive_instance', ['blob_key']],
      ];
      for (const [name, table, columns] of indexes) {
        await db.schema.createIndex(name).on(table).columns(columns).execute();
      }
      // Identifiers are compared without regard to case.
      for (const column of ['patient_id', 'accession_number']) {
        await sql`CREATE INDEX ${sql.raw(`archive_study_by_${column}`)}
          ON archive_study (${sql.ref(column)} COLLATE NOCASE)`.execute(db);
      }
    },
  },
  {
    name: 'archive/002-own-series',
    async up(db) {
      const add = (table: string, column: string) =>
        db.schema
          .alterTable(table)
          .addColumn(column, 'integer', (c) => c.notNull().defaultTo(0))
          .execute();
      await add('archive_series', 'own');
      await add('archive_study', 'own_series');
      await add('archive_study', 'own_instances');
      await sql`UPDATE archive_series SET own = 1 WHERE modality = 'SEG'
        AND description = 'Yuepian reconstruction (unverified)'`.execute(db);
      await sql`UPDATE archive_study SET
        own_series = (SELECT count(*) FROM archive_series
          WHERE study_id = archive_study.id AND own = 1),
        own_instances = (SELECT coalesce(sum(instance_count), 0) FROM archive_series
          WHERE study_id = archive_study.id AND own = 1)`.execute(db);
    },
  },
];
