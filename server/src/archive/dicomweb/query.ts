import { uidPattern, YuepianError } from '@yuepian/contract';
import { tagHex, tagOfKeyword } from '@yuepian/dicom';
import { datePattern, hasWildcard, parseRange, timePattern } from '../matching.ts';
import {
  type Condition,
  fuzzyWords,
  type NumberField,
  type RangeField,
  type TextField,
  type UidField,
} from '../search.store.ts';

/** A QIDO-RS query string, understood (PS3.18 §8.3.4). */
export interface Query {
  readonly conditions: readonly Condition[];
  /** Tags asked for by includefield, in addition to the usual ones. */
  readonly include: ReadonlySet<string>;
  readonly includeAll: boolean;
  readonly offset: number;
  readonly limit: number;
  /** Sentences for the Warning header: what was asked and not done. */
  readonly warnings: readonly string[];
}

/** More than this is given in pages. */
export const maximumResults = 1000;

const uids: Record<string, UidField> = {
  StudyInstanceUID: 'st.study_uid',
  SeriesInstanceUID: 'se.series_uid',
  SOPInstanceUID: 'i.sop_uid',
  SOPClassUID: 'i.sop_class_uid',
};
const texts: Record<string, TextField> = {
  PatientID: 'st.patient_id',
  IssuerOfPatientID: 'st.patient_issuer',
  PatientSex: 'st.patient_sex',
  AccessionNumber: 'st.accession_number',
  StudyID: 'st.study_number',
  StudyDescription: 'st.description',
  Modality: 'se.modality',
  SeriesDescription: 'se.description',
  BodyPartExamined: 'se.body_part',
};
const numbers: Record<string, NumberField> = {
  SeriesNumber: 'se.series_number',
  InstanceNumber: 'i.instance_number',
  Rows: 'i.rows',
  Columns: 'i.columns',
  NumberOfFrames: 'i.frames',
};
const ranges: Record<string, { field: RangeField; digits: RegExp }> = {
  StudyDate: { field: 'st.study_date', digits: datePattern },
  StudyTime: { field: 'st.study_time', digits: timePattern },
  PatientBirthDate: { field: 'st.patient_birth_date', digits: datePattern },
  SeriesDate: { field: 'se.series_date', digits: datePattern },
  SeriesTime: { field: 'se.series_time', digits: timePattern },
};
const names: Record<string, 'patient' | 'referring'> = {
  PatientName: 'patient',
  ReferringPhysicianName: 'referring',
};

const keywords = [
  ...Object.keys(uids),
  ...Object.keys(texts),
  ...Object.keys(numbers),
  ...Object.keys(ranges),
  ...Object.keys(names),
  'ModalitiesInStudy',
];
const keywordOfTag = new Map(keywords.map((keyword) => [tagHex(keyword), keyword]));

/**
 * @param levels tables that the request's level joins; a key of another one cannot be matched.
 * @throws invalid_request for a value that is no date, number or UID, or an unknown attribute.
 */
export function parseQuery(url: string, levels: ReadonlySet<'st' | 'se' | 'i'>): Query {
  const search = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '');
  const conditions: Condition[] = [];
  const include = new Set<string>();
  const warnings: string[] = [];
  const fuzzy = search.get('fuzzymatching')?.toLowerCase() === 'true';
  for (const [key, value] of search) {
    if (['limit', 'offset', 'fuzzymatching', 'accept', 'charset'].includes(key)) continue;
    if (key === 'includefield') {
      for (const field of value.split(',')) include.add(field === 'all' ? 'all' : tagOf(field));
      continue;
    }
    const tag = tagOf(key);
    include.add(tag);
    const keyword = keywordOfTag.get(tag);
    // Universal matching (PS3.4 §C.2.2.2.3): any value, and the attribute is returned.
    if (value === '' || value === '*') continue;
    const condition = keyword === undefined ? undefined : conditionOf(keyword, value, fuzzy);
    if (condition === undefined || !inLevels(condition, levels)) {
      warnings.push(`${key} cannot be matched here and was ignored`);
    } else {
      conditions.push(condition);
    }
  }
  return {
    conditions,
    include,
    includeAll: include.has('all'),
    offset: count(search, 'offset', 0),
    limit: Math.min(count(search, 'limit', maximumResults), maximumResults),
    warnings,
  };
}

function conditionOf(keyword: string, value: string, fuzzy: boolean): Condition | undefined {
  const uid = uids[keyword];
  if (uid !== undefined) {
    // A list of UIDs: commas in a URL, backslashes in DICOM (PS3.18 §8.3.4.1).
    const list = value.split(/[,\\]/).filter((one) => one !== '');
    if (!list.every((one) => uidPattern.test(one))) throw bad(keyword, value);
    return { kind: 'uids', field: uid, uids: list };
  }
  const text = texts[keyword];
  if (text !== undefined) return { kind: 'text', field: text, value };
  const number = numbers[keyword];
  if (number !== undefined) {
    if (!/^[+-]?\d{1,9}$/.test(value)) throw bad(keyword, value);
    return { kind: 'number', field: number, value: Number(value) };
  }
  const range = ranges[keyword];
  if (range !== undefined) {
    const parsed = parseRange(value.replace(/\s/g, ''), range.digits);
    if (parsed === undefined) throw bad(keyword, value);
    return { kind: 'range', field: range.field, range: parsed };
  }
  const name = names[keyword];
  if (name === 'patient' && fuzzy && !hasWildcard(value)) {
    return { kind: 'fuzzyName', words: fuzzyWords(value) };
  }
  if (name !== undefined) return { kind: 'name', field: name, value };
  if (keyword === 'ModalitiesInStudy') {
    return { kind: 'modalitiesInStudy', values: value.split(/[,\\]/).filter((one) => one !== '') };
  }
  return undefined;
}

function inLevels(condition: Condition, levels: ReadonlySet<string>): boolean {
  if (!('field' in condition) || condition.kind === 'name') return true;
  return levels.has(condition.field.slice(0, condition.field.indexOf('.')));
}

/** Keyword, eight hexadecimal digits, or a dotted path of which the first step counts. */
function tagOf(field: string): string {
  const first = field.split('.')[0] ?? '';
  if (/^[0-9a-fA-F]{8}$/.test(first)) return first.toUpperCase();
  const tag = tagOfKeyword(first);
  if (tag === undefined) {
    throw new YuepianError('invalid_request', {
      reason: `unknown attribute ${first.slice(0, 64)}`,
    });
  }
  return tagHex(tag);
}

function count(search: URLSearchParams, key: string, otherwise: number): number {
  const value = search.get(key);
  if (value === null || value === '') return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw bad(key, value);
  return Number(value);
}

const bad = (key: string, value: string): YuepianError =>
  new YuepianError('invalid_request', { reason: `${key}=${value.slice(0, 64)}` });
