import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { addModelRequest, YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../../http/index.ts';
import type { ReconstructionDeps } from '../ports.ts';
import type { Networks } from './networks.ts';

const idParams = z.object({ id: z.string() });
const uidParams = z.object({ uid: z.string() });

/** A zip of a model folder; weights of the biggest free networks stay below. */
const uploadLimit = 4 * 2 ** 30;

/** Installed models, the catalogue, and which of them fit a series. */
export function modelRoutes(
  app: FastifyInstance,
  networks: Networks,
  deps: Pick<ReconstructionDeps, 'audit' | 'dataFolder'>,
): void {
  const read = { config: { permission: 'read' } } as const;
  const administer = { config: { permission: 'administer' } } as const;
  app.addContentTypeParser('application/zip', (_request, payload, done) => done(null, payload));

  app.get('/api/models', read, async () => ({ models: await networks.list() }));
  app.get('/api/models/catalogue', read, () => networks.catalogue());

  app.post('/api/models', { ...administer, bodyLimit: uploadLimit }, async (request, reply) => {
    const model =
      request.body instanceof Readable
        ? await upload(request.body)
        : await networks.addKnown(addModelRequest.parse(request.body).catalogueId);
    await deps.audit({
      action: 'model_added',
      actor: actorOf(request),
      object: { kind: 'model', id: model.id },
      details: { version: model.modelVersion, licence: model.licence },
    });
    return reply.code(201).send(model);
  });

  const upload = async (body: Readable) => {
    const tmp = path.join(deps.dataFolder, 'tmp');
    await mkdir(tmp, { recursive: true });
    const file = path.join(tmp, `upload-${randomUUID()}.zip`);
    try {
      let bytes = 0;
      await pipeline(
        body,
        async function* (source: AsyncIterable<Uint8Array>) {
          for await (const chunk of source) {
            bytes += chunk.length;
            if (bytes > uploadLimit) throw new YuepianError('too_large', { limit: '4 GB' });
            yield chunk;
          }
        },
        createWriteStream(file),
      );
      return await networks.registry.add(file);
    } finally {
      await rm(file, { force: true });
    }
  };

  app.delete('/api/models/:id', administer, async (request, reply) => {
    const { id } = idParams.parse(request.params);
    await networks.registry.remove(id);
    await deps.audit({
      action: 'model_removed',
      actor: actorOf(request),
      object: { kind: 'model', id },
    });
    return reply.code(204).send();
  });

  app.get('/api/series/:uid/models', read, async (request) =>
    networks.forSeries(uidParams.parse(request.params).uid),
  );
}
