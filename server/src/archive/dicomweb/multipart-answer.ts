import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export interface AnswerPart {
  readonly contentType: string;
  readonly location?: string;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** Sends multipart/related (RFC 2387) as it is produced; a part may be of any length. */
export function sendMultipart(
  reply: FastifyReply,
  type: string,
  parts: AsyncIterable<AnswerPart>,
): FastifyReply {
  const boundary = randomUUID();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let start = `--${boundary}`;
    for await (const part of parts) {
      const headers = [`Content-Type: ${part.contentType}`];
      if (part.location !== undefined) headers.push(`Content-Location: ${part.location}`);
      yield Buffer.from(`${start}\r\n${headers.join('\r\n')}\r\n\r\n`);
      if (part.body instanceof Uint8Array) yield part.body;
      else yield* part.body;
      start = `\r\n--${boundary}`;
    }
    yield Buffer.from(`${start}--\r\n`);
  }
  return reply
    .type(`multipart/related; type="${type}"; boundary=${boundary}`)
    .send(Readable.from(bytes(), { objectMode: false, highWaterMark: 1 << 20 }));
}
