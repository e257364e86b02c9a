import type { ServerEvent } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';

/** Keeps proxies from closing a quiet stream; below their usual 30–60 s. */
export const heartbeatMs = 15_000;

/** A reader that lets this much pile up has stalled; it reconnects and asks for the present state. */
const maximumBacklogBytes = 1 << 20;

export interface Events {
  /** Sends an event to every open page. Never throws, never waits. */
  publish(event: ServerEvent): void;
  /** Mounts `GET /api/events` (server-sent events, WHATWG HTML §9.2). */
  routes(app: FastifyInstance): Promise<void>;
  /** Ends all streams, so that the server can stop. */
  close(): void;
}

interface Reader {
  write(text: string): boolean;
  end(): unknown;
  readonly writableLength: number;
}

export function createEvents(): Events {
  const readers = new Set<Reader>();
  const send = (text: string) => {
    for (const reader of readers) {
      reader.write(text);
      if (reader.writableLength > maximumBacklogBytes) {
        readers.delete(reader);
        reader.end();
      }
    }
  };
  const heartbeat = setInterval(() => send(': still here\n\n'), heartbeatMs);
  heartbeat.unref();

  return {
    publish: (event) => send(`data: ${JSON.stringify(event)}\n\n`),
    routes: async (app) => {
      app.get('/api/events', { config: { permission: 'read' } }, (request, reply) => {
        reply.hijack();
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          if (value !== undefined) reply.raw.setHeader(name, value);
        }
        reply.raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        reply.raw.write('retry: 1000\n\n');
        readers.add(reply.raw);
        request.raw.on('close', () => readers.delete(reply.raw));
      });
    },
    close: () => {
      clearInterval(heartbeat);
      for (const reader of readers) reader.end();
      readers.clear();
    },
  };
}
