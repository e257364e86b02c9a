import { randomUUID } from 'node:crypto';
import {
  personColours,
  type Role,
  type User,
  type UserId,
  userId,
  YuepianError,
} from '@yuepian/contract';
import type { Actor } from '../http/index.ts';
import type { AccountStore, ApiToken } from './accounts.store.ts';
import {
  hashPassword,
  hashSecret,
  newSecret,
  requireStrongEnough,
  VerifiedPasswords,
  verifyPassword,
} from './passwords.ts';
import { Throttle } from './throttle.ts';

/** A session ends after this time without a request … */
export const sessionIdleMs = 12 * 3_600_000;
/** … and after this time in any case. */
export const sessionLifeMs = 7 * 24 * 3_600_000;
/** How long a one-time link stays valid; each start prints a new one while it is needed. */
export const setupLinkLifeMs = 24 * 3_600_000;
/** How long a machine client's right password is remembered. */
const basicMemoryMs = 5 * 60_000;
/** "Last seen" is written at most this often. */
const touchEveryMs = 60_000;

/** Accounts, sign-in and sessions. All refusals are YuepianErrors. */
export class Accounts {
  readonly #store: AccountStore;
  readonly #verified = new VerifiedPasswords<User>(basicMemoryMs);
  /** One account from one address, one account from anywhere, one address at any account. */
  readonly #perPair = new Throttle({ free: 5, longestSeconds: 15 * 60 });
  readonly #perName = new Throttle({ free: 30, longestSeconds: 60 });
  readonly #perAddress = new Throttle({ free: 50, longestSeconds: 15 * 60 });
  readonly #ended = new Set<(end: SessionEnd) => void>();
  /** Verified against when the name is unknown, so that both cases take equally long. */
  #decoy: Promise<string> | undefined;

  constructor(store: AccountStore) {
    this.#store = store;
  }

  /** Calls back when sessions or a whole user lose their right, so that open sockets can end. */
  onSessionEnd(listener: (end: SessionEnd) => void): void {
    this.#ended.add(listener);
  }

  /** The user of this name and password. Throws wrong_password or too_many_attempts. */
  async verify(name: string, password: string, address: string): Promise<User> {
    const pair = `${name.toLowerCase()}\0${address}`;
    const gates: [Throttle, string][] = [
      [this.#perPair, pair],
      [this.#perName, name.toLowerCase()],
      [this.#perAddress, address],
    ];
    for (const [throttle, key] of gates) throttle.check(key);
    for (const [throttle, key] of gates) throttle.begin(key);
    const found = await this.#store.byName(name);
    this.#decoy ??= hashPassword(newSecret());
    const right = await verifyPassword(found?.passwordHash ?? (await this.#decoy), password);
    if (!found?.passwordHash || !right) throw new YuepianError('wrong_password');
    for (const [throttle, key] of gates) throttle.succeed(key);
    return found.user;
  }

  /** As `verify`, remembering right answers for a few minutes; for HTTP Basic. */
  verifyBasic(name: string, password: string, address: string): Promise<User> {
    return this.#verified.get(name, password, () => this.verify(name, password, address));
  }

  async startSession(user: User, address: string): Promise<{ secret: string; expiresAt: number }> {
    const secret = newSecret();
    const now = Date.now();
    const expiresAt = now + sessionLifeMs;
    await this.#store.addSession({
      hash: hashSecret(secret),
      user_id: user.id,
      created_at: now,
      seen_at: now,
      expires_at: expiresAt,
      address,
    });
    return { secret, expiresAt };
  }

  async session(secret: string): Promise<{ id: string; user: User } | undefined> {
    const id = hashSecret(secret);
    const session = await this.#store.session(id);
    if (!session) return undefined;
    const now = Date.now();
    if (now >= session.expiresAt || now >= session.seenAt + sessionIdleMs) {
      await this.endSession(id);
      return undefined;
    }
    if (now - session.seenAt > touchEveryMs) await this.#store.touchSession(id, now);
    return { id, user: session.user };
  }

  async endSession(id: string): Promise<void> {
    await this.#store.deleteSession(id);
    this.#tell({ sessionId: id });
  }

  users(): Promise<User[]> {
    return this.#store.users();
  }

  async user(id: string): Promise<User> {
    const user = await this.#store.user(id);
    if (!user) throw new YuepianError('not_found', { what: 'user' });
    return user;
  }

  async byName(name: string): Promise<{ user: User; hasPassword: boolean } | undefined> {
    const found = await this.#store.byName(name);
    return found && { user: found.user, hasPassword: found.passwordHash !== null };
  }

  /** A password of null waits for a one-time link. Throws already_exists, weak_password. */
  async create(input: {
    name: string;
    displayName: string;
    role: Role;
    password: string | null;
  }): Promise<User> {
    if (input.password !== null) requireStrongEnough(input.password);
    const count = (await this.#store.users()).length;
    const user: User = {
      id: userId.parse(randomUUID()),
      name: input.name,
      displayName: input.displayName || input.name,
      role: input.role,
      // For good, and where it is free also in a case: marks, cursor and name of a person look alike.
      colour: personColours[count % personColours.length] ?? personColours[0],
    };
    const hash = input.password === null ? null : await hashPassword(input.password);
    if (!(await this.#store.addUser(user, hash))) {
      throw new YuepianError('already_exists', { what: input.name });
    }
    return user;
  }

  /** Throws weak_password. Every other session of the user ends. */
  async setPassword(id: UserId, password: string, keepSession?: string): Promise<void> {
    requireStrongEnough(password);
    await this.setOperatorsPassword(id, password, keepSession);
  }

  /** Without the length rule: whoever starts the server already has every right over it. */
  async setOperatorsPassword(id: UserId, password: string, keepSession?: string): Promise<void> {
    await this.#store.setPassword(id, await hashPassword(password), keepSession);
    this.#verified.forget(id);
    this.#tell(keepSession === undefined ? { userId: id } : { userId: id, except: keepSession });
  }

  async setRole(user: User, role: Role): Promise<void> {
    if (user.role === 'admin' && role !== 'admin') await this.#requireAnotherAdmin(user.id);
    await this.#store.setRole(user.id, role);
    this.#verified.forget(user.id);
    // Open sockets were let in with the old role; they come back with the new one.
    this.#tell({ userId: user.id });
  }

  async delete(user: User): Promise<void> {
    if (user.role === 'admin') await this.#requireAnotherAdmin(user.id);
    await this.#store.deleteUser(user.id);
    this.#verified.forget(user.id);
    this.#tell({ userId: user.id });
  }

  async #requireAnotherAdmin(id: UserId): Promise<void> {
    const admins = (await this.#store.users()).filter((u) => u.role === 'admin' && u.id !== id);
    if (admins.length === 0) {
      throw new YuepianError('invalid_request', { reason: 'this is the last administrator' });
    }
  }

  /** A new one-time link secret for the user; earlier ones end. */
  async newSetupLink(user: User): Promise<string> {
    const secret = newSecret();
    await this.#store.replaceSetupLink(user.id, hashSecret(secret), Date.now() + setupLinkLifeMs);
    return secret;
  }

  /** Throws link_used_or_expired. */
  async userOfSetupLink(secret: string): Promise<User> {
    const user = await this.#store.userOfSetupLink(hashSecret(secret), Date.now());
    if (!user) throw new YuepianError('link_used_or_expired');
    return user;
  }

  /** Sets the password by a one-time link, once. Throws link_used_or_expired, weak_password. */
  async useSetupLink(secret: string, password: string): Promise<User> {
    const user = await this.userOfSetupLink(secret);
    requireStrongEnough(password);
    if (!(await this.#store.useSetupLink(hashSecret(secret), Date.now()))) {
      throw new YuepianError('link_used_or_expired');
    }
    await this.setPassword(user.id, password);
    return user;
  }

  /** The secret is shown once and never again. */
  async newToken(user: User, label: string): Promise<{ token: ApiToken; secret: string }> {
    const secret = newSecret();
    const token = {
      id: randomUUID(),
      userId: user.id,
      label,
      createdAt: new Date().toISOString(),
    };
    await this.#store.addToken(token, hashSecret(secret));
    return { token, secret };
  }

  tokens(): Promise<ApiToken[]> {
    return this.#store.tokens();
  }

  async revokeToken(id: string): Promise<void> {
    if (!(await this.#store.revokeToken(id)))
      throw new YuepianError('not_found', { what: 'token' });
    this.#tell({ tokenId: id });
  }

  token(secret: string): Promise<{ id: string; user: User } | undefined> {
    return this.#store.token(hashSecret(secret));
  }

  #tell(end: SessionEnd): void {
    for (const listener of this.#ended) listener(end);
  }
}

/** Which open connections lost their right: one session or token, or all of a user but one. */
export type SessionEnd =
  | { readonly sessionId: string }
  | { readonly tokenId: string }
  | { readonly userId: UserId; readonly except?: string };

export function endsFor(end: SessionEnd, actor: Actor): boolean {
  if ('sessionId' in end) return actor.sessionId === end.sessionId;
  if ('tokenId' in end) return actor.tokenId === end.tokenId;
  if (actor.user.id !== end.userId) return false;
  return end.except === undefined || actor.sessionId !== end.except;
}
