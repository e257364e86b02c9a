import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  boxOfMask,
  cropOfMask,
  decodeMask,
  editHistory,
  encodeMask,
  type MaskEdges,
  maskHead,
  maskOfCrop,
  maskVoxels,
  type Structure,
  structure,
  structuresOfSeries,
  type VolumeManifest,
  volumeManifest,
  xorMasks,
} from '@yuepian/contract';
import { toVoxel } from '@yuepian/geometry';
import { fromGlb } from '@yuepian/reconstruct';
import { describe, expect, it } from 'vitest';
import { openRoom, type TestRoom } from '../testing-room.ts';

interface Opened {
  readonly series: string;
  readonly manifest: VolumeManifest;
  readonly bone: Structure;
}

async function reconstructed(room: TestRoom): Promise<Opened> {
  await room.room.start();
  const done = room.nextJob((j) => j.kind === 'reconstruction' && j.state === 'done');
  const uids = await room.send();
  await done;
  return opened(room, uids.series);
}

const structuresOf = async (room: TestRoom, series: string): Promise<Structure[]> =>
  structuresOfSeries.parse((await room.app.inject(`/api/series/${series}/structures`)).json())
    .structures;

async function opened(room: TestRoom, series: string): Promise<Opened> {
  const bone = (await structuresOf(room, series)).find((s) => s.key === 'bone');
  if (!bone) throw new Error('no bone');
  const answer = await room.app.inject(`/api/volumes/${bone.volumeId}/manifest`);
  return { series, bone, manifest: volumeManifest.parse(answer.json()) };
}

async function maskOf(room: TestRoom, id: string): Promise<{ revision: number; mask: MaskEdges }> {
  const answer = await room.app.inject(`/api/structures/${id}/mask`);
  expect(answer.statusCode).toBe(200);
  const head = maskHead.parse(JSON.parse(String(answer.headers['x-mask'])));
  const [nx, ny, nz] = head.size;
  const mask = decodeMask(gunzipSync(answer.rawPayload), nx * ny * nz);
  return { revision: head.revision, mask };
}

async function studiesOf(room: TestRoom): Promise<string[]> {
  const found = new Set<string>();
  for await (const series of room.archive.everySeries()) found.add(series.studyInstanceUid);
  return [...found];
}

const nothing = { edited_structures: 0, structure_edits: 0, series_layouts: 0, jobs: 0 };

/** Rows per table of this room; with a study, of that study where the table names one. */
function rowsLeft(dataFolder: string, study?: string): typeof nothing {
  using database = new DatabaseSync(join(dataFolder, 'yuepian.sqlite'), { readOnly: true });
  const count = (table: keyof typeof nothing): number => {
    const named = study !== undefined && table !== 'structure_edits';
    const where = named ? ' WHERE study_uid = ?' : '';
    const row = database
      .prepare(`SELECT count(*) AS n FROM ${table}${where}`)
      .get(...(named ? [study] : []));
    return Number(row?.n);
  };
  return {
    edited_structures: count('edited_structures'),
    structure_edits: count('structure_edits'),
    series_layouts: count('series_layouts'),
    jobs: count('jobs'),
  };
}

const packed = (mask: MaskEdges): string => gzipSync(encodeMask(mask)).toString('base64');

/** The voxels of a mask within `radius` mm of the middle of its box. */
function ballIn(mask: MaskEdges, manifest: VolumeManifest, radius: number): MaskEdges {
  const box = boxOfMask(mask, manifest.size);
  if (!box) throw new Error('empty');
  const crop = cropOfMask(mask, manifest.size, box);
  const m = manifest.affine;
  const [sx, sy, sz] = [Math.abs(m[0]), Math.abs(m[5]), Math.abs(m[10])];
  const [bx, by, bz] = box.size;
  for (let k = 0, p = 0; k < bz; k++) {
    for (let j = 0; j < by; j++) {
      for (let i = 0; i < bx; i++, p++) {
        const d = Math.hypot((i - bx / 2) * sx, (j - by / 2) * sy, (k - bz / 2) * sz);
        if (d > radius) crop[p] = 0;
      }
    }
  }
  return maskOfCrop(crop, manifest.size, box);
}

const post = (room: TestRoom, id: string, body: object) =>
  room.app.inject({ method: 'POST', url: `/api/structures/${id}/edits`, payload: body });

const verify = (room: TestRoom, id: string, body: object) =>
  room.app.inject({ method: 'POST', url: `/api/structures/${id}/verify`, payload: body });

describe('a structure that is changed by hand', () => {
  it('keeps each change, undoes to the voxel, and says who made it from what', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    const before = await maskOf(room, bone.id);
    expect(before.revision).toBe(0);
    expect(maskVoxels(before.mask)).toBe(bone.voxels);

    const diff = ballIn(before.mask, manifest, 20);
    expect(maskVoxels(diff)).toBeGreaterThan(50);
    const modelled = room.next((e) => e.type === 'edited' && e.revision === 1);
    const answer = await post(room, bone.id, {
      baseRevision: 0,
      diff: packed(diff),
      tool: 'eraser',
      description: 'ball of 20 mm',
    });
    expect(answer.statusCode).toBe(200);
    const edited = structure.parse(answer.json());
    expect(edited.voxels).toBe(bone.voxels - maskVoxels(diff));
    expect(edited.volumeMl).toBeCloseTo((bone.volumeMl * edited.voxels) / bone.voxels, 6);
    expect(edited).toMatchObject({
      verified: false,
      source: 'edited by 王医生, from classical 1',
      edited: { revision: 1, by: '王医生', from: 'classical 1' },
    });
    await modelled;
    expect((await maskOf(room, bone.id)).mask).toEqual(xorMasks(before.mask, diff));

    // Somebody who looked at revision 0 does not overwrite revision 1.
    const stale = await post(room, bone.id, {
      baseRevision: 0,
      diff: packed(diff),
      tool: 'brush',
    });
    expect([stale.statusCode, stale.json().error.code]).toEqual([409, 'edit_stale']);

    // The same difference again is its undo: every voxel is back.
    const undone = await post(room, bone.id, {
      baseRevision: 1,
      diff: packed(diff),
      tool: 'eraser',
      kind: 'undo',
    });
    expect(structure.parse(undone.json()).voxels).toBe(bone.voxels);
    expect((await maskOf(room, bone.id)).mask).toEqual(before.mask);

    const log = editHistory.parse(
      (await room.app.inject(`/api/structures/${bone.id}/edits`)).json(),
    );
    expect(log.entries.map((e) => [e.revision, e.kind, e.tool, e.user.name])).toEqual([
      [1, 'edit', 'eraser', '王医生'],
      [2, 'undo', 'eraser', '王医生'],
    ]);
    expect(room.audited.filter((e) => e.action === 'edit')).toHaveLength(2);
    expect((await structuresOf(room, series)).map((s) => s.key)).toContain('bone');
  });

  it('gets a model of its new shape after a pause, closed and of its volume', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    const { mask } = await maskOf(room, bone.id);
    const diff = ballIn(mask, manifest, 20);
    const [told, made] = await whenEdited(room, 2, () =>
      post(room, bone.id, { baseRevision: 0, diff: packed(diff), tool: 'eraser' }),
    );
    expect([told, made]).toEqual([1, 1]);
    const now = (await structuresOf(room, series)).find((s) => s.id === bone.id);
    expect(now?.edited?.meshRevision).toBe(1);
    expect(now?.openEdges).toBe(0);
    const glb = await room.app.inject(String(now?.meshUrl));
    expect(glb.statusCode).toBe(200);
    const [mesh] = await fromGlb(glb.rawPayload);
    // The mesh lies in the patient where the voxels do.
    const [x, y, z] = mesh?.positions.slice(0, 3) ?? [];
    const at = toVoxel(manifest.affine, [x, y, z] as never);
    expect(at.every((v, a) => v > -1 && v < (manifest.size[a] ?? 0))).toBe(true);
  });

  it('is there after the server was started again', async () => {
    await using first = await openRoom({ keep: true });
    const { series, bone, manifest } = await reconstructed(first);
    const { mask } = await maskOf(first, bone.id);
    const diff = ballIn(mask, manifest, 15);
    await post(first, bone.id, { baseRevision: 0, diff: packed(diff), tool: 'eraser' });
    await first.close();
    await using again = await openRoom({ dataFolder: first.dataFolder });
    expect(await maskOf(again, bone.id)).toEqual({ revision: 1, mask: xorMasks(mask, diff) });
    const found = (await structuresOf(again, series)).find((s) => s.id === bone.id);
    expect(found?.voxels).toBe(bone.voxels - maskVoxels(diff));
  });

  it('goes at the next start when a crash came between deleting its study and forgetting it', async () => {
    await using first = await openRoom({ keep: true });
    const { bone, manifest } = await reconstructed(first);
    const { mask } = await maskOf(first, bone.id);
    const diff = ballIn(mask, manifest, 15);
    const payload = { key: 'kidney_left', source: 'box segmentation', mask: packed(diff) };
    const url = `/api/volumes/${bone.volumeId}/structures`;
    await first.app.inject({ method: 'POST', url, payload });
    await post(first, bone.id, { baseRevision: 0, diff: packed(diff), tool: 'eraser' });
    const [study] = await studiesOf(first);
    // Nobody tells the room: as when the process ends right after the index was written.
    await first.archive.deleteStudy(study ?? '', null);
    await first.close();
    expect(rowsLeft(first.dataFolder)).toMatchObject({ edited_structures: 2, structure_edits: 2 });

    await using again = await openRoom({ dataFolder: first.dataFolder });
    const { study: kept } = await again.send({ name: 'another patient', slices: 8 });
    await again.room.start();
    expect(rowsLeft(first.dataFolder, study)).toEqual(nothing);
    expect(existsSync(join(first.dataFolder, 'derived', bone.volumeId))).toBe(false);
    expect(again.log.filter((line) => line.includes(study ?? '?'))).toHaveLength(1);
    expect(await studiesOf(again)).toEqual([kept]);
  });

  it('is confirmed for these voxels and no others', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    const { mask } = await maskOf(room, bone.id);
    const diff = ballIn(mask, manifest, 15);
    const edit = await post(room, bone.id, { baseRevision: 0, diff: packed(diff), tool: 'eraser' });
    const { content } = structure.parse(edit.json());
    const stale = await verify(room, bone.id, { verdict: 'verified', content: bone.content });
    expect([stale.statusCode, stale.json().error.code]).toEqual([409, 'edit_stale']);
    const said = await verify(room, bone.id, { verdict: 'verified', content });
    expect(structure.parse(said.json()).verified).toBe(true);
    expect(room.audited.filter((e) => e.action === 'confirm').map((e) => e.details)).toEqual([
      expect.objectContaining({ structure: 'bone', verdict: 'verified', revision: 1 }),
    ]);
    const back = await post(room, bone.id, { baseRevision: 1, diff: packed(diff), tool: 'eraser' });
    expect(structure.parse(back.json()).verified).toBe(false);
    await post(room, bone.id, { baseRevision: 2, diff: packed(diff), tool: 'eraser' });
    const now = (await structuresOf(room, series)).find((s) => s.id === bone.id);
    expect(now).toMatchObject({ verified: true, content });
  });

  it('keeps the word on what reconstruction found while it is put away, shown and changed back', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    await verify(room, bone.id, { verdict: 'verified', content: bone.content });
    const one = async (): Promise<Structure | undefined> =>
      (await structuresOf(room, series)).find((s) => s.id === bone.id);
    const said = (await one())?.verdict;
    expect(said?.state).toBe('verified');
    for (const hidden of [true, false])
      await room.app.inject({
        method: 'POST',
        url: `/api/structures/${bone.id}/hidden`,
        payload: { hidden },
      });
    // By the same doctor, at the same time.
    expect(await one()).toMatchObject({ verified: true, verdict: said });
    const diff = packed(ballIn((await maskOf(room, bone.id)).mask, manifest, 15));
    await post(room, bone.id, { baseRevision: 2, diff, tool: 'eraser' });
    expect((await one())?.verdict).toBeUndefined();
    await post(room, bone.id, { baseRevision: 3, diff, tool: 'eraser', kind: 'undo' });
    expect(await one()).toMatchObject({ verified: true, verdict: said });
  });

  it('does not bring back a word that was taken back after a change had been refused', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    const say = (verdict: string) => verify(room, bone.id, { verdict, content: bone.content });
    await say('verified');
    const diff = packed(ballIn((await maskOf(room, bone.id)).mask, manifest, 15));
    const refused = await post(room, bone.id, { baseRevision: 7, diff, tool: 'eraser' });
    expect(refused.json().error.code).toBe('edit_stale');
    await say('rejected');
    for (const hidden of [true, false])
      await room.app.inject({
        method: 'POST',
        url: `/api/structures/${bone.id}/hidden`,
        payload: { hidden },
      });
    const now = (await structuresOf(room, series)).find((s) => s.id === bone.id);
    expect(now).toMatchObject({ verified: false, verdict: { state: 'rejected' } });
  });

  it('is not confirmed by whoever was looking while somebody else changed it', async () => {
    await using room = await openRoom();
    const { bone, manifest } = await reconstructed(room);
    const diff = packed(ballIn((await maskOf(room, bone.id)).mask, manifest, 15));
    const [edit, word] = await Promise.all([
      post(room, bone.id, { baseRevision: 0, diff, tool: 'eraser' }),
      verify(room, bone.id, { verdict: 'rejected', content: bone.content }),
    ]);
    expect(edit.statusCode).toBe(200);
    const now = structure.parse(edit.json());
    // Whichever came first: the new voxels carry no word.
    expect([200, 409]).toContain(word.statusCode);
    expect(now.verdict).toBeUndefined();
    const later = await verify(room, bone.id, { verdict: 'rejected', content: bone.content });
    expect(later.json().error.code).toBe('edit_stale');
  });

  it('can be put away and taken back', async () => {
    await using room = await openRoom();
    const { series, bone } = await reconstructed(room);
    const hide = (hidden: boolean) =>
      room.app.inject({
        method: 'POST',
        url: `/api/structures/${bone.id}/hidden`,
        payload: { hidden },
      });
    await hide(true);
    expect((await structuresOf(room, series)).map((s) => s.key)).not.toContain('bone');
    await hide(false);
    const back = (await structuresOf(room, series)).find((s) => s.key === 'bone');
    expect(back?.voxels).toBe(bone.voxels);
  });
});

describe('a structure that somebody begins', () => {
  it('is there with its name, its voxels and its log', async () => {
    await using room = await openRoom();
    const { series, bone, manifest } = await reconstructed(room);
    const { mask } = await maskOf(room, bone.id);
    const voxels = ballIn(mask, manifest, 12);
    const answer = await room.app.inject({
      method: 'POST',
      url: `/api/volumes/${bone.volumeId}/structures`,
      payload: { key: 'kidney_left', source: 'box segmentation', mask: packed(voxels) },
    });
    expect(answer.statusCode).toBe(201);
    const made = structure.parse(answer.json());
    expect(made).toMatchObject({
      key: 'kidney_left_101',
      name: { zh: '左肾', en: 'Left kidney' },
      voxels: maskVoxels(voxels),
      verified: false,
      edited: { revision: 1, from: 'box segmentation' },
    });
    expect((await structuresOf(room, series)).map((s) => s.key)).toContain('kidney_left_101');
    expect((await maskOf(room, made.id)).mask).toEqual(voxels);
  });

  it('is refused in words when what is sent is no mask, and nothing is lost by it', async () => {
    await using room = await openRoom();
    const { bone, manifest } = await reconstructed(room);
    const before = await maskOf(room, bone.id);
    const [nx, ny, nz] = manifest.size;
    const beyond = packed(Uint32Array.of(0, nx * ny * nz + 1));
    for (const diff of [beyond, 'AAAA', packed(new Uint32Array(0))]) {
      const answer = await post(room, bone.id, { baseRevision: 0, diff, tool: 'brush' });
      expect([diff, answer.statusCode]).toEqual([diff, 400]);
    }
    expect(await maskOf(room, bone.id)).toEqual(before);
    expect(
      (await post(room, 'nonsense', { baseRevision: 0, diff: 'AAAA', tool: 'brush' })).statusCode,
    ).toBe(404);
    room.as('viewer');
    const refused = await post(room, bone.id, { baseRevision: 0, diff: 'AAAA', tool: 'brush' });
    expect(refused.statusCode).toBe(403);
  });
});

/** Revisions of the next `count` events about edited structures. */
function whenEdited(
  room: TestRoom,
  count: number,
  act: () => PromiseLike<unknown>,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const seen: number[] = [];
    const more = (): void => {
      void room
        .next((e) => e.type === 'edited')
        .then((e) => {
          if (e.type === 'edited') seen.push(e.revision);
          if (seen.length === count) resolve(seen);
          else more();
        });
    };
    more();
    act().then(() => undefined, reject);
  });
}
