import { YuepianError } from '@yuepian/contract';
import type { FastifyRequest } from 'fastify';

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site's page sends on a user's behalf (CSRF, cross-site websockets).
 * SameSite=Lax cookies are the first wall; this one also covers Basic credentials that a browser
 * remembers. Clients that are no browser send neither header and pass. Throws wrong_origin.
 */
export function checkOrigin(request: FastifyRequest): void {
  const upgrade = request.headers.upgrade?.toLowerCase() === 'websocket';
  if (reading.has(request.method) && !upgrade) return;
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (hostOf(origin) !== request.host.toLowerCase()) throw new YuepianError('wrong_origin');
    return;
  }
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new YuepianError('wrong_origin');
  }
}

/** Only the host is compared: a proxy that ends TLS changes the scheme, not the host. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}
