import { Readable } from 'node:stream';
import {
  type ImportResponse,
  type ImportResult,
  toErrorBody,
  YuepianError,
} from '@yuepian/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toYuepianError } from '../../http/index.ts';
import type { ArchiveParts } from '../archive.ts';
import { headerParameters, readMultipart } from '../multipart.ts';
import { Importer } from './importer.ts';

/**
 * `POST /api/import`: form-data with files, zips, gzipped files or NIfTI volumes. Answers with one
 * result per file; with `accept: application/x-ndjson` a line per file as soon as it is certain,
 * then a line with the counts (or with `error` when the upload broke off).
 */
export function importRoutes(app: FastifyInstance, parts: ArchiveParts): void {
  app.addContentTypeParser('multipart/form-data', (_request, payload, done) => done(null, payload));
  app.post('/api/import', { config: { permission: 'import' } }, async (request, reply) => {
    if (request.headers.accept?.includes('application/x-ndjson')) {
      reply.type('application/x-ndjson').header('cache-control', 'no-store');
      return reply.send(Readable.from(lines(request, parts), { objectMode: false }));
    }
    const results: ImportResult[] = [];
    const counts = await run(request, parts, (result) => results.push(result));
    return { results, ...counts } satisfies ImportResponse;
  });
}

type Counts = Omit<ImportResponse, 'results'>;

async function run(
  request: FastifyRequest,
  { ingest, takeBack, blobs, audit, log }: ArchiveParts,
  onResult: (result: ImportResult) => void,
): Promise<Counts> {
  const counts: Counts = { stored: 0, exists: 0, refused: 0, ignored: 0 };
  let study: string | undefined;
  const toError = (error: unknown) => toYuepianError(error, log);
  // The person should learn why the file failed, not why undoing it did.
  const undo = (sopUids: readonly string[]) =>
    takeBack(sopUids).catch((error: unknown) =>
      log.error('what was stored of a file that failed stays', error),
    );
  const importer = new Importer({ ingest, takeBack: undo, tmp: blobs.tmp, toError }, (result) => {
    counts[result.status]++;
    study ??= result.studyInstanceUid;
    onResult(result);
  });
  try {
    for await (const { file, body } of filesOf(request)) await importer.add(file, body);
  } finally {
    // What was received in full is stored even when the rest never comes.
    await importer.finish();
    await audit({
      action: 'import',
      outcome: counts.refused === 0 ? 'ok' : 'failed',
      actor: request.actor ?? null,
      ...(study === undefined ? {} : { object: { kind: 'study' as const, id: study } }),
      details: { ...counts },
    });
  }
  return counts;
}

async function* filesOf(
  request: FastifyRequest,
): AsyncGenerator<{ file: string; body: AsyncIterable<Uint8Array> }> {
  const { value, parameters } = headerParameters(request.headers['content-type'] ?? '');
  const body = request.body as AsyncIterable<Uint8Array> | null | undefined;
  if (value !== 'multipart/form-data' || body === undefined || body === null) {
    throw new YuepianError('unsupported_media_type', { what: value || 'nothing' });
  }
  let count = 0;
  for await (const part of readMultipart(body, parameters.get('boundary') ?? '')) {
    const { parameters: about } = headerParameters(part.headers.get('content-disposition') ?? '');
    const file = about.get('filename');
    // A field without a file name is a text field of the form.
    if (file === undefined) continue;
    count++;
    yield { file: cleanName(file), body: part.body };
  }
  if (count === 0) {
    throw new YuepianError('invalid_request', { reason: 'there is no file in the form' });
  }
}

/** Only a label, never a path; browsers escape quotes and line ends in it as %22, %0D, %0A. */
const cleanName = (name: string): string =>
  name
    .replace(/%(22|0D|0A)/g, (code) => decodeURIComponent(code))
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('\\', '/')
    .slice(-500);

/** Results as lines while the upload is still running. */
async function* lines(request: FastifyRequest, parts: ArchiveParts): AsyncGenerator<string> {
  const waiting: string[] = [];
  let wake = (): void => {};
  const push = (line: unknown) => {
    waiting.push(`${JSON.stringify(line)}\n`);
    wake();
  };
  let running = true;
  const done = run(request, parts, push)
    .then(push, (error: unknown) => push(toErrorBody(toYuepianError(error, parts.log))))
    .finally(() => {
      running = false;
      wake();
    });
  while (running || waiting.length > 0) {
    if (waiting.length > 0) yield waiting.splice(0).join('');
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  await done;
}
