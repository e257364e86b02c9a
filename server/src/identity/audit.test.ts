import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, migrate, openDatabase } from '../storage/index.ts';
import { createIdentity, type Identity, identityMigrations } from './index.ts';

let database: Database;
let identity: Identity;

beforeEach(async () => {
  database = openDatabase(':memory:');
  await migrate(database, identityMigrations);
  identity = createIdentity(database);
});
afterEach(() => database.destroy());

const write = (n: number) =>
  Promise.all(
    Array.from({ length: n }, (_, i) =>
      identity.audit({ action: 'open', object: { kind: 'study', id: `1.2.${i}` } }),
    ),
  );
const run = (text: string) => sql.raw(text).execute(database);
const dropGuards = async () => {
  await run('DROP TRIGGER audit_is_not_changed');
  await run('DROP TRIGGER audit_is_not_deleted');
};

test('rows written at the same time form one chain, also after a restart', async () => {
  await write(1500);
  identity = createIdentity(database);
  await write(10);
  expect(await identity.verifyAudit()).toMatchObject({ ok: true, rows: 1510 });
});

test('rows cannot be changed or deleted by ordinary statements', async () => {
  await write(3);
  await expect(run("UPDATE audit SET user_name = 'x' WHERE seq = 2")).rejects.toThrow(
    'append-only',
  );
  await expect(run('DELETE FROM audit WHERE seq = 2')).rejects.toThrow('append-only');
});

test.each([
  ['a changed field', "UPDATE audit SET object_id = '9.9' WHERE seq = 7", 7],
  ['a changed time', "UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 7", 7],
  ['a removed row', 'DELETE FROM audit WHERE seq = 7', 7],
  [
    'an exchanged pair',
    "UPDATE audit SET object_id = CASE seq WHEN 7 THEN '1.2.7' ELSE '1.2.6' END WHERE seq IN (7, 8)",
    7,
  ],
  ['a forged hash', 'UPDATE audit SET hash = lower(hex(randomblob(32))) WHERE seq = 20', 20],
])('%s is found', async (_name, tampering, brokenAt) => {
  await write(20);
  await dropGuards();
  await run(tampering);
  expect(await identity.verifyAudit()).toEqual({ ok: false, brokenAt });
});
