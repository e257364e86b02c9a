import { studyInstanceUid } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Archive } from './archive.ts';
import { isKnown } from './etag.ts';
import { presentVersion } from './present.ts';
import type { SearchStore } from './search.store.ts';

const listQuery = z.object({
  q: z.string().max(200).default(''),
  modality: z.string().max(16).optional(),
  sort: z.enum(['date', 'received', 'name', 'patientId']).default('received'),
  order: z.enum(['asc', 'desc']).default('desc'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const frameParams = z.object({
  uid: z.string().max(64),
  frame: z.coerce.number().int().positive(),
});

/** The study list, deleting, and decoded frames for our own pages. */
export function apiRoutes(app: FastifyInstance, archive: Archive, search: SearchStore): void {
  app.get('/api/studies', { config: { permission: 'read' } }, async (request, reply) => {
    const query = listQuery.parse(request.query);
    const page = await search.list({
      words: query.q.split(/\s+/).filter((word) => word !== ''),
      ...(query.modality === undefined ? {} : { modality: query.modality }),
      sort: query.sort,
      descending: query.order === 'desc',
      offset: query.offset,
      limit: query.limit,
    });
    reply.header('cache-control', 'no-store');
    return page;
  });

  app.delete('/api/studies/:uid', { config: { permission: 'delete' } }, async (request, reply) => {
    const { uid } = z.object({ uid: studyInstanceUid }).parse(request.params);
    await archive.deleteStudy(uid, request.actor ?? null);
    return reply.code(204).send();
  });

  app.get(
    '/api/instances/:uid/frames/:frame',
    { config: { permission: 'read' } },
    async (request, reply) => {
      const { uid, frame } = frameParams.parse(request.params);
      const known = await archive.instance(uid);
      if (known && isKnown(request, reply, [known.blob, frame, presentVersion])) {
        return reply.code(304).send();
      }
      const { header, samples, blob } = await archive.valuesOfFrame(uid, frame);
      // Of the bytes that were decoded: another image may have come in between.
      isKnown(request, reply, [blob, frame, presentVersion]);
      return reply
        .header('x-frame', JSON.stringify(header))
        .type('application/octet-stream')
        .send(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    },
  );
}
