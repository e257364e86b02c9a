import type { SeriesInstanceUid, StudyInstanceUid, StudySummary } from '@yuepian/contract';
import type { InstanceHeader } from '@yuepian/dicom';
import type { Kysely } from 'kysely';
import { type BlobKey, type Database, tablesOf } from '../storage/index.ts';
import type { Place } from './inspect.ts';
import { nameTokens, normalise, normaliseName } from './matching.ts';
import { recount } from './recount.store.ts';
import type { ArchiveTables, InstanceTable, SeriesTable, StudyTable } from './schema.store.ts';
import type { ArchivedInstance, ArchivedSeries, NewInstance, Written } from './stored.ts';
import { toSummary } from './summary.ts';

/** Ids are looked up in pieces: SQLite bounds the number of parameters. */
const pieceSize = 500;

/** The index of what is archived: writing, and finding by UID. Queries are in search.store.ts. */
export class IndexStore {
  readonly #db: Kysely<ArchiveTables>;

  constructor(database: Database) {
    this.#db = tablesOf<ArchiveTables>(database);
  }

  /** Writes a group of instances in one transaction; durable when it resolves. */
  async write(group: readonly NewInstance[]): Promise<Written[]> {
    return await this.#db.transaction().execute(async (db) => {
      const studies = new Map<string, { id: number; fresh: boolean }>();
      const series = new Map<string, { id: number; studyId: number }>();
      const rows: Omit<InstanceTable, 'id'>[] = [];
      for (const item of group) {
        const { header } = item;
        const study = await once(studies, header.studyInstanceUid, () => writeStudy(db, item));
        const one = await once(series, header.seriesInstanceUid, () =>
          writeSeries(db, study.id, item),
        );
        if (one.studyId === study.id) rows.push(instanceRow(one.id, item));
      }
      const written = await writeInstances(db, rows);
      const arrived = new Set(group.flatMap((i) => (i.own ? [] : [i.header.studyInstanceUid])));
      const counted = [...studies].map(([uid, { id }]) => ({ id, arrived: arrived.has(uid) }));
      await recount(db, counted, [...series.values()]);
      return group.map(({ header }): Written => {
        const study = studies.get(header.studyInstanceUid);
        if (series.get(header.seriesInstanceUid)?.studyId !== study?.id) {
          return { written: false, reason: 'series_elsewhere' };
        }
        // Of two with one UID in a group the first is written.
        if (!written.delete(header.sopInstanceUid)) return { written: false, reason: 'exists' };
        const newStudy = study?.fresh ?? false;
        if (study !== undefined) study.fresh = false;
        return { written: true, newStudy };
      });
    });
  }

  async instance(sopUid: string): Promise<ArchivedInstance | undefined> {
    const row = await this.#instances().where('i.sop_uid', '=', sopUid).executeTakeFirst();
    return row && toInstance(row);
  }

  /** Instances of a study or series, in the order of series and instance number. */
  async instances(where: { study?: string; series?: string }): Promise<ArchivedInstance[]> {
    let query = this.#instances();
    if (where.study !== undefined) query = query.where('st.study_uid', '=', where.study);
    if (where.series !== undefined) query = query.where('se.series_uid', '=', where.series);
    const rows = await query
      .orderBy('se.series_number')
      .orderBy('se.id')
      .orderBy('i.instance_number')
      .orderBy('i.id')
      .execute();
    return rows.map(toInstance);
  }

  async header(sopUid: string): Promise<InstanceHeader | undefined> {
    const row = await this.#db
      .selectFrom('archive_instance')
      .select('header')
      .where('sop_uid', '=', sopUid)
      .executeTakeFirst();
    return row && toHeader(row);
  }

  /** Headers of a series, so that it can be laid out without reading a file. */
  async headers(seriesUid: string): Promise<InstanceHeader[]> {
    const rows = await this.#db
      .selectFrom('archive_instance as i')
      .innerJoin('archive_series as se', 'se.id', 'i.series_id')
      .select('i.header')
      .where('se.series_uid', '=', seriesUid)
      .orderBy('i.id')
      .execute();
    return rows.map(toHeader);
  }

  async study(uid: string): Promise<StudySummary | undefined> {
    const row = await this.#db
      .selectFrom('archive_study')
      .selectAll()
      .where('study_uid', '=', uid)
      .executeTakeFirst();
    return row && toSummary(row);
  }

  async series(where: { study?: string; series?: string }): Promise<ArchivedSeries[]> {
    let query = this.#seriesRows();
    if (where.study !== undefined) query = query.where('st.study_uid', '=', where.study);
    if (where.series !== undefined) query = query.where('se.series_uid', '=', where.series);
    const rows = await query.orderBy('se.series_number').orderBy('se.id').execute();
    return rows.map(toSeries);
  }

  /** All series in pieces, oldest first; those that arrive meanwhile may come too. */
  async *everySeries(): AsyncGenerator<ArchivedSeries> {
    for (let after = 0; ; ) {
      const rows = await this.#seriesRows()
        .where('se.id', '>', after)
        .orderBy('se.id')
        .limit(pieceSize)
        .execute();
      for (const row of rows) yield toSeries(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  async blobInUse(key: BlobKey): Promise<boolean> {
    const row = await this.#db
      .selectFrom('archive_instance')
      .select('id')
      .where('blob_key', '=', key)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  #instances() {
    return this.#db
      .selectFrom('archive_instance as i')
      .innerJoin('archive_series as se', 'se.id', 'i.series_id')
      .innerJoin('archive_study as st', 'st.id', 'se.study_id')
      .select([
        'st.study_uid',
        'se.series_uid',
        'i.sop_uid',
        'i.sop_class_uid',
        'i.transfer_syntax_uid',
        'i.blob_key',
        'i.size',
        'i.place',
      ]);
  }

  #seriesRows() {
    return this.#db
      .selectFrom('archive_series as se')
      .innerJoin('archive_study as st', 'st.id', 'se.study_id')
      .select([
        'st.study_uid',
        'se.id',
        'se.series_uid',
        'se.series_number',
        'se.modality',
        'se.description',
        'se.body_part',
        'se.instance_count',
      ]);
  }
}

async function once<V>(map: Map<string, V>, key: string, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = await make();
  map.set(key, made);
  return made;
}

async function writeStudy(
  db: Kysely<ArchiveTables>,
  item: NewInstance,
): Promise<{ id: number; fresh: boolean }> {
  const { header } = item;
  const known = await db
    .selectFrom('archive_study')
    .select('id')
    .where('study_uid', '=', header.studyInstanceUid)
    .executeTakeFirst();
  if (known !== undefined) return { id: known.id, fresh: false };
  const row = await db
    .insertInto('archive_study')
    .values(studyRow(item))
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id: row.id, fresh: true };
}

function studyRow(item: NewInstance): Omit<StudyTable, 'id' | 'own_series' | 'own_instances'> {
  const { patient, study } = item.header;
  const tokens = nameTokens(patient.name);
  const referring = study.referringPhysician;
  return {
    study_uid: item.header.studyInstanceUid,
    patient_id: patient.id,
    patient_issuer: item.patientIssuer,
    patient_name: JSON.stringify(patient.name),
    name_alphabetic: normaliseName(patient.name.alphabetic),
    name_ideographic: normaliseName(patient.name.ideographic),
    name_phonetic: normaliseName(patient.name.phonetic),
    name_tokens: tokens,
    patient_sex: patient.sex,
    patient_birth_date: patient.birthDate,
    patient_age: patient.age,
    study_date: study.date,
    study_time: study.time,
    accession_number: study.accessionNumber,
    study_number: study.id,
    description: study.description,
    referring_physician: [referring.alphabetic, referring.ideographic, referring.phonetic]
      .map(normaliseName)
      .join('='),
    modalities: '|',
    words: normalise(
      `${tokens} ${patient.id} ${study.accessionNumber} ${study.description} ${study.date}`,
    ),
    series_count: 0,
    instance_count: 0,
    received_at: item.receivedAt,
    demo: item.demo ? 1 : 0,
    attributes: item.attributes('study'),
  };
}

async function writeSeries(
  db: Kysely<ArchiveTables>,
  studyId: number,
  item: NewInstance,
): Promise<{ id: number; studyId: number }> {
  const { header } = item;
  const known = await db
    .selectFrom('archive_series')
    .select(['id', 'study_id as studyId'])
    .where('series_uid', '=', header.seriesInstanceUid)
    .executeTakeFirst();
  if (known !== undefined) return known;
  const { series } = header;
  const values: Omit<SeriesTable, 'id' | 'own'> & { own: number } = {
    study_id: studyId,
    series_uid: header.seriesInstanceUid,
    modality: series.modality,
    series_number: series.number ?? null,
    description: series.description,
    body_part: series.bodyPart,
    series_date: series.date,
    series_time: series.time,
    instance_count: 0,
    own: item.own ? 1 : 0,
    received_at: item.receivedAt,
    attributes: item.attributes('series'),
  };
  const row = await db
    .insertInto('archive_series')
    .values(values)
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id: row.id, studyId };
}

function instanceRow(seriesId: number, item: NewInstance): Omit<InstanceTable, 'id'> {
  const { header } = item;
  return {
    series_id: seriesId,
    sop_uid: header.sopInstanceUid,
    sop_class_uid: header.sopClassUid,
    transfer_syntax_uid: header.transferSyntaxUid,
    instance_number: header.instanceNumber ?? null,
    rows: header.image?.rows ?? null,
    columns: header.image?.columns ?? null,
    frames: header.image?.numberOfFrames ?? 0,
    blob_key: item.blob,
    size: item.size,
    header: JSON.stringify(header),
    place: JSON.stringify(item.place),
    received_at: item.receivedAt,
    attributes: item.attributes('instance'),
  };
}

/** UIDs of those that were not there before. */
async function writeInstances(
  db: Kysely<ArchiveTables>,
  rows: readonly Omit<InstanceTable, 'id'>[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const written = await db
    .insertInto('archive_instance')
    .values([...rows])
    .onConflict((c) => c.column('sop_uid').doNothing())
    .returning('sop_uid')
    .execute();
  return new Set(written.map((row) => row.sop_uid));
}

function toInstance(row: {
  study_uid: string;
  series_uid: string;
  sop_uid: string;
  sop_class_uid: string;
  transfer_syntax_uid: string;
  blob_key: string;
  size: number;
  place: string;
}): ArchivedInstance {
  return {
    studyInstanceUid: row.study_uid,
    seriesInstanceUid: row.series_uid,
    sopInstanceUid: row.sop_uid,
    sopClassUid: row.sop_class_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
    blob: row.blob_key as BlobKey,
    size: row.size,
    place: JSON.parse(row.place) as Place,
  };
}

const toHeader = (row: { header: string }): InstanceHeader =>
  JSON.parse(row.header) as InstanceHeader;

function toSeries(row: {
  study_uid: string;
  series_uid: string;
  series_number: number | null;
  modality: string;
  description: string;
  body_part: string;
  instance_count: number;
}): ArchivedSeries {
  return {
    studyInstanceUid: row.study_uid as StudyInstanceUid,
    seriesInstanceUid: row.series_uid as SeriesInstanceUid,
    ...(row.series_number === null ? {} : { number: row.series_number }),
    modality: row.modality,
    description: row.description,
    bodyPart: row.body_part,
    instanceCount: row.instance_count,
  };
}
