import { personColours } from '@yuepian/contract';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { migrate, openDatabase } from '../storage/index.ts';
import { identityMigrations } from './index.ts';

test('accounts with a colour of before get the one in its place, others keep theirs', async () => {
  const database = openDatabase(':memory:');
  await migrate(
    database,
    identityMigrations.filter((m) => !m.name.endsWith('person-colours')),
  );
  for (const [id, colour] of [
    ['a', '#5aa9e6'],
    ['b', '#9aa7f2'],
    ['c', personColours[3]],
  ]) {
    await sql`INSERT INTO users (id, name, name_key, display_name, role, colour, created_at)
      VALUES (${id}, ${id}, ${id}, ${id}, 'doctor', ${colour}, '')`.execute(database);
  }
  await migrate(database, identityMigrations);
  const { rows } = await sql<{ colour: string }>`SELECT colour FROM users ORDER BY id`.execute(
    database,
  );
  expect(rows.map((r) => r.colour)).toEqual([personColours[0], personColours[7], personColours[3]]);
  await database.destroy();
});
