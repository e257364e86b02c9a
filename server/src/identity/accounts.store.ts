import { personColours, type Role, type User, type UserId } from '@yuepian/contract';
import { type Kysely, sql } from 'kysely';
import { type Database, type Migration, tablesOf } from '../storage/index.ts';

interface UserRow {
  id: string;
  name: string;
  /** The name as it is compared: NFKC, lower case. */
  name_key: string;
  display_name: string;
  role: Role;
  colour: string;
  /** argon2id in PHC form; null until it is set through a link. */
  password_hash: string | null;
  created_at: string;
  /** The row stays, because marks and audit rows name its id. */
  deleted_at: string | null;
}
interface SessionRow {
  hash: string;
  user_id: string;
  created_at: number;
  seen_at: number;
  expires_at: number;
  address: string;
}
interface TokenRow {
  id: string;
  user_id: string;
  label: string;
  hash: string;
  created_at: string;
  revoked_at: string | null;
}
interface SetupLinkRow {
  hash: string;
  user_id: string;
  expires_at: number;
}
interface Tables {
  users: UserRow;
  sessions: SessionRow;
  api_tokens: TokenRow;
  setup_links: SetupLinkRow;
}

/** What accounts had before marks, cursor and name of a person took one colour. */
const earlierColours = [
  '#5aa9e6',
  '#f2a65a',
  '#7bc47f',
  '#c98bdb',
  '#e5737f',
  '#58c7c0',
  '#d9c25a',
  '#9aa7f2',
];

export const accountMigrations: readonly Migration[] = [
  {
    name: 'identity/001-accounts',
    up: async (database) => {
      for (const text of [
        `CREATE TABLE users (
           id TEXT PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL,
           display_name TEXT NOT NULL, role TEXT NOT NULL, colour TEXT NOT NULL,
           password_hash TEXT, created_at TEXT NOT NULL, deleted_at TEXT) STRICT`,
        'CREATE UNIQUE INDEX users_by_name ON users (name_key) WHERE deleted_at IS NULL',
        `CREATE TABLE sessions (
           hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id),
           created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
           address TEXT NOT NULL) STRICT`,
        'CREATE INDEX sessions_by_user ON sessions (user_id)',
        `CREATE TABLE api_tokens (
           id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), label TEXT NOT NULL,
           hash TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, revoked_at TEXT) STRICT`,
        `CREATE TABLE setup_links (
           hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id),
           expires_at INTEGER NOT NULL) STRICT`,
      ]) {
        await sql.raw(text).execute(database);
      }
    },
  },
  {
    name: 'identity/003-person-colours',
    up: async (database) => {
      for (const [n, old] of earlierColours.entries())
        await sql`UPDATE users SET colour = ${personColours[n]} WHERE colour = ${old}`.execute(
          database,
        );
    },
  },
];

export interface ApiToken {
  readonly id: string;
  readonly userId: UserId;
  readonly label: string;
  readonly createdAt: string;
}

export interface Session {
  readonly user: User;
  readonly seenAt: number;
  readonly expiresAt: number;
}

export const nameKey = (name: string): string => name.normalize('NFKC').toLowerCase();

/** The columns a `User` is made of, wherever the row comes from. */
const userColumns = [
  'users.id',
  'users.name',
  'users.display_name',
  'users.role',
  'users.colour',
] as const;
type UserColumns = Pick<UserRow, 'id' | 'name' | 'display_name' | 'role' | 'colour'>;

const toUser = (row: UserColumns): User => ({
  id: row.id as UserId,
  name: row.name,
  displayName: row.display_name,
  role: row.role,
  colour: row.colour,
});

/** Users, their sessions, machine tokens and one-time links. Secrets are stored as hashes only. */
export class AccountStore {
  readonly #db: Kysely<Tables>;

  constructor(database: Database) {
    this.#db = tablesOf<Tables>(database);
  }

  async users(): Promise<User[]> {
    const rows = await this.#db
      .selectFrom('users')
      .select(userColumns)
      .where('deleted_at', 'is', null)
      .orderBy('name_key')
      .execute();
    return rows.map(toUser);
  }

  async user(id: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('users')
      .select(userColumns)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toUser(row);
  }

  async byName(name: string): Promise<{ user: User; passwordHash: string | null } | undefined> {
    const row = await this.#db
      .selectFrom('users')
      .select([...userColumns, 'password_hash'])
      .where('name_key', '=', nameKey(name))
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    return row && { user: toUser(row), passwordHash: row.password_hash };
  }

  /** False when the name is taken. */
  async addUser(user: User, passwordHash: string | null): Promise<boolean> {
    const result = await this.#db
      .insertInto('users')
      .values({
        id: user.id,
        name: user.name,
        name_key: nameKey(user.name),
        display_name: user.displayName,
        role: user.role,
        colour: user.colour,
        password_hash: passwordHash,
        created_at: new Date().toISOString(),
        deleted_at: null,
      })
      .onConflict((c) => c.doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
  }

  async setRole(id: string, role: Role): Promise<void> {
    await this.#db.updateTable('users').set({ role }).where('id', '=', id).execute();
  }

  /** Sets the password and ends every session and link that came before it. */
  async setPassword(id: string, passwordHash: string, keepSession?: string): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      await t
        .updateTable('users')
        .set({ password_hash: passwordHash })
        .where('id', '=', id)
        .execute();
      await t
        .deleteFrom('sessions')
        .where('user_id', '=', id)
        .where('hash', '!=', keepSession ?? '')
        .execute();
      await t.deleteFrom('setup_links').where('user_id', '=', id).execute();
    });
  }

  async deleteUser(id: string): Promise<void> {
    const now = new Date().toISOString();
    await this.#db.transaction().execute(async (t) => {
      await t
        .updateTable('users')
        .set({ deleted_at: now, password_hash: null })
        .where('id', '=', id)
        .execute();
      await t.deleteFrom('sessions').where('user_id', '=', id).execute();
      await t.deleteFrom('setup_links').where('user_id', '=', id).execute();
      await t
        .updateTable('api_tokens')
        .set({ revoked_at: now })
        .where('user_id', '=', id)
        .where('revoked_at', 'is', null)
        .execute();
    });
  }

  async addSession(session: SessionRow): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      await t.deleteFrom('sessions').where('expires_at', '<', session.created_at).execute();
      await t.insertInto('sessions').values(session).execute();
    });
  }

  async session(hash: string): Promise<Session | undefined> {
    const row = await this.#db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select([...userColumns, 'sessions.seen_at', 'sessions.expires_at'])
      .where('sessions.hash', '=', hash)
      .where('users.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && { user: toUser(row), seenAt: row.seen_at, expiresAt: row.expires_at };
  }

  async touchSession(hash: string, seenAt: number): Promise<void> {
    await this.#db
      .updateTable('sessions')
      .set({ seen_at: seenAt })
      .where('hash', '=', hash)
      .execute();
  }

  async deleteSession(hash: string): Promise<void> {
    await this.#db.deleteFrom('sessions').where('hash', '=', hash).execute();
  }

  async addToken(token: ApiToken, hash: string): Promise<void> {
    await this.#db
      .insertInto('api_tokens')
      .values({
        id: token.id,
        user_id: token.userId,
        label: token.label,
        hash,
        created_at: token.createdAt,
        revoked_at: null,
      })
      .execute();
  }

  async tokens(): Promise<ApiToken[]> {
    const rows = await this.#db
      .selectFrom('api_tokens')
      .select(['id', 'user_id', 'label', 'created_at'])
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id as UserId,
      label: row.label,
      createdAt: row.created_at,
    }));
  }

  async revokeToken(id: string): Promise<boolean> {
    const result = await this.#db
      .updateTable('api_tokens')
      .set({ revoked_at: new Date().toISOString() })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  }

  async token(hash: string): Promise<{ id: string; user: User } | undefined> {
    const row = await this.#db
      .selectFrom('api_tokens')
      .innerJoin('users', 'users.id', 'api_tokens.user_id')
      .select([...userColumns, 'api_tokens.id as token_id'])
      .where('api_tokens.hash', '=', hash)
      .where('api_tokens.revoked_at', 'is', null)
      .where('users.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && { id: row.token_id, user: toUser(row) };
  }

  /** The user's only valid link from now on. */
  async replaceSetupLink(userId: string, hash: string, expiresAt: number): Promise<void> {
    await this.#db.transaction().execute(async (t) => {
      await t.deleteFrom('setup_links').where('user_id', '=', userId).execute();
      await t
        .insertInto('setup_links')
        .values({ hash, user_id: userId, expires_at: expiresAt })
        .execute();
    });
  }

  /** The user a link belongs to, without using it up. */
  async userOfSetupLink(hash: string, now: number): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('setup_links')
      .innerJoin('users', 'users.id', 'setup_links.user_id')
      .select(userColumns)
      .where('setup_links.hash', '=', hash)
      .where('setup_links.expires_at', '>', now)
      .where('users.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toUser(row);
  }

  /** True for exactly one caller. */
  async useSetupLink(hash: string, now: number): Promise<boolean> {
    const result = await this.#db
      .deleteFrom('setup_links')
      .where('hash', '=', hash)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return Number(result.numDeletedRows) === 1;
  }
}
