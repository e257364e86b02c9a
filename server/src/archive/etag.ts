import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Says how long an answer may be kept: by the browser alone, and only to be asked about again. A UID
 * does not name its content; after deleting, a corrected image may come under the same one.
 * @param content what the bytes of the answer follow from.
 * @returns true when the sender has this answer already: send 304.
 */
export function isKnown(
  request: FastifyRequest,
  reply: FastifyReply,
  content: readonly (string | number | boolean)[],
): boolean {
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const etag = `"${digest.slice(0, 32)}"`;
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  const known = request.headers['if-none-match']?.split(',') ?? [];
  return known.some((one) => one.trim().replace(/^W\//, '') === etag);
}
