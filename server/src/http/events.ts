import type { ServerEvent } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { type Actor, actorOf } from './access.ts';

/** Keeps proxies from closing a quiet stream; below their usual 30–60 s. */
export const heartbeatMs = 15_000;

/** A reader that lets this much pile up has stalled; it reconnects and asks for the present state. */
const maximumBacklogBytes = 1 << 20;

export interface Events {
  /** Sends an event to every open page. Never throws, never waits. */
  publish(event: ServerEvent): void;
  /** Mounts `GET /api/events` (server-sent events, WHATWG HTML §9.2). */
  routes(app: FastifyInstance): Promise<void>;
  /** Ends the streams of actors that lost their right. */
  end(lost: (actor: Actor) => boolean): void;
  /** Ends all streams, so that the server can stop. */
  close(): void;
}

interface Reader {
  write(text: string): boolean;
  end(): unknown;
  readonly writableLength: number;
}

export function createEvents(): Events {
  const readers = new Map<Reader, Actor>();
  const send = (text: string) => {
    for (const reader of readers.keys()) {
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
        readers.set(reply.raw, actorOf(request));
        reply.raw.on('close', () => readers.delete(reply.raw));
      });
    },
    end: (lost) => {
      for (const [reader, actor] of readers) if (lost(actor)) reader.end();
    },
    close: () => {
      clearInterval(heartbeat);
      for (const reader of readers.keys()) reader.end();
      readers.clear();
    },
  };
}
