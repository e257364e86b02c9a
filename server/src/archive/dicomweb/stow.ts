import { type ErrorCode, studyInstanceUid, YuepianError } from '@yuepian/contract';
import type { DicomJson } from '@yuepian/dicom';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toYuepianError } from '../../http/index.ts';
import type { ArchiveParts } from '../archive.ts';
import { type Ingest, type Ingested, type Refusal, refusalOf } from '../ingest.ts';
import { headerParameters, type Part, readMultipart } from '../multipart.ts';
import { baseUrl, instanceUrl, studyUrl } from './address.ts';

/**
 * Instances of one request that are checked and stored side by side: their rows share a commit.
 * Bounds what a request holds in memory.
 */
const atOnce = 8;

type Outcome = { readonly stored: Ingested } | { readonly refused: Refusal };

/** STOW-RS (PS3.18 §10.5). */
export function storeRoutes(app: FastifyInstance, { ingest, audit, log }: ArchiveParts): void {
  // Bodies are streams of any length; the parser only hands them on.
  app.addContentTypeParser(['multipart/related', 'application/dicom'], (_request, payload, done) =>
    done(null, payload),
  );
  const store = async (request: FastifyRequest, study: string | undefined) => {
    const outcomes = await storeAll(ingest, partsOf(request), study, (error) =>
      toYuepianError(error, log),
    );
    const stored = outcomes.flatMap((o) => ('stored' in o ? [o.stored] : []));
    const refused = outcomes.flatMap((o) => ('refused' in o ? [o.refused] : []));
    await audit({
      action: 'import',
      outcome: refused.length === 0 ? 'ok' : stored.length === 0 ? 'refused' : 'failed',
      actor: request.actor ?? null,
      ...(stored[0] === undefined
        ? {}
        : { object: { kind: 'study' as const, id: stored[0].studyInstanceUid } }),
      details: {
        stored: stored.filter((s) => s.status === 'stored').length,
        exists: stored.filter((s) => s.status === 'exists').length,
        refused: refused.length,
      },
    });
    const full = refused.find((r) => r.error.code === 'storage_full');
    if (full !== undefined && stored.length === 0) throw full.error;
    return {
      status: refused.length === 0 ? 200 : stored.length === 0 ? 409 : 202,
      body: storeResponse(baseUrl(request), stored, refused),
    };
  };
  const config = { permission: 'import' } as const;
  app.post('/studies', { config }, async (request, reply) => {
    const { status, body } = await store(request, undefined);
    return reply.code(status).type('application/dicom+json').send(JSON.stringify(body));
  });
  app.post<{ Params: { study: string } }>('/studies/:study', { config }, async (request, reply) => {
    const study = studyInstanceUid.parse(request.params.study);
    const { status, body } = await store(request, study);
    return reply.code(status).type('application/dicom+json').send(JSON.stringify(body));
  });
}

/** The bodies to store; a bare application/dicom body is one instance. */
async function* partsOf(request: FastifyRequest): AsyncGenerator<AsyncIterable<Uint8Array>> {
  const { value, parameters } = headerParameters(request.headers['content-type'] ?? '');
  if (value !== 'multipart/related' && value !== 'application/dicom') {
    throw new YuepianError('unsupported_media_type', { what: value || 'nothing' });
  }
  const body = request.body as AsyncIterable<Uint8Array> | undefined;
  if (body === undefined || body === null) {
    throw new YuepianError('invalid_request', { reason: 'the body is empty' });
  }
  if (value === 'application/dicom') {
    yield body;
    return;
  }
  const type = parameters.get('type')?.toLowerCase();
  if (type !== undefined && type !== 'application/dicom') {
    throw new YuepianError('unsupported_media_type', { what: type });
  }
  for await (const part of readMultipart(body, parameters.get('boundary') ?? '')) {
    checkType(part);
    yield part.body;
  }
}

function checkType(part: Part): void {
  const { value } = headerParameters(part.headers.get('content-type') ?? 'application/dicom');
  if (value !== 'application/dicom' && value !== 'application/octet-stream') {
    throw new YuepianError('unsupported_media_type', { what: value });
  }
}

async function storeAll(
  ingest: Ingest,
  bodies: AsyncIterable<AsyncIterable<Uint8Array>>,
  study: string | undefined,
  toError: (error: unknown) => YuepianError,
): Promise<Outcome[]> {
  const outcomes: Promise<Outcome>[] = [];
  const running = new Set<Promise<Outcome>>();
  const refuse = (error: unknown): Outcome => ({ refused: refusalOf(toError(error)) });
  try {
    for await (const body of bodies) {
      let outcome: Promise<Outcome>;
      try {
        const staged = await ingest.receive(body);
        outcome = ingest
          .file(staged, study === undefined ? {} : { studyInstanceUid: study })
          .then((stored) => ({ stored }), refuse);
      } catch (error) {
        // A cut connection ends the request; anything else is the fault of this part alone.
        if (error instanceof YuepianError && error.code === 'connection_cut') throw error;
        outcome = Promise.resolve(refuse(error));
      }
      outcomes.push(outcome);
      running.add(outcome);
      void outcome.then(() => running.delete(outcome));
      if (running.size >= atOnce) await Promise.race(running);
    }
  } finally {
    // What was received in full is stored even when the rest never comes.
    await Promise.all(outcomes);
  }
  if (outcomes.length === 0) {
    throw new YuepianError('invalid_request', { reason: 'there is no instance in the body' });
  }
  return await Promise.all(outcomes);
}

/** Failure Reason (PS3.18 table I.2-2, PS3.4 table B.2-1, PS3.7 annex C). */
const failureReasons: Partial<Record<ErrorCode, number>> = {
  instance_conflict: 0x0111,
  series_conflict: 0xa900,
  invalid_request: 0xa900,
  storage_full: 0xa700,
  too_large: 0xa700,
  not_dicom: 0xc000,
  empty_file: 0xc000,
  truncated: 0xc000,
  damaged_dicom: 0xc000,
  missing_uid: 0xc000,
  invalid_uid: 0xc000,
  pixel_data_short: 0xc000,
};
const processingFailure = 0x0110;

/** Store Instances Response Module (PS3.18 §I.2). */
function storeResponse(
  base: string,
  stored: readonly Ingested[],
  refused: readonly Refusal[],
): DicomJson {
  const response: DicomJson = {};
  const [first] = stored;
  if (first !== undefined && stored.every((s) => s.studyInstanceUid === first.studyInstanceUid)) {
    response['00081190'] = { vr: 'UR', Value: [studyUrl(base, first.studyInstanceUid)] };
  }
  const known = refused.filter((r) => r.sopInstanceUid !== undefined);
  const unknown = refused.filter((r) => r.sopInstanceUid === undefined);
  if (known.length > 0) {
    response['00081198'] = {
      vr: 'SQ',
      Value: known.map((r) => ({
        '00081150': { vr: 'UI', Value: [r.sopClassUid] },
        '00081155': { vr: 'UI', Value: [r.sopInstanceUid] },
        ...reason(r.error),
      })),
    };
  }
  if (stored.length > 0) {
    response['00081199'] = {
      vr: 'SQ',
      Value: stored.map((s) => ({
        '00081150': { vr: 'UI', Value: [s.sopClassUid] },
        '00081155': { vr: 'UI', Value: [s.sopInstanceUid] },
        '00081190': {
          vr: 'UR',
          Value: [instanceUrl(base, s.studyInstanceUid, s.seriesInstanceUid, s.sopInstanceUid)],
        },
      })),
    };
  }
  // Other Failures Sequence: those whose identity could not be read.
  if (unknown.length > 0) {
    response['0008119A'] = { vr: 'SQ', Value: unknown.map((r) => reason(r.error)) };
  }
  return response;
}

/** The code, and in Error Comment the sentence, as other archives do. */
const reason = (error: YuepianError): DicomJson => ({
  '00000902': { vr: 'LO', Value: [`${error.code}: ${error.message}`] },
  '00081197': { vr: 'US', Value: [failureReasons[error.code] ?? processingFailure] },
});
