import { createUser, role, setPassword, signIn, type User, YuepianError } from '@yuepian/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../http/index.ts';
import { type Accounts, sessionLifeMs } from './accounts.ts';
import type { Audit } from './audit.ts';
import { sessionCookie } from './identify.ts';
import { requireStrongEnough } from './passwords.ts';

const changePassword = z.object({
  current: z.string().min(1).max(1024),
  password: z.string().min(1).max(1024),
});
const changeUser = z.object({
  role: role.optional(),
  password: z.string().min(1).max(1024).optional(),
});
const createToken = z.object({ userId: z.string(), label: z.string().min(1).max(64) });
const auditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.coerce.number().int().positive().optional(),
});

const administer = { config: { permission: 'administer' } } as const;
const signedIn = { config: { permission: 'signed_in' } } as const;
const anyone = { config: { permission: 'anyone' } } as const;

/** Sign-in, own account, users, tokens and the audit. */
export function identityRoutes(accounts: Accounts, audit: Audit) {
  const openSession = async (request: FastifyRequest, reply: FastifyReply, user: User) => {
    const { secret } = await accounts.startSession(user, request.ip);
    reply.setCookie(sessionCookie, secret, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: request.protocol === 'https',
      maxAge: sessionLifeMs / 1000,
    });
  };

  return async (app: FastifyInstance): Promise<void> => {
    app.post('/api/session', anyone, async (request, reply) => {
      const { name, password } = signIn.parse(request.body);
      const claimed = { name, address: request.ip };
      const user = await accounts.verify(name, password, request.ip).catch(async (error) => {
        // Attempts that are turned away unread would only let an attacker fill the record.
        if (error instanceof YuepianError && error.code === 'wrong_password') {
          await audit.write({ action: 'sign_in', outcome: 'refused', claimed });
        }
        throw error;
      });
      await openSession(request, reply, user);
      await audit.write({
        action: 'sign_in',
        actor: { user, via: 'session', address: request.ip },
      });
      return { user };
    });

    app.get('/api/session', signedIn, async (request) => ({
      user: actorOf(request).user,
    }));

    app.delete('/api/session', signedIn, async (request, reply) => {
      const actor = actorOf(request);
      if (actor.sessionId) await accounts.endSession(actor.sessionId);
      await audit.write({ action: 'sign_out', actor });
      return reply.clearCookie(sessionCookie, { path: '/' }).code(204).send();
    });

    app.post('/api/session/password', signedIn, async (request, reply) => {
      const actor = actorOf(request);
      const { current, password } = changePassword.parse(request.body);
      await accounts.verify(actor.user.name, current, request.ip);
      await accounts.setPassword(actor.user.id, password, actor.sessionId);
      await audit.write({
        action: 'password_set',
        actor,
        object: { kind: 'user', id: actor.user.id },
      });
      return reply.code(204).send();
    });

    // Tells the setup page whose password the link sets, before anything is typed.
    app.get('/api/setup', anyone, async (request) => {
      const { token } = z.object({ token: z.string().min(1).max(256) }).parse(request.query);
      return { name: (await accounts.userOfSetupLink(token)).name };
    });

    app.post('/api/setup', anyone, async (request, reply) => {
      const { token, password } = setPassword.parse(request.body);
      const user = await accounts.useSetupLink(token, password);
      await openSession(request, reply, user);
      await audit.write({
        action: 'password_set',
        actor: { user, via: 'session', address: request.ip },
        object: { kind: 'user', id: user.id },
        details: { by: 'one-time link' },
      });
      return { user };
    });

    app.get('/api/users', administer, async () => ({ users: await accounts.users() }));

    app.post('/api/users', administer, async (request, reply) => {
      const user = await accounts.create(createUser.parse(request.body));
      await audit.write({
        action: 'user_created',
        actor: actorOf(request),
        object: { kind: 'user', id: user.id },
        details: { name: user.name, role: user.role },
      });
      return reply.code(201).send(user);
    });

    app.patch<{ Params: { id: string } }>('/api/users/:id', administer, async (request) => {
      const change = changeUser.parse(request.body);
      const user = await accounts.user(request.params.id);
      // Before the role: of two changes in one request none is made when one is refused.
      if (change.password) requireStrongEnough(change.password);
      const about = {
        actor: actorOf(request),
        object: { kind: 'user', id: user.id },
      } as const;
      if (change.role) {
        await accounts.setRole(user, change.role);
        await audit.write({ action: 'user_changed', ...about, details: { role: change.role } });
      }
      if (change.password) {
        await accounts.setPassword(user.id, change.password);
        await audit.write({ action: 'password_set', ...about });
      }
      return accounts.user(user.id);
    });

    app.delete<{ Params: { id: string } }>('/api/users/:id', administer, async (request, reply) => {
      const user = await accounts.user(request.params.id);
      await accounts.delete(user);
      await audit.write({
        action: 'user_deleted',
        actor: actorOf(request),
        object: { kind: 'user', id: user.id },
        details: { name: user.name },
      });
      return reply.code(204).send();
    });

    app.get('/api/tokens', administer, async () => ({ tokens: await accounts.tokens() }));

    app.post('/api/tokens', administer, async (request, reply) => {
      const { userId, label } = createToken.parse(request.body);
      const user = await accounts.user(userId);
      const { token, secret } = await accounts.newToken(user, label);
      await audit.write({
        action: 'token_created',
        actor: actorOf(request),
        object: { kind: 'token', id: token.id },
        details: { label, user: user.name },
      });
      return reply.code(201).send({ ...token, secret });
    });

    app.delete<{ Params: { id: string } }>(
      '/api/tokens/:id',
      administer,
      async (request, reply) => {
        await accounts.revokeToken(request.params.id);
        await audit.write({
          action: 'token_revoked',
          actor: actorOf(request),
          object: { kind: 'token', id: request.params.id },
        });
        return reply.code(204).send();
      },
    );

    app.get('/api/audit', administer, async (request) => {
      const { limit, before } = auditQuery.parse(request.query);
      return { entries: await audit.list(limit, before) };
    });

    app.get('/api/audit/check', administer, () => audit.verify());
  };
}
