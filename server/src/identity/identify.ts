import { YuepianError } from '@yuepian/contract';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../http/index.ts';
import type { Accounts } from './accounts.ts';

export const sessionCookie = 'yuepian_session';

/**
 * Who sends a request: by Authorization (Basic or Bearer, for machine clients) or by the session
 * cookie. Null without any proof. Throws wrong_password, too_many_attempts, not_signed_in.
 */
export async function identify(accounts: Accounts, request: FastifyRequest): Promise<Actor | null> {
  const address = request.ip;
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [scheme = '', value = ''] = authorization.split(/ +/, 2);
    if (scheme.toLowerCase() === 'basic') {
      const { name, password } = readBasic(value);
      const user = await accounts.verifyBasic(name, password, address);
      return { user, via: 'basic', address };
    }
    if (scheme.toLowerCase() === 'bearer') {
      const token = await accounts.token(value);
      if (!token) throw new YuepianError('not_signed_in');
      return { user: token.user, via: 'token', tokenId: token.id, address };
    }
    throw new YuepianError('not_signed_in');
  }
  const secret = request.cookies[sessionCookie];
  if (!secret) return null;
  const session = await accounts.session(secret);
  if (!session) return null;
  return { user: session.user, via: 'session', sessionId: session.id, address };
}

/** RFC 7617: base64 of name ":" password, here in UTF-8. The name holds no colon. */
function readBasic(value: string): { name: string; password: string } {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw new YuepianError('wrong_password');
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (name.length > 128 || password.length > 1024) throw new YuepianError('wrong_password');
  return { name, password };
}
