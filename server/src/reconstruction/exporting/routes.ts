import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../../http/index.ts';
import type { Reconstruction } from '../reconstruction.ts';
import { exportStructures, printability } from './exporting.ts';
import { exportFormat } from './protocol.ts';

const language = z.enum(['zh', 'en']).default('en');
const oneQuery = z.object({ format: exportFormat.default('stl'), language });
const manyQuery = oneQuery.extend({ ids: z.string().min(1).max(20_000) });
const checkQuery = z.object({ language });
const idParams = z.object({ id: z.string() });

const types: Record<z.infer<typeof exportFormat>, string> = {
  stl: 'model/stl',
  obj: 'model/obj',
  ply: 'model/vnd.ply',
  '3mf': 'model/3mf',
  glb: 'model/gltf-binary',
  seg: 'application/dicom',
};
const endings: Partial<Record<z.infer<typeof exportFormat>, string>> = { seg: 'dcm' };

/** Structures as files: one of them, or several of a volume together. */
export function exportRoutes(room: Reconstruction) {
  return async (app: FastifyInstance): Promise<void> => {
    const guard = { config: { permission: 'export' } } as const;

    app.get('/api/structures/:id/export', guard, async (request, reply) => {
      const { id } = idParams.parse(request.params);
      const query = oneQuery.parse(request.query);
      return send([id], query, request, reply);
    });

    app.get('/api/export/structures', guard, async (request, reply) => {
      const { ids, ...query } = manyQuery.parse(request.query);
      return send(ids.split(','), query, request, reply);
    });

    app.get('/api/structures/:id/printable', guard, async (request, reply) => {
      const { id } = idParams.parse(request.params);
      const query = checkQuery.parse(request.query);
      const warnings = await printability(room, id, query.language);
      return reply.header('cache-control', 'no-store').send({ warnings });
    });

    const send = async (
      ids: readonly string[],
      query: z.infer<typeof oneQuery>,
      request: FastifyRequest,
      reply: FastifyReply,
    ) => {
      const { format } = query;
      const file = await exportStructures(room, ids, format, query.language);
      const series = await room.deps.archive.oneSeries(file.manifest.seriesInstanceUid);
      await room.deps.audit({
        action: 'export',
        actor: actorOf(request),
        ...(series ? { object: { kind: 'study', id: series.studyInstanceUid } } : {}),
        details: {
          structure: file.structures.map((s) => s.key).join(' '),
          format,
          source: [...new Set(file.structures.map((s) => s.source))].join('; '),
        },
      });
      const name = file.structures.length === 1 ? file.structures[0]?.key : 'structures';
      return reply
        .header('content-type', types[format])
        .header('cache-control', 'no-store')
        .header(
          'content-disposition',
          `attachment; filename="${name}.${endings[format] ?? format}"`,
        )
        .send(file.bytes);
    };
  };
}
