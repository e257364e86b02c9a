import type { StudySummary } from '@yuepian/contract';
import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import { type Database, tablesOf } from '../storage/index.ts';
import type { Level } from './attributes.ts';
import {
  containsPattern,
  hasWildcard,
  likePattern,
  normalise,
  normaliseName,
  type Range,
} from './matching.ts';
import type { ArchiveTables } from './schema.store.ts';
import { toSummary } from './summary.ts';

/** One condition of a query, already understood; see dicomweb/query.ts for where it comes from. */
export type Condition =
  | { readonly kind: 'uids'; readonly field: UidField; readonly uids: readonly string[] }
  | { readonly kind: 'text'; readonly field: TextField; readonly value: string }
  | { readonly kind: 'number'; readonly field: NumberField; readonly value: number }
  | { readonly kind: 'range'; readonly field: RangeField; readonly range: Range }
  | { readonly kind: 'name'; readonly field: NameField; readonly value: string }
  | { readonly kind: 'fuzzyName'; readonly words: readonly string[] }
  | { readonly kind: 'modalitiesInStudy'; readonly values: readonly string[] };

export type UidField = 'st.study_uid' | 'se.series_uid' | 'i.sop_uid' | 'i.sop_class_uid';
export type TextField =
  | 'st.patient_id'
  | 'st.patient_issuer'
  | 'st.patient_sex'
  | 'st.accession_number'
  | 'st.study_number'
  | 'st.description'
  | 'se.modality'
  | 'se.description'
  | 'se.body_part';
export type NumberField =
  | 'se.series_number'
  | 'i.instance_number'
  | 'i.rows'
  | 'i.columns'
  | 'i.frames';
export type RangeField =
  | 'st.study_date'
  | 'st.study_time'
  | 'st.patient_birth_date'
  | 'se.series_date'
  | 'se.series_time';
export type NameField = 'patient' | 'referring';

export interface Found {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopUid: string;
  readonly modalities: readonly string[];
  readonly studySeries: number;
  readonly studyInstances: number;
  readonly seriesInstances: number;
  /** DICOM JSON texts; `{}` for levels below the one asked for. */
  readonly attributes: Record<Level, string>;
}

export type StudySort = 'date' | 'received' | 'name' | 'patientId';
export interface ListQuery {
  /** Words that must all be found somewhere in name, id, accession number, description, date. */
  readonly words: readonly string[];
  readonly modality?: string;
  readonly sort: StudySort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

interface Joined {
  st: ArchiveTables['archive_study'];
  se: ArchiveTables['archive_series'];
  i: ArchiveTables['archive_instance'];
}
type Builder = ExpressionBuilder<Joined, 'st' | 'se' | 'i'>;

/** Questions to the index. */
export class SearchStore {
  readonly #db: Kysely<ArchiveTables>;

  constructor(database: Database) {
    this.#db = tablesOf<ArchiveTables>(database);
  }

  /** Matches of a QIDO-RS query, newest study first, then in the order of their numbers. */
  async find(
    level: Level,
    conditions: readonly Condition[],
    page: { offset: number; limit: number },
  ): Promise<Found[]> {
    // One shape of rows for the three levels; tables that a level does not need are not joined.
    const db = this.#db as unknown as Kysely<Joined & ArchiveTables>;
    const where = (eb: Builder) => eb.and(conditions.map((c) => expression(eb, c)));
    const study = [
      'st.study_uid',
      'st.modalities',
      'st.series_count',
      'st.instance_count as study_instances',
      'st.attributes as study_attributes',
    ] as const;
    const series = [
      'se.series_uid',
      'se.instance_count as series_instances',
      'se.attributes as series_attributes',
    ] as const;
    if (level === 'study') {
      const rows = await db
        .selectFrom('archive_study as st')
        .select(study)
        .where((eb) => where(eb as unknown as Builder))
        .orderBy('st.study_date', 'desc')
        .orderBy('st.study_time', 'desc')
        .orderBy('st.id', 'desc')
        .limit(page.limit)
        .offset(page.offset)
        .execute();
      return rows.map((row) => toFound(row));
    }
    const joined = db
      .selectFrom('archive_study as st')
      .innerJoin('archive_series as se', 'se.study_id', 'st.id');
    if (level === 'series') {
      const rows = await joined
        .select([...study, ...series])
        .where((eb) => where(eb as unknown as Builder))
        .orderBy('st.study_date', 'desc')
        .orderBy('st.id', 'desc')
        .orderBy('se.series_number')
        .orderBy('se.id')
        .limit(page.limit)
        .offset(page.offset)
        .execute();
      return rows.map((row) => toFound(row));
    }
    const rows = await joined
      .innerJoin('archive_instance as i', 'i.series_id', 'se.id')
      .select([...study, ...series, 'i.sop_uid', 'i.attributes as instance_attributes'])
      .where((eb) => where(eb as unknown as Builder))
      .orderBy('st.study_date', 'desc')
      .orderBy('st.id', 'desc')
      .orderBy('se.series_number')
      .orderBy('se.id')
      .orderBy('i.instance_number')
      .orderBy('i.id')
      .limit(page.limit)
      .offset(page.offset)
      .execute();
    return rows.map((row) => toFound(row));
  }

  /** A page of the study list and how many there are in all. */
  async list(query: ListQuery): Promise<{ studies: StudySummary[]; total: number }> {
    const filtered = this.#db.selectFrom('archive_study as st').where((eb) =>
      eb.and([
        ...query.words.map((word) => {
          const pattern = containsPattern(normalise(word));
          return sql<SqlBool>`(st.words LIKE ${pattern} ESCAPE '\\'
            OR lower(st.modalities) LIKE ${pattern} ESCAPE '\\')`;
        }),
        ...(query.modality === undefined
          ? []
          : [
              sql<SqlBool>`st.modalities LIKE ${containsPattern(`|${query.modality}|`)} ESCAPE '\\'`,
            ]),
      ]),
    );
    const direction = query.descending ? 'desc' : 'asc';
    const columns = {
      date: ['st.study_date', 'st.study_time'],
      received: ['st.received_at'],
      name: ['st.name_alphabetic', 'st.name_ideographic'],
      patientId: ['st.patient_id'],
    } as const;
    let page = filtered.selectAll('st');
    for (const column of columns[query.sort]) page = page.orderBy(column, direction);
    const [rows, { total }] = await Promise.all([
      page.orderBy('st.id', direction).limit(query.limit).offset(query.offset).execute(),
      filtered.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    return { studies: rows.map(toSummary), total };
  }
}

function expression(eb: Builder, c: Condition): Expression<SqlBool> {
  switch (c.kind) {
    case 'uids':
      return eb(c.field, 'in', [...c.uids]);
    case 'text':
      return hasWildcard(c.value)
        ? sql<SqlBool>`${sql.ref(c.field)} LIKE ${likePattern(c.value)} ESCAPE '\\'`
        : sql<SqlBool>`${sql.ref(c.field)} = ${c.value} COLLATE NOCASE`;
    case 'number':
      return eb(c.field, '=', c.value);
    case 'range':
      return range(c.field, c.range);
    case 'name':
      return name(c.field, c.value);
    case 'fuzzyName':
      return eb.and(
        c.words.map((word) => {
          const pattern = `% ${likePattern(word)}%`;
          return sql<SqlBool>`st.name_tokens LIKE ${pattern} ESCAPE '\\'`;
        }),
      );
    case 'modalitiesInStudy':
      return eb.or(
        c.values.map((value) => {
          const pattern = `%|${likePattern(value)}|%`;
          return sql<SqlBool>`st.modalities LIKE ${pattern} ESCAPE '\\'`;
        }),
      );
  }
}

/** Unknown (empty) dates are in no range. Text compares right; `12` as an end means all of 12 h. */
function range(field: RangeField, { from, to }: Range): Expression<SqlBool> {
  const column = sql.ref(field);
  const strip = (text: string) => text.replaceAll(':', '');
  const low = from === undefined ? sql`''` : sql`${strip(from)}`;
  const high = to === undefined ? sql`'~'` : sql`${`${strip(to)}~`}`;
  return sql<SqlBool>`(${column} <> '' AND ${column} >= ${low} AND ${column} <= ${high})`;
}

/** A name matches when any of its groups does; `a=b=c` in the query asks for each group. */
function name(field: NameField, value: string): Expression<SqlBool> {
  if (field === 'referring') {
    const pattern = likePattern(normaliseName(value));
    return sql<SqlBool>`('=' || st.referring_physician || '=') LIKE ${`%=${pattern}=%`} ESCAPE '\\'`;
  }
  const columns = ['st.name_alphabetic', 'st.name_ideographic', 'st.name_phonetic'] as const;
  const test = (column: string, text: string) =>
    hasWildcard(text)
      ? sql<SqlBool>`${sql.ref(column)} LIKE ${likePattern(text)} ESCAPE '\\'`
      : sql<SqlBool>`${sql.ref(column)} = ${text}`;
  if (!value.includes('=')) {
    const text = normaliseName(value);
    return sql<SqlBool>`(${sql.join(
      columns.map((column) => test(column, text)),
      sql` OR `,
    )})`;
  }
  const groups = value.split('=').slice(0, 3).map(normaliseName);
  const tests = groups.flatMap((text, i) =>
    text === '' ? [] : [test(columns[i] ?? columns[0], text)],
  );
  return tests.length === 0 ? sql<SqlBool>`1` : sql<SqlBool>`(${sql.join(tests, sql` AND `)})`;
}

/** Words of a fuzzy name query, as `name_tokens` keeps them. */
export const fuzzyWords = (value: string): string[] =>
  normalise(value.replace(/[\^=,]/g, ' '))
    .split(' ')
    .filter((word) => word !== '' && word !== '*');

function toFound(row: {
  study_uid: string;
  modalities: string;
  series_count: number;
  study_instances: number;
  study_attributes: string;
  series_uid?: string;
  series_instances?: number;
  series_attributes?: string;
  sop_uid?: string;
  instance_attributes?: string;
}): Found {
  return {
    studyUid: row.study_uid,
    seriesUid: row.series_uid ?? '',
    sopUid: row.sop_uid ?? '',
    modalities: row.modalities.split('|').filter((m) => m !== ''),
    studySeries: row.series_count,
    studyInstances: row.study_instances,
    seriesInstances: row.series_instances ?? 0,
    attributes: {
      study: row.study_attributes,
      series: row.series_attributes ?? '{}',
      instance: row.instance_attributes ?? '{}',
    },
  };
}
