import { minimumPasswordLength, type User, YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import type { Identify } from '../http/index.ts';
import type { Database, Migration } from '../storage/index.ts';
import { AccountStore, accountMigrations } from './accounts.store.ts';
import { Accounts, endsFor, type SessionEnd } from './accounts.ts';
import { AuditStore, auditMigrations } from './audit.store.ts';
import { Audit, type AuditCheck, type AuditEvent } from './audit.ts';
import { identify } from './identify.ts';
import { identityRoutes } from './routes.ts';
import { Tickets } from './tickets.ts';

export { endsFor, type SessionEnd } from './accounts.ts';
export type { AuditAction, AuditCheck, AuditEvent } from './audit.ts';
export { sessionCookie } from './identify.ts';
export { type Tickets, ticketLifeMs } from './tickets.ts';

export const identityMigrations: readonly Migration[] = [...accountMigrations, ...auditMigrations];
export const adminName = 'admin';

export interface Identity {
  readonly identify: Identify;
  /** Writes one row of the record; resolves when it is on disk. */
  audit(event: AuditEvent): Promise<void>;
  verifyAudit(): Promise<AuditCheck>;
  onSessionEnd(listener: (end: SessionEnd) => void): void;
  /** Short-lived, single-use tickets for connections beside HTTP. */
  readonly tickets: Tickets;
  /** Display names by user id; a user who was deleted is left out. */
  displayNames(): Promise<Record<string, string>>;
  /**
   * Makes sure that there is an administrator. Sets `password` when it has none yet; without one,
   * gives the secret of a new one-time link (page `/setup?token=…`). Null when nothing is to do.
   */
  ensureAdmin(
    password: string | undefined,
  ): Promise<{ setupToken: string } | { shortPassword: true } | null>;
  /** Maintenance from the command line: both take effect without the old password. */
  addUser(input: Parameters<Accounts['create']>[0]): Promise<User>;
  resetPassword(name: string, password: string): Promise<void>;
  routes(app: FastifyInstance): Promise<void>;
}

export function createIdentity(database: Database): Identity {
  const accounts = new Accounts(new AccountStore(database));
  const audit = new Audit(new AuditStore(database));
  const tickets = new Tickets();
  accounts.onSessionEnd((end) => tickets.end((actor) => endsFor(end, actor)));
  return {
    tickets,
    displayNames: async () =>
      Object.fromEntries((await accounts.users()).map((u) => [u.id, u.displayName])),
    identify: (request) => identify(accounts, request),
    audit: (event) => audit.write(event),
    verifyAudit: () => audit.verify(),
    onSessionEnd: (listener) => accounts.onSessionEnd(listener),
    addUser: (input) => accounts.create(input),
    routes: identityRoutes(accounts, audit),
    async ensureAdmin(password) {
      const users = await accounts.users();
      const existing = await accounts.byName(adminName);
      // Whoever runs the place may have made other administrators and removed this one.
      if (!existing && users.some((u) => u.role === 'admin')) return null;
      const admin =
        existing?.user ??
        (await accounts.create({
          name: adminName,
          // No word of one language: the interface names this account in the reader's.
          displayName: '',
          role: 'admin',
          password: null,
        }));
      if (existing?.hasPassword) return null;
      if (password === undefined) return { setupToken: await accounts.newSetupLink(admin) };
      await accounts.setOperatorsPassword(admin.id, password);
      await audit.write({
        action: 'password_set',
        object: { kind: 'user', id: admin.id },
        details: { by: 'environment' },
      });
      return [...password].length < minimumPasswordLength ? { shortPassword: true } : null;
    },
    async resetPassword(name, password) {
      const found = await accounts.byName(name);
      if (!found) throw new YuepianError('not_found', { what: name });
      await accounts.setPassword(found.user.id, password);
      await audit.write({
        action: 'password_set',
        object: { kind: 'user', id: found.user.id },
        details: { by: 'command line' },
      });
    },
  };
}
