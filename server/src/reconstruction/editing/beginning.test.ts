import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Structure, structure } from '@yuepian/contract';
import { expect, it } from 'vitest';
import { maskFile, structureIdOf } from '../derived.ts';
import { actor, openEditing, run, type TestEditing } from './testing-editing.ts';

/** A structure as reconstruction leaves it. */
async function found({ derived, manifest, found }: TestEditing): Promise<Structure> {
  const one = structure.parse({
    id: structureIdOf(manifest.id, 'bone'),
    volumeId: manifest.id,
    key: 'bone',
    name: { zh: '骨', en: 'Bone' },
    colour: '#ffffff',
    opacity: 1,
    voxels: 100,
    volumeMl: 0.1,
    source: 'classical 1',
    content: 'digest',
    verified: true,
    openEdges: 0,
    meshUrl: '',
    levels: [],
    labels: [1],
  });
  const file = path.join(derived.setFolder(manifest.id, 'classical'), maskFile('bone', 'digest'));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, Buffer.from(run(0, 100), 'base64'));
  found.set(one.id, { structure: one, digest: 'digest' });
  return one;
}

const edit = (baseRevision: number, diff: string) =>
  ({ baseRevision, diff, tool: 'brush', description: '', kind: 'edit' }) as const;

it('a change that is refused leaves a structure as nobody has changed it', async () => {
  await using room = await openEditing();
  const { editing } = room;
  const { id } = await found(room);
  for (const wrong of [edit(0, 'AAAA'), edit(0, run(0, 5000)), edit(3, run(0, 10))]) {
    await expect(editing.edit(id, wrong, actor)).rejects.toThrow();
  }
  expect(await editing.structure(id)).toBeUndefined();
  expect(await editing.store.byId(id)).toBeUndefined();

  expect((await editing.edit(id, edit(0, run(0, 10)), actor)).voxels).toBe(90);
  expect((await editing.edit(id, edit(1, run(0, 10)), actor)).voxels).toBe(100);
  expect((await editing.history(id)).map((line) => line.revision)).toEqual([1, 2]);
});

it('taking a structure away begins its record together with the first line', async () => {
  await using room = await openEditing();
  const { editing } = room;
  const { id } = await found(room);
  await editing.setHidden(id, true, actor);
  expect(await editing.state(id)).toMatchObject({ revision: 1, hidden: true });
  expect(await room.again().editing.state(id)).toMatchObject({ revision: 1, hidden: true });
});

it('a change that is on disk is told and answered also where the audit cannot be written', async () => {
  await using room = await openEditing();
  const { id } = await room.begin();
  room.audit.fails = true;
  room.events.length = 0;
  const answer = await room.editing.edit(id, edit(1, run(0, 10)), actor);
  expect(answer.edited?.revision).toBe(2);
  expect(room.events).toMatchObject([{ type: 'edited', revision: 2 }]);
  expect(room.log.some((line) => line.includes('not in the audit'))).toBe(true);
});
