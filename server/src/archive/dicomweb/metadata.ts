import { Readable } from 'node:stream';
import { type DicomJson, toDicomJson } from '@yuepian/dicom';
import type { FastifyInstance } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import { readerOf, readHeader } from '../read.ts';
import type { ArchivedInstance } from '../stored.ts';
import { baseUrl, instanceUrl } from './address.ts';
import { checkAccept } from './qido.ts';
import { type InstancePath, instancesOf } from './wado.ts';

/** Headers read ahead of what is being sent. */
const ahead = 8;

/** Metadata resources (PS3.18 §10.4.1.1.2) as DICOM JSON. */
export function metadataRoutes(app: FastifyInstance, parts: ArchiveParts): void {
  const route = (path: string) =>
    app.get<{ Params: InstancePath }>(
      path,
      { config: { permission: 'read' } },
      async (request, reply) => {
        checkAccept(request.headers.accept);
        const instances = await instancesOf(parts, request.params);
        const base = baseUrl(request);
        reply.header('cache-control', 'no-cache').type('application/dicom+json');
        return reply.send(
          Readable.from(
            jsonArray(instances, (one) => metadataOf(parts, base, one)),
            {
              objectMode: false,
            },
          ),
        );
      },
    );
  route('/studies/:study/metadata');
  route('/studies/:study/series/:series/metadata');
  route('/studies/:study/series/:series/instances/:sop/metadata');
}

async function metadataOf(
  { blobs }: ArchiveParts,
  base: string,
  instance: ArchivedInstance,
): Promise<DicomJson> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance;
  const url = instanceUrl(base, studyInstanceUid, seriesInstanceUid, sopInstanceUid);
  const dataset = await readHeader(readerOf(blobs, instance), instance.place);
  return {
    ...toDicomJson(dataset, { bulkDataUri: (path) => `${url}/bulkdata/${path}` }),
    // JSON is UTF-8, whatever the file is in (PS3.18 §F.2.2).
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    // Available Transfer Syntax UID: what frames can be had in as stored.
    '00083002': { vr: 'UI', Value: [instance.transferSyntaxUid] },
  };
}

async function* jsonArray<T>(items: readonly T[], make: (item: T) => Promise<unknown>) {
  const running: Promise<unknown>[] = [];
  let next = 0;
  const start = () => {
    const item = items[next++];
    if (item === undefined) return;
    const made = make(item);
    // Its failure is told when its turn comes.
    made.catch(() => undefined);
    running.push(made);
  };
  for (let i = 0; i < ahead; i++) start();
  let separator = '[';
  for (let made = running.shift(); made !== undefined; made = running.shift()) {
    start();
    yield `${separator}${JSON.stringify(await made)}`;
    separator = ',\n';
  }
  yield ']';
}
