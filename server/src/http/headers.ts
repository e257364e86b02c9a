import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A Host header that is safe to repeat inside a policy; anything else falls back to 'self'. */
const plainHost = /^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:]+\](:\d{1,5})?$/;

/**
 * Content-Security-Policy. Scripts come from our own files only: WebAssembly and blob workers are
 * what the decoders need. Style attributes are allowed, style elements are not. Some browsers do
 * not count ws: as 'self', so the own host is named.
 */
export function contentSecurityPolicy(request: FastifyRequest): string {
  const { host } = request;
  const socket = plainHost.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self'${socket} blob: data:`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy(request));
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('x-frame-options', 'DENY');
    reply.header('cross-origin-resource-policy', 'same-origin');
    // Answers with patient data stay out of shared caches; a route may say something better.
    if (request.url.startsWith('/api/') || request.url.startsWith('/dicom-web')) {
      reply.header('cache-control', 'private, no-store');
      reply.header('vary', 'cookie, authorization');
    }
  });
}
