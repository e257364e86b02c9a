import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';

/** The one database, without the types of any table; see `tablesOf`. */
export type Database = Kysely<unknown>;

/** A room's view of the database: its own tables, typed; never those of another room. */
export const tablesOf = <Tables>(database: Database): Kysely<Tables> =>
  database as unknown as Kysely<Tables>;

/** Prepared statements kept; rooms use a few dozen texts, lists of values make some more. */
const statementsKept = 256;

/**
 * Opens (or creates) the database file.
 *
 * WAL with synchronous=FULL: a transaction that was committed survives kill -9 and loss of power
 * (https://sqlite.org/pragma.html#pragma_synchronous). `':memory:'` is for tests.
 */
export function openDatabase(file: string): Database {
  const sqlite = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5000 });
  sqlite.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32000;
    PRAGMA journal_size_limit = 67108864;
  `);
  return new Kysely<unknown>({
    dialect: new SqliteDialect({ database: asKyselyDatabase(sqlite) }),
  });
}

/** Kysely's SQLite driver speaks better-sqlite3; node:sqlite differs in how values are passed. */
function asKyselyDatabase(sqlite: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => {
      kept.clear();
      sqlite.close();
    },
    prepare(sql) {
      const known = kept.get(sql);
      if (known !== undefined) return known;
      const made = asKyselyStatement(sqlite.prepare(sql));
      const statement = sql === 'rollback' ? rollbackOf(sqlite, made) : made;
      if (kept.size >= statementsKept) {
        const oldest = kept.keys().next();
        if (!oldest.done) kept.delete(oldest.value);
      }
      kept.set(sql, statement);
      return statement;
    },
  };
}

/**
 * SQLite rolls back by itself when the disk is full (sqlite.org/lang_transaction.html, 3.1); a second
 * rollback is an error then, and would stand in place of the one that says why.
 */
const rollbackOf = (sqlite: DatabaseSync, statement: SqliteStatement): SqliteStatement => ({
  ...statement,
  run: (parameters) =>
    sqlite.isTransaction ? statement.run(parameters) : { changes: 0, lastInsertRowid: 0 },
});

function asKyselyStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === undefined || value === null) return null;
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
      return value;
    }
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`not a database value: ${typeof value}`);
  });
}
