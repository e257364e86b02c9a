import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Job } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import { smallDisk } from '../testing-disk.ts';
import { openRoom, type TestRoom } from './testing-room.ts';

const body = { size: 160, slices: 64 };
const lookForRoomMs = 200;
const noRoot = 'a file system of its own cannot be mounted here: that needs root';
const atWork = (job: Job): boolean => job.state === 'running' && job.step !== 'start';
const failed = (job: Job): boolean => job.state === 'failed';
const modelled = (job: Job): boolean => job.kind === 'reconstruction' && job.state === 'done';

/** States of the newest job of a series as a client reads them. */
async function reconstructionOf(room: TestRoom, study: string) {
  const opened = await room.room.openStudy(study);
  return opened?.series.find((s) => s.modality === 'CT')?.reconstruction;
}

async function roomOn({ folder }: { folder: string }): Promise<TestRoom> {
  const dataFolder = path.join(folder, 'data');
  await mkdir(dataFolder);
  return openRoom({ dataFolder, lookForRoomMs });
}

describe('a disk that is full', () => {
  it('while a child writes: the job says so, nothing half is left, and it goes on when there is room', async ({
    skip,
  }) => {
    await using disk = await smallDisk(64);
    if (!disk) return skip(noRoot);
    await using room = await roomOn(disk);
    await room.room.start();
    const working = room.nextJob(atWork);
    const { study, series } = await room.send(body);
    await working;
    const end = room.nextJob(failed);
    await disk.fill();
    expect(await end).toMatchObject({ error: { code: 'storage_full' } });
    expect(await readdir(path.join(room.dataFolder, 'tmp'))).toEqual([]);
    expect(await reconstructionOf(room, study)).toMatchObject({ state: 'failed' });
    // Asked for while it is full, the answer is the same word, and nothing is taken for done.
    const url = `/api/series/${series}/reconstruction`;
    const asked = await room.app.inject({ method: 'POST', url });
    expect([202, 507]).toContain(asked.statusCode);
    if (asked.statusCode === 507) expect(asked.json().error.code).toBe('storage_full');

    const done = room.nextJob(modelled);
    await disk.makeRoom();
    await done;
    const after = await room.room.openStudy(study);
    const ct = after?.series.find((s) => s.modality === 'CT');
    expect(ct).toMatchObject({ kind: 'volume', reconstruction: { state: 'done' } });
    expect(ct?.structures.length).toBe(4);
    expect(await readdir(path.join(room.dataFolder, 'tmp'))).toEqual([]);
  });

  it('before the job could even be queued: it is when there is room', async ({ skip }) => {
    await using disk = await smallDisk(48);
    if (!disk) return skip(noRoot);
    await using room = await roomOn(disk);
    await room.room.start();
    const settled = new Promise<void>((resolve) => {
      room.archive.events.on('seriesSettled', () => resolve());
    });
    const { study } = await room.send();
    await disk.fill();
    await settled;
    // Reading goes on.
    expect((await room.room.openStudy(study))?.series[0]?.kind).toBe('preparing');
    const done = room.nextJob(modelled);
    await disk.makeRoom();
    await done;
    expect((await room.room.openStudy(study))?.series[0]?.structures.length).toBe(4);
  });
});
