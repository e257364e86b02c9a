import { YuepianError } from '@yuepian/contract';
import type { Dataset } from '@yuepian/dicom';
import type { FastifyInstance } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import { isKnown } from '../etag.ts';
import { inflate, transferSyntax } from '../pixels/index.ts';
import { fragmentsOfFrame } from '../pixels/locate.ts';
import { readerOf, readHeader } from '../read.ts';
import type { ArchivedInstance } from '../stored.ts';
import { acceptedTypes } from './accept.ts';
import { type AnswerPart, sendMultipart } from './multipart-answer.ts';
import { type InstancePath, instancesOf } from './wado.ts';

const octets = 'application/octet-stream';

/**
 * Bulk data that metadata refers to: the value of one element, its path being tags with item
 * numbers between them. Compressed pixel data comes as one part a frame.
 */
export function bulkDataRoutes(app: FastifyInstance, parts: ArchiveParts): void {
  app.get<{ Params: InstancePath & { '*': string }; Querystring: { accept?: string } }>(
    '/studies/:study/series/:series/instances/:sop/bulkdata/*',
    { config: { permission: 'read' } },
    async (request, reply) => {
      const [instance] = await instancesOf(parts, request.params);
      if (instance === undefined) throw new YuepianError('not_found', { what: 'instance' });
      const path = request.params['*'];
      const answer = /^7FE000(08|09|10)$/i.test(path)
        ? pixelParts(parts, instance)
        : elementPart(parts, instance, path);
      const first = await answer.next();
      if (first.done === true) throw new YuepianError('not_found', { what: path.slice(0, 128) });
      const [range] = acceptedTypes(request.headers.accept, request.query.accept);
      const single = range !== undefined && !range.multipart && range.type !== '*/*';
      const [type = octets] = first.value.contentType.split(';');
      reply.header('vary', 'accept');
      if (isKnown(request, reply, [instance.blob, path.toUpperCase(), single, type])) {
        await answer.return(undefined);
        return reply.code(304).send();
      }
      if (single && first.value.body instanceof Uint8Array) {
        return reply.type(type).send(Buffer.from(first.value.body));
      }
      return sendMultipart(reply, type, resumed(first.value, answer));
    },
  );
}

async function* resumed<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* pixelParts(
  { blobs }: ArchiveParts,
  instance: ArchivedInstance,
): AsyncGenerator<AnswerPart> {
  const { pixels } = instance.place;
  if (pixels.kind === 'none') return;
  if (pixels.kind === 'native') {
    const end = pixels.offset + pixels.length;
    const body =
      pixels.deflated === true
        ? (
            await inflate(await blobs.bytes(instance.blob, { start: instance.place.dataset }))
          ).subarray(pixels.offset, end)
        : pixels.length <= 64 << 20
          ? await blobs.bytes(instance.blob, { start: pixels.offset, end })
          : await blobs.get(instance.blob, { start: pixels.offset, end });
    yield { contentType: octets, body };
    return;
  }
  const type = transferSyntax(instance.transferSyntaxUid)?.mediaType ?? octets;
  const contentType = `${type}; transfer-syntax=${instance.transferSyntaxUid}`;
  for (let frame = 1; frame <= pixels.frames.length; frame++) {
    const ranges = fragmentsOfFrame(pixels, frame);
    const pieces = await Promise.all(ranges.map((range) => blobs.bytes(instance.blob, range)));
    yield { contentType, body: Buffer.concat(pieces) };
  }
}

async function* elementPart(
  { blobs }: ArchiveParts,
  instance: ArchivedInstance,
  path: string,
): AsyncGenerator<AnswerPart> {
  const steps = path.split('/');
  const tag = steps.pop() ?? '';
  let dataset: Dataset | undefined = await readHeader(readerOf(blobs, instance), instance.place);
  for (let i = 0; i < steps.length && dataset !== undefined; i += 2) {
    const [sequence = '', item = ''] = steps.slice(i, i + 2);
    dataset = isTag(sequence) ? dataset.sequence(sequence)[Number(item)] : undefined;
  }
  const body = isTag(tag) ? dataset?.bytes(tag) : undefined;
  if (body !== undefined) yield { contentType: octets, body };
}

const isTag = (text: string): boolean => /^[0-9a-fA-F]{8}$/.test(text);
