import { may, type Permission, type User, YuepianError } from '@yuepian/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkOrigin } from './origin.ts';

/** Who sends a request, and by which proof. */
export interface Actor {
  readonly user: User;
  readonly via: 'session' | 'basic' | 'token';
  /** Hash of the session; present when `via` is `session`. Tells which open sockets end with it. */
  readonly sessionId?: string;
  /** Present when `via` is `token`; tells which open connections end when it is revoked. */
  readonly tokenId?: string;
  readonly address: string;
}

/**
 * What a route asks for: one of the contract's permissions, any signed-in user, or nothing.
 * Every route says so in `config.permission`; one that says nothing cannot be registered.
 */
export type RouteAccess = Permission | 'signed_in' | 'anyone';

/** Finds out who sends a request; null when it carries no proof. Throws when the proof is wrong. */
export type Identify = (request: FastifyRequest) => Promise<Actor | null>;

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: RouteAccess;
  }
  interface FastifyRequest {
    actor: Actor | null;
  }
}

/** The signed-in sender of a request. Throws not_signed_in. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new YuepianError('not_signed_in');
  return request.actor;
}

/** Throws not_allowed unless the actor's role has the permission; for what a route cannot say alone. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (!may(actor.user.role, permission)) throw new YuepianError('not_allowed');
}

const isAccess = (value: unknown): value is RouteAccess => typeof value === 'string';

/**
 * Guards every route: who is it, may they, and does the request come from our own page.
 * A route without `config.permission` throws while it is registered, so a forgotten one is seen at
 * the first start and not by an attacker.
 */
export function guardRoutes(app: FastifyInstance, identify: Identify): void {
  app.decorateRequest('actor', null);
  app.addHook('onRoute', (route) => {
    if (!isAccess(route.config?.permission)) {
      throw new Error(
        `Route ${String(route.method)} ${route.url} declares no config.permission: ` +
          "name a Permission, 'signed_in' or 'anyone'.",
      );
    }
  });
  app.addHook('onRequest', async (request) => {
    const access = request.is404 ? 'anyone' : request.routeOptions.config.permission;
    checkOrigin(request);
    if (access === 'anyone') return;
    if (!isAccess(access)) throw new YuepianError('not_allowed');
    request.actor = await identify(request);
    const actor = actorOf(request);
    if (access !== 'signed_in') requirePermission(actor, access);
    // A browser always names its origin on an upgrade; a cookie without one is no page of ours.
    if (isUpgrade(request) && actor.via === 'session' && request.headers.origin === undefined) {
      throw new YuepianError('wrong_origin');
    }
  });
}

export const isUpgrade = (request: FastifyRequest): boolean =>
  request.headers.upgrade?.toLowerCase() === 'websocket';
