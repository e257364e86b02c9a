import { open } from 'node:fs/promises';
import { YuepianError } from '@yuepian/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface FileAnswer {
  readonly path: string;
  readonly type: string;
  /** Names the content: the strong ETag. */
  readonly tag: string;
  /** The address itself names the content, so the answer may be kept for ever. */
  readonly immutable: boolean;
  /** Length the file must have; another one means that it is damaged. */
  readonly bytes?: number;
  /** Name to save it under. */
  readonly saveAs?: string;
}

/**
 * Streams a file. Patient data: only the browser itself may keep it, never a proxy.
 * @throws YuepianError not_found when it is not there (any more).
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: FileAnswer,
): Promise<FastifyReply> {
  const etag = `"${answer.tag}"`;
  reply
    .header('etag', etag)
    .header(
      'cache-control',
      answer.immutable ? 'private, max-age=31536000, immutable' : 'private, no-cache',
    )
    // Compressed already; a proxy that compresses it again only costs time.
    .header('content-type', answer.type);
  if (answer.saveAs) {
    reply.header('content-disposition', `attachment; filename="${answer.saveAs}"`);
  }
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const file = await open(answer.path, 'r').catch((cause: unknown) => {
    throw new YuepianError('not_found', { what: 'file' }, { cause });
  });
  const { size } = await file.stat();
  if (answer.bytes !== undefined && size !== answer.bytes) {
    await file.close();
    throw new YuepianError('not_found', { what: 'file' });
  }
  reply.header('content-length', size);
  if (request.method === 'HEAD') {
    await file.close();
    return reply.send();
  }
  return reply.send(file.createReadStream({ highWaterMark: 256 * 1024 }));
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' ||
    header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag));
