import path from 'node:path';
import { findingOfKey, postVerdict, runRequest, YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../http/index.ts';
import { classicalSet, partsOfStructureId } from './derived.ts';
import { editingRoutes } from './editing/index.ts';
import { exportRoutes } from './exporting/routes.ts';
import { classicalModelId } from './networks/index.ts';
import type { Reconstruction } from './reconstruction.ts';
import { sendFile } from './send-file.ts';

const revision = z.object({ r: z.string().max(64).optional() });
const number = z.coerce.number().int().nonnegative();
const uidParams = z.object({ uid: z.string() });
const idParams = z.object({ id: z.string() });
const slabParams = idParams.extend({ level: number, slab: number });
const meshParams = idParams.extend({ lod: number });
const setQuery = z
  .object({ r: z.string().max(64).optional() })
  .extend({ set: z.string().default(classicalSet) });

const notFound = (what: string): YuepianError => new YuepianError('not_found', { what });

/** Studies as the reading room opens them, their pyramids and models, and the jobs that make them. */
export function reconstructionRoutes(room: Reconstruction) {
  const { derived, queue, store, deps } = room;

  /** @throws not_found for an unknown structure. */
  const findStructure = async (id: string) => {
    const parts = partsOfStructureId(id);
    const set = parts && (await derived.structures(parts.volume, parts.set));
    const found = set?.structures.find((s) => s.key === parts?.key);
    const manifest = parts && found && (await derived.manifest(parts.volume));
    const series = manifest && (await deps.archive.oneSeries(manifest.seriesInstanceUid));
    if (!parts || !set || !found || !series) throw notFound('structure');
    return { folder: derived.setFolder(parts.volume, parts.set), set, found };
  };

  return async (app: FastifyInstance): Promise<void> => {
    const read = { config: { permission: 'read' } } as const;
    await app.register(
      editingRoutes({
        editing: room.editing,
        models: room.editedModels,
        structuresOf: (uid) => room.structuresOf(uid),
      }),
    );

    app.get('/api/studies/:uid', read, async (request, reply) => {
      const { uid } = uidParams.parse(request.params);
      const study = await room.openStudy(uid);
      if (!study) throw notFound('study');
      await deps.audit({
        action: 'open',
        actor: actorOf(request),
        object: { kind: 'study', id: uid },
      });
      return reply.header('cache-control', 'no-store').send(study);
    });

    app.get('/api/studies/:uid/thumbnail', read, async (request, reply) => {
      const { uid } = uidParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const found = (await store.thumbnails([uid])).get(uid);
      if (!found) throw notFound('thumbnail');
      const tag = found.fingerprint.slice(0, 16);
      return sendFile(request, reply, {
        path: path.join(derived.root, found.folder, 'thumbnail.png'),
        type: 'image/png',
        tag,
        immutable: r === tag,
      });
    });

    app.get('/api/series/:uid/thumbnail', read, async (request, reply) => {
      const { uid } = uidParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const stored = await store.get(uid);
      if (!stored?.layout.thumbnail) throw notFound('thumbnail');
      const tag = stored.fingerprint.slice(0, 16);
      return sendFile(request, reply, {
        path: path.join(derived.root, stored.layout.thumbnail.folder, 'thumbnail.png'),
        type: 'image/png',
        tag,
        immutable: r === tag,
      });
    });

    app.get('/api/volumes/:id/thumbnail', read, async (request, reply) => {
      const { id } = idParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const manifest = await derived.manifest(id);
      if (!manifest) throw notFound('volume');
      const tag = manifest.revision ?? '';
      return sendFile(request, reply, {
        path: path.join(derived.folder(id), 'thumbnail.png'),
        type: 'image/png',
        tag,
        immutable: tag !== '' && r === tag,
      });
    });

    app.get('/api/volumes/:id/manifest', read, async (request, reply) => {
      const manifest = await derived.manifest(idParams.parse(request.params).id);
      if (!manifest) throw notFound('volume');
      return reply.header('cache-control', 'no-store').send(manifest);
    });

    app.get('/api/volumes/:id/levels/:level/slabs/:slab', read, async (request, reply) => {
      const { id, level, slab } = slabParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const manifest = await derived.manifest(id);
      const bytes = manifest?.levels.find((l) => l.level === level)?.slabBytes[slab];
      if (!manifest || bytes === undefined) throw notFound('slab');
      const content = manifest.revision ?? '';
      // Slabs of two contents must never meet in one volume.
      if (r !== undefined && r !== content) throw notFound('slab of that revision');
      return sendFile(request, reply, {
        path: derived.slab(id, level, slab),
        type: 'application/octet-stream',
        tag: `${content}-${level}-${slab}`,
        immutable: r !== undefined,
        bytes,
      });
    });

    app.get('/api/volumes/:id/labels', read, async (request, reply) => {
      const { id } = idParams.parse(request.params);
      const { r, set: name } = setQuery.parse(request.query);
      const set = await derived.structures(id, name);
      if (!set?.labels || (r !== undefined && r !== set.digest)) throw notFound('label map');
      return sendFile(request, reply, {
        path: path.join(derived.setFolder(id, name), set.labels.file),
        type: 'application/octet-stream',
        tag: set.digest,
        immutable: r !== undefined,
      });
    });

    app.get('/api/structures/:id/mesh/:lod', read, async (request, reply) => {
      const { id, lod } = meshParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const { folder, set, found } = await findStructure(id);
      const level = found.levels[lod];
      if (!level || (r !== undefined && r !== set.digest)) throw notFound('model');
      return sendFile(request, reply, {
        path: path.join(folder, level.file),
        type: 'model/gltf-binary',
        tag: `${set.digest}-${found.key}-${lod}`,
        immutable: r !== undefined,
        bytes: level.bytes,
      });
    });

    app.get('/api/structures/:id/sureness', read, async (request, reply) => {
      const { id } = idParams.parse(request.params);
      const { r } = revision.parse(request.query);
      const { folder, set, found } = await findStructure(id);
      if (!found.sureness || (r !== undefined && r !== set.digest)) throw notFound('sureness');
      return sendFile(request, reply, {
        path: path.join(folder, found.sureness.file),
        type: 'application/octet-stream',
        tag: `${set.digest}-${found.key}-sureness`,
        immutable: r !== undefined,
      });
    });

    await app.register(exportRoutes(room));

    app.post(
      '/api/structures/:id/verify',
      { config: { permission: 'annotate' } },
      async (request) => {
        const { id } = idParams.parse(request.params);
        const body = postVerdict.parse(request.body);
        const verdict = 'verdict' in body ? body.verdict : body.verified ? 'verified' : 'withdrawn';
        return room.editing.verify(id, verdict, body.content, actorOf(request));
      },
    );

    app.post(
      '/api/series/:uid/reconstruction',
      { config: { permission: 'reconstruct' } },
      async (request, reply) => {
        const { uid } = uidParams.parse(request.params);
        const { modelId, parameters } = runRequest.parse(request.body ?? {});
        const job =
          modelId && modelId !== classicalModelId
            ? await room.networks.run(uid, modelId, parameters)
            : await room.rerun(uid);
        await deps.audit({
          action: 'reconstruct',
          actor: actorOf(request),
          object: { kind: 'series', id: uid },
          details: { model: modelId ?? classicalModelId },
        });
        return reply.code(202).send(job);
      },
    );

    app.post(
      '/api/structures/:id/findings',
      { config: { permission: 'reconstruct' } },
      async (request, reply) => {
        const { job, of } = await room.findings.start(idParams.parse(request.params).id);
        await deps.audit({
          action: 'reconstruct',
          actor: actorOf(request),
          object: { kind: 'series', id: job.seriesInstanceUid },
          details: { model: `${findingOfKey(of.key) ?? ''} of ${of.key}` },
        });
        return reply.code(202).send(job);
      },
    );

    app.post('/api/jobs/:id/cancel', { config: { permission: 'reconstruct' } }, async (request) =>
      queue.cancel(idParams.parse(request.params).id),
    );
  };
}
