import { YuepianError } from '@yuepian/contract';
import { sql } from 'kysely';
import { type Database, tablesOf } from './sqlite.ts';

/** One step of a room's tables. Never edited once released; a change is a new step. */
export interface Migration {
  /** `room/number-what`, e.g. `archive/001-index`; the room is what stands before the slash. */
  readonly name: string;
  up(database: Database): Promise<void>;
}

interface MigrationTables {
  migrations: { name: string; applied_at: string };
}

const roomOf = (name: string): string => name.slice(0, name.indexOf('/'));

/**
 * Applies the steps not yet applied, each in its own transaction, a room's in the order of their numbers.
 * Each room may call it with its own list, or main once with all of them.
 *
 * @throws unsupported_version when the database holds a step of these rooms that this program
 *   does not know, or knows in another order: a newer version wrote it.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  for (const { name } of migrations) {
    if (!/^[a-z]+\/[a-z0-9-]+$/.test(name)) throw new TypeError(`not a migration name: ${name}`);
  }
  const db = tablesOf<MigrationTables>(database);
  await db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('applied_at', 'text', (c) => c.notNull())
    .execute();

  const rooms = new Set(migrations.map((m) => roomOf(m.name)));
  // A room's parts each bring their own; the numbers in the names say which came first.
  const inOrder = [...rooms].flatMap((room) =>
    migrations.filter((m) => roomOf(m.name) === room).sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  const rows = await db.selectFrom('migrations').select('name').orderBy(sql`rowid`).execute();
  for (const room of rooms) {
    const applied = rows.map((r) => r.name).filter((name) => roomOf(name) === room);
    const known = inOrder.map((m) => m.name).filter((name) => roomOf(name) === room);
    if (applied.some((name, i) => known[i] !== name)) throw new YuepianError('unsupported_version');
  }

  const applied = new Set(rows.map((r) => r.name));
  const added: string[] = [];
  for (const migration of inOrder) {
    if (applied.has(migration.name)) continue;
    await db.transaction().execute(async (transaction) => {
      await migration.up(transaction as unknown as Database);
      await transaction
        .insertInto('migrations')
        .values({ name: migration.name, applied_at: new Date().toISOString() })
        .execute();
    });
    added.push(migration.name);
  }
  return added;
}
