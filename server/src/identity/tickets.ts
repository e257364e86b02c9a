import type { Actor } from '../http/index.ts';
import { hashSecret, newSecret } from './passwords.ts';

/** A ticket is fetched right before it is used; a slow line needs no longer. */
export const ticketLifeMs = 30_000;
/** Tickets kept at once; the oldest go first. */
const ticketsAtMost = 10_000;

interface Ticket {
  readonly actor: Actor;
  readonly object: string;
  readonly expiresAt: number;
}

/**
 * Tickets let one connection in that carries no cookie of its own worth trusting: a websocket, a
 * media server. Each is bound to a person and an object, works once and not for long. Kept in memory:
 * a restart ends them, and the client asks for another.
 */
export class Tickets {
  readonly #tickets = new Map<string, Ticket>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  issue(actor: Actor, object: string): { ticket: string; seconds: number } {
    const now = this.#now();
    for (const [hash, { expiresAt }] of this.#tickets) {
      if (expiresAt > now && this.#tickets.size < ticketsAtMost) break;
      this.#tickets.delete(hash);
    }
    const ticket = newSecret();
    this.#tickets.set(hashSecret(ticket), { actor, object, expiresAt: now + ticketLifeMs });
    return { ticket, seconds: ticketLifeMs / 1000 };
  }

  /** Who the ticket was given to; it is used up then. Undefined when it is not good for `object`. */
  redeem(ticket: string, object: string): Actor | undefined {
    const hash = hashSecret(ticket);
    const found = this.#tickets.get(hash);
    if (!found) return undefined;
    // Shown for something else, it is spent too: whoever does that may not try on.
    this.#tickets.delete(hash);
    return found.object === object && found.expiresAt > this.#now() ? found.actor : undefined;
  }

  /** Takes away the tickets of actors that lost their right. */
  end(lost: (actor: Actor) => boolean): void {
    for (const [hash, { actor }] of this.#tickets) if (lost(actor)) this.#tickets.delete(hash);
  }
}
