import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { actor, openEditing, run, type TestEditing } from './testing-editing.ts';

const begin = { key: 'bone', source: 'joined by hand', mask: run(0, 50) };
const take = (id: string, diff: string, baseRevision: number) =>
  ({ id, baseRevision, diff, tool: 'split', kind: 'edit', description: '' }) as never;
const hide = (id: string, hidden: boolean, baseRevision?: number) =>
  ({ id, hidden, ...(baseRevision === undefined ? {} : { baseRevision }) }) as never;
const listed = async ({ database }: TestEditing) => {
  const rows = async (table: string): Promise<number> => {
    const found = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)}`.execute(
      database,
    );
    return Number(found.rows[0]?.n);
  };
  return [await rows('edited_structures'), await rows('structure_edits')];
};

it('merges two and cuts one in one step each, told to everybody, and in the log of each', async () => {
  await using room = await openEditing();
  const { editing, manifest } = room;
  const [a, b] = [await room.begin(), await room.begin()];
  const { begun, changed } = await editing.together(
    manifest.id,
    { begin, changes: [hide(a.id, true, 1), hide(b.id, true, 1)] },
    actor,
  );
  expect(begun).toMatchObject({ key: 'bone_103', voxels: 50, edited: { revision: 1 } });
  expect(changed.map((s) => [s.id, s.edited?.revision])).toEqual([
    [a.id, 2],
    [b.id, 2],
  ]);
  expect([...(await editing.overlay(manifest, [])).keys()]).toEqual([begun?.id]);
  const cut = await editing.together(
    manifest.id,
    { begin: { ...begin, mask: run(10, 20) }, changes: [take(begun?.id ?? '', run(10, 20), 1)] },
    actor,
  );
  expect([cut.begun?.voxels, cut.changed[0]?.voxels]).toEqual([10, 40]);
  // After a start, from disk alone.
  const again = room.again().editing;
  expect((await again.overlay(manifest, [])).size).toBe(2);
  expect((await again.structure(begun?.id ?? ''))?.voxels).toBe(40);
  expect((await again.history(a.id)).map((e) => e.kind)).toEqual(['edit', 'hide']);
  expect(room.events.filter((e) => e.type === 'edited')).toHaveLength(7);
  expect(room.audited).toHaveLength(7);
});

it('changes nothing where one of them was changed since, is another’s, or is named twice', async () => {
  await using room = await openEditing();
  const { editing, manifest } = room;
  const [a, b] = [await room.begin(), await room.begin()];
  const before = await listed(room);
  for (const [changes, code] of [
    [[hide(a.id, true, 1), hide(b.id, true, 0)], 'edit_stale'],
    [[take(a.id, run(0, 5), 1), take(b.id, run(0, 5), 7)], 'edit_stale'],
    [[hide(a.id, true), hide(a.id, false)], 'invalid_request'],
    [[hide(a.id, true), hide('0'.repeat(24), true)], 'not_found'],
  ] as const)
    await expect(
      editing.together(manifest.id, { begin, changes: [...changes] }, actor),
    ).rejects.toMatchObject({ code });
  await expect(
    editing.together('another', { changes: [hide(a.id, true)] }, actor),
  ).rejects.toMatchObject({ code: 'invalid_request' });
  expect(await listed(room)).toEqual(before);
  expect((await editing.state(a.id))?.revision).toBe(1);
});

it('leaves nothing of a change whose last line does not reach the disk', async () => {
  await using room = await openEditing();
  const { editing, manifest, database } = room;
  const [a, b] = [await room.begin(), await room.begin()];
  const before = await listed(room);
  // As a process that dies between the lines: the database takes none of them.
  await sql
    .raw(
      `CREATE TRIGGER full BEFORE INSERT ON structure_edits WHEN NEW.structure_id = '${b.id}'
         BEGIN SELECT RAISE(ABORT, 'no space'); END`,
    )
    .execute(database);
  const wish = { begin, changes: [hide(a.id, true, 1), hide(b.id, true, 1)] };
  await expect(editing.together(manifest.id, wish, actor)).rejects.toThrow(/no space/);
  expect(await listed(room)).toEqual(before);
  expect(await editing.state(a.id)).toMatchObject({ revision: 1, hidden: false });
  await sql.raw('DROP TRIGGER full').execute(database);
  expect((await editing.together(manifest.id, wish, actor)).begun?.key).toBe('bone_103');
});

it('does not stop two that want the same structures the other way round', async () => {
  await using room = await openEditing();
  const { editing, manifest } = room;
  const [a, b] = [await room.begin(), await room.begin()];
  const both = (first: string, second: string, hidden: boolean) =>
    editing.together(manifest.id, { changes: [hide(first, hidden), hide(second, hidden)] }, actor);
  await Promise.all([both(a.id, b.id, true), both(b.id, a.id, false), both(a.id, b.id, true)]);
  expect((await editing.state(a.id))?.revision).toBe(4);
  expect((await editing.state(b.id))?.revision).toBe(4);
});
