import {
  editHistory,
  postEdit,
  postStructure,
  postTogether,
  structuresOfSeries,
  YuepianError,
} from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../../http/index.ts';
import { sendFile } from '../send-file.ts';
import type { Editing } from './editing.ts';
import type { EditedModels } from './models.ts';

/** Packed, the whole skin of a large CT is some MB; as base64 in JSON a third more. */
const maximumEditBytes = 48 << 20;

const idParams = z.object({ id: z.string() });
const uidParams = z.object({ uid: z.string() });
const number = z.coerce.number().int().nonnegative();
const meshParams = idParams.extend({ revision: number, lod: number });
const hideBody = z.object({ hidden: z.boolean() });

export interface EditingRoutesParts {
  readonly editing: Editing;
  readonly models: EditedModels;
  /** The structures of a series, changed ones included. */
  readonly structuresOf: (uid: string) => Promise<unknown>;
}

/** Voxels of a structure, changes of them, and structures that people begin. */
export function editingRoutes({ editing, models, structuresOf }: EditingRoutesParts) {
  return async (app: FastifyInstance): Promise<void> => {
    const read = { config: { permission: 'read' } } as const;
    const change = { config: { permission: 'annotate' }, bodyLimit: maximumEditBytes } as const;

    app.get('/api/series/:uid/structures', read, async (request, reply) => {
      const { uid } = uidParams.parse(request.params);
      const found = structuresOfSeries.safeParse(await structuresOf(uid));
      if (!found.success) throw new YuepianError('not_found', { what: 'series' });
      return reply.header('cache-control', 'no-store').send(found.data);
    });

    app.get('/api/structures/:id/mask', read, async (request, reply) => {
      const { head, body } = await editing.mask(idParams.parse(request.params).id);
      return reply
        .header('content-type', 'application/octet-stream')
        .header('cache-control', 'no-store')
        .header('x-mask', JSON.stringify(head))
        .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    });

    app.post('/api/structures/:id/edits', change, async (request) =>
      editing.edit(
        idParams.parse(request.params).id,
        postEdit.parse(request.body),
        actorOf(request),
      ),
    );

    app.get('/api/structures/:id/edits', read, async (request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .send(
          editHistory.parse({ entries: await editing.history(idParams.parse(request.params).id) }),
        ),
    );

    app.post('/api/structures/:id/hidden', change, async (request) => {
      const { hidden } = hideBody.parse(request.body);
      return editing.setHidden(idParams.parse(request.params).id, hidden, actorOf(request));
    });

    app.post('/api/volumes/:id/structures', change, async (request, reply) =>
      reply
        .code(201)
        .send(
          await editing.create(
            idParams.parse(request.params).id,
            postStructure.parse(request.body),
            actorOf(request),
          ),
        ),
    );

    app.post('/api/volumes/:id/changes', change, async (request) =>
      editing.together(
        idParams.parse(request.params).id,
        postTogether.parse(request.body),
        actorOf(request),
      ),
    );

    app.get('/api/structures/:id/revisions/:revision/mesh/:lod', read, async (request, reply) => {
      const { id, revision, lod } = meshParams.parse(request.params);
      const state = await editing.state(id);
      const level = state && (await models.level(state, revision, lod));
      if (!level) throw new YuepianError('not_found', { what: 'model' });
      return sendFile(request, reply, {
        path: level.file,
        type: 'model/gltf-binary',
        tag: `${id}-${revision}-${lod}`,
        immutable: true,
        bytes: level.bytes,
      });
    });
  };
}
