import cookie from '@fastify/cookie';
import websocket from '@fastify/websocket';
import fastify, { type FastifyInstance } from 'fastify';
import { guardRoutes, type Identify } from './access.ts';
import { jsonLimitBytes, mapErrors } from './errors.ts';
import { addSecurityHeaders } from './headers.ts';
import { consoleLog, type Log } from './log.ts';
import { cutSlowClients } from './slow-clients.ts';
import { serveWebApp } from './web-app.ts';

/** Largest websocket frame: one update of a case document, see cases. */
export const socketMessageLimitBytes = 8 << 20;
/** A connection on which nothing moves is closed. */
export const idleConnectionMs = 120_000;
/** Request line and headers must arrive within this time. */
export const headersMs = 20_000;

export interface AppOptions {
  readonly identify: Identify;
  /** Folder of the built web app (web/dist). */
  readonly webFolder: string;
  readonly version: string;
  readonly log?: Log;
  /** How long a body may trickle; see cutSlowClients. */
  readonly bodyPeriodMs?: number;
  /** Ends streams and sockets when the server stops; no new ones are let in any more. */
  readonly beforeClose?: () => Promise<void>;
}

/**
 * The one HTTP server: errors, headers, guard, websockets, health and the web app. Rooms add their
 * routes with `app.register(room.routes)`; every route declares `config.permission`.
 */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const log = options.log ?? consoleLog;
  const app = fastify({
    logger: false,
    bodyLimit: jsonLimitBytes,
    connectionTimeout: idleConnectionMs,
    // No limit on a whole request: a study over a slow line takes its time. See cutSlowClients.
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // A reverse proxy on this machine may say who the client is and that it speaks https.
    trustProxy: 'loopback',
    routerOptions: { maxParamLength: 256 },
  });
  app.server.headersTimeout = headersMs;

  mapErrors(app, log);
  // First, because the guard reads cookies.
  await app.register(cookie);
  addSecurityHeaders(app);
  guardRoutes(app, options.identify);
  cutSlowClients(app, options.bodyPeriodMs);
  // Before the websocket plugin's own hook, which waits for every client to answer.
  app.addHook('preClose', async () => options.beforeClose?.());
  await app.register(websocket, { options: { maxPayload: socketMessageLimitBytes } });

  app.get('/healthz', { config: { permission: 'anyone' } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok', version: options.version };
  });
  await serveWebApp(app, options.webFolder);
  return app;
}
