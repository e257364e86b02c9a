import { YuepianError } from '@yuepian/contract';
import { type DicomJson, tagHex, vrOf } from '@yuepian/dicom';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import type { Level } from '../attributes.ts';
import type { Condition, Found, SearchStore } from '../search.store.ts';
import { baseUrl, instanceUrl, seriesUrl, studyUrl } from './address.ts';
import { parseQuery, type Query } from './query.ts';

/** Attributes of each level that are always returned (PS3.18 tables 10.6.3-3…5). */
const usual: Record<Level, readonly string[]> = {
  study: [
    'SpecificCharacterSet',
    'StudyDate',
    'StudyTime',
    'AccessionNumber',
    'ReferringPhysicianName',
    'StudyDescription',
    'PatientName',
    'PatientID',
    'PatientBirthDate',
    'PatientSex',
    'StudyInstanceUID',
    'StudyID',
  ].map((k) => tagHex(k)),
  series: [
    'SpecificCharacterSet',
    'Modality',
    'SeriesDescription',
    'BodyPartExamined',
    'SeriesInstanceUID',
    'SeriesNumber',
    'SeriesDate',
    'SeriesTime',
    'PerformedProcedureStepStartDate',
    'PerformedProcedureStepStartTime',
    'RequestAttributesSequence',
  ].map((k) => tagHex(k)),
  instance: [
    'SpecificCharacterSet',
    'SOPClassUID',
    'SOPInstanceUID',
    'InstanceNumber',
    'Rows',
    'Columns',
    'BitsAllocated',
    'NumberOfFrames',
  ].map((k) => tagHex(k)),
};

/** Required even when the object has no value for them. */
const neverMissing = new Set([
  ...usual.study,
  ...['Modality', 'SeriesInstanceUID', 'SeriesNumber'].map((k) => tagHex(k)),
]);
const order: readonly Level[] = ['study', 'series', 'instance'];
const tables = { study: ['st'], series: ['st', 'se'], instance: ['st', 'se', 'i'] } as const;

type Ids = Partial<Record<'study' | 'series', string>>;

/** QIDO-RS (PS3.18 §10.6): six resources on three levels. */
export function queryRoutes(app: FastifyInstance, { search }: ArchiveParts): void {
  const route = (path: string, level: Level, shown: readonly Level[]) =>
    app.get<{ Params: Ids }>(path, { config: { permission: 'read' } }, (request, reply) =>
      answer(search, request, reply, level, shown),
    );
  route('/studies', 'study', ['study']);
  route('/series', 'series', ['study', 'series']);
  route('/instances', 'instance', ['study', 'series', 'instance']);
  route('/studies/:study/series', 'series', ['series']);
  route('/studies/:study/instances', 'instance', ['series', 'instance']);
  route('/studies/:study/series/:series/instances', 'instance', ['instance']);
}

async function answer(
  search: SearchStore,
  request: FastifyRequest<{ Params: Ids }>,
  reply: FastifyReply,
  level: Level,
  shown: readonly Level[],
): Promise<FastifyReply> {
  checkAccept(request.headers.accept);
  const query = parseQuery(request.raw.url ?? '', new Set(tables[level]));
  const conditions: Condition[] = [...query.conditions];
  const { study, series } = request.params;
  if (study !== undefined) conditions.push({ kind: 'uids', field: 'st.study_uid', uids: [study] });
  if (series !== undefined) {
    conditions.push({ kind: 'uids', field: 'se.series_uid', uids: [series] });
  }
  // One more than asked for tells whether there are more.
  const found = await search.find(level, conditions, { ...query, limit: query.limit + 1 });
  const page = found.slice(0, query.limit);
  const warnings = [...query.warnings];
  if (found.length > page.length) warnings.push('There are more results; ask with offset.');
  if (warnings.length > 0) {
    const texts = warnings.map((text) => `299 yuepian "${text.replace(/[^ -~]|["\\]/g, '?')}"`);
    reply.header('warning', texts.join(', '));
  }
  const base = baseUrl(request);
  return reply
    .header('cache-control', 'no-cache')
    .type('application/dicom+json')
    .send(JSON.stringify(page.map((one) => result(base, one, level, shown, query))));
}

/** @throws not_acceptable */
export function checkAccept(accept: string | undefined): void {
  if (accept === undefined || /\*\/\*|application\/(\*|dicom\+json|json)/i.test(accept)) return;
  throw new YuepianError('not_acceptable', { what: accept.slice(0, 128) });
}

function result(
  base: string,
  found: Found,
  level: Level,
  shown: readonly Level[],
  query: Query,
): DicomJson {
  const out: DicomJson = {};
  for (const one of order.slice(0, order.indexOf(level) + 1)) {
    const stored = JSON.parse(found.attributes[one]) as DicomJson;
    if (query.includeAll) Object.assign(out, stored);
    const wanted = shown.includes(one) ? [...usual[one], ...query.include] : query.include;
    for (const tag of wanted) {
      const attribute = stored[tag];
      if (attribute !== undefined) out[tag] = attribute;
      else if (shown.includes(one) && neverMissing.has(tag)) out[tag] ??= { vr: vrOf(tag) };
    }
  }
  // JSON is UTF-8, whatever the file is in (PS3.18 §F.2.2).
  out['00080005'] = { vr: 'CS', Value: ['ISO_IR 192'] };
  out['00080056'] = { vr: 'CS', Value: ['ONLINE'] };
  out['0020000D'] = { vr: 'UI', Value: [found.studyUid] };
  if (shown.includes('study')) {
    out['00080061'] = { vr: 'CS', Value: [...found.modalities] };
    out['00201206'] = { vr: 'IS', Value: [found.studySeries] };
    out['00201208'] = { vr: 'IS', Value: [found.studyInstances] };
  }
  if (level !== 'study') out['0020000E'] = { vr: 'UI', Value: [found.seriesUid] };
  if (shown.includes('series')) out['00201209'] = { vr: 'IS', Value: [found.seriesInstances] };
  const url = {
    study: studyUrl(base, found.studyUid),
    series: seriesUrl(base, found.studyUid, found.seriesUid),
    instance: instanceUrl(base, found.studyUid, found.seriesUid, found.sopUid),
  }[level];
  out['00081190'] = { vr: 'UR', Value: [url] };
  // Attributes come in the order of their tags.
  return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)));
}
