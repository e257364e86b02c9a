import { Readable } from 'node:stream';
import { YuepianError } from '@yuepian/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import { type DecodePool, displayable, explicitLittleEndian } from '../pixels/index.ts';
import { readerOf } from '../read.ts';
import type { ArchivedInstance } from '../stored.ts';
import { acceptedTypes, type MediaRange, takes } from './accept.ts';
import { baseUrl, instanceUrl } from './address.ts';
import { bulkDataRoutes } from './bulkdata.ts';
import { frameRoutes } from './frames.ts';
import { metadataRoutes } from './metadata.ts';
import { type AnswerPart, sendMultipart } from './multipart-answer.ts';
import { toExplicitLittleEndian } from './transcode.ts';

export interface InstancePath {
  readonly study: string;
  readonly series?: string;
  readonly sop?: string;
}

/** Instances of a path. @throws not_found when there are none */
export async function instancesOf(
  { index }: ArchiveParts,
  { study, series, sop }: InstancePath,
): Promise<ArchivedInstance[]> {
  let found: ArchivedInstance[];
  if (sop === undefined) {
    found = await index.instances({ study, ...(series === undefined ? {} : { series }) });
  } else {
    const one = await index.instance(sop);
    const here = one?.studyInstanceUid === study && one.seriesInstanceUid === series;
    found = one !== undefined && here ? [one] : [];
  }
  if (found.length === 0) throw new YuepianError('not_found', { what: sop ?? series ?? study });
  return found;
}

/** WADO-RS (PS3.18 §10.4). */
export function retrieveRoutes(app: FastifyInstance, parts: ArchiveParts, pool: DecodePool): void {
  const route = (path: string) =>
    app.get<{ Params: InstancePath; Querystring: { accept?: string } }>(
      path,
      // Whole files leave the archive here; looking at them is metadata and frames.
      { config: { permission: 'export' } },
      (request, reply) => retrieve(parts, pool, request, reply),
    );
  route('/studies/:study');
  route('/studies/:study/series/:series');
  route('/studies/:study/series/:series/instances/:sop');
  metadataRoutes(app, parts);
  frameRoutes(app, parts, pool);
  bulkDataRoutes(app, parts);
}

async function retrieve(
  parts: ArchiveParts,
  pool: DecodePool,
  request: FastifyRequest<{ Params: InstancePath; Querystring: { accept?: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const instances = await instancesOf(parts, request.params);
  const ranges = acceptedTypes(request.headers.accept, request.query.accept);
  const plan = planOf(ranges, instances);
  await parts.audit({
    action: 'export',
    actor: request.actor ?? null,
    object: { kind: 'study', id: request.params.study },
    details: { instances: instances.length, via: 'dicomweb' },
  });
  const bytesOf = (instance: ArchivedInstance): AsyncIterable<Uint8Array> => {
    const syntax = plan.syntaxOf(instance);
    if (syntax === instance.transferSyntaxUid) return storedBytes(parts, instance);
    return toExplicitLittleEndian(readerOf(parts.blobs, instance), instance, pool);
  };
  if (!plan.multipart) {
    const [only] = instances as [ArchivedInstance];
    reply.type(`application/dicom; transfer-syntax=${plan.syntaxOf(only)}`);
    return reply.send(await checked(bytesOf(only)));
  }
  const base = baseUrl(request);
  // A single instance that cannot be converted is an error; of many, the answer has begun.
  const single =
    instances.length === 1 ? await checked(bytesOf(instances[0] as ArchivedInstance)) : undefined;
  async function* answer(): AsyncGenerator<AnswerPart> {
    for (const one of instances) {
      yield {
        contentType: `application/dicom; transfer-syntax=${plan.syntaxOf(one)}`,
        location: instanceUrl(
          base,
          one.studyInstanceUid,
          one.seriesInstanceUid,
          one.sopInstanceUid,
        ),
        body: single ?? bytesOf(one),
      };
    }
  }
  return sendMultipart(reply, 'application/dicom', answer());
}

async function* storedBytes(
  { blobs }: ArchiveParts,
  instance: ArchivedInstance,
): AsyncGenerator<Uint8Array> {
  // One read for the usual slice; a stream for what is too big to hold.
  if (instance.size <= 8 << 20)
    yield await blobs.bytes(instance.blob, { start: 0, end: instance.size });
  else yield* await blobs.get(instance.blob);
}

/** Waits for the first piece, so that an error can still become an answer. */
async function checked(pieces: AsyncIterable<Uint8Array>): Promise<Readable> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.done !== true) yield first.value;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      yield next.value;
    }
  }
  return Readable.from(all(), { objectMode: false });
}

interface Plan {
  readonly multipart: boolean;
  readonly syntaxOf: (instance: ArchivedInstance) => string;
}

/**
 * The first range that can serve every instance. No transfer syntax, or `*`, means as stored; the
 * standard's default for a missing one is explicit little endian, but what is stored is what
 * clients that say nothing can read in practice, and it is exactly what was sent.
 *
 * @throws not_acceptable
 */
function planOf(ranges: readonly MediaRange[], instances: readonly ArchivedInstance[]): Plan {
  for (const range of ranges) {
    if (!takes(range, 'application/dicom')) continue;
    const multipart = range.multipart || range.type === '*/*';
    if (!multipart && instances.length > 1) continue;
    const wanted = range.transferSyntax ?? '*';
    const can = (i: ArchivedInstance) =>
      wanted === '*' ||
      wanted === i.transferSyntaxUid ||
      (wanted === explicitLittleEndian && displayable(i.transferSyntaxUid));
    if (!instances.every(can)) continue;
    return { multipart, syntaxOf: (i) => (wanted === '*' ? i.transferSyntaxUid : wanted) };
  }
  throw new YuepianError('not_acceptable', {
    what: ranges
      .map((r) => `${r.type} ${r.transferSyntax ?? ''}`.trim())
      .join(', ')
      .slice(0, 200),
  });
}
