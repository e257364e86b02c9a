import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Job, serverEvent, studyDetail } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../testing.ts';
import { testBody } from './testing.ts';
import { openRoom, type TestRoom } from './testing-room.ts';

const body = { size: 160, slices: 64 };
const atWork = (job: Job): boolean => job.state === 'running' && job.step !== 'start';
const ended = (job: Job): boolean => job.state !== 'running' && job.state !== 'queued';

const left = async (room: TestRoom, folder: string): Promise<string[]> => {
  const found = path.join(room.dataFolder, folder);
  return existsSync(found) ? readdir(found) : [];
};

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a job in its own process', () => {
  it('is cancelled in the middle: the process is gone, nothing half is left', async () => {
    await using room = await openRoom();
    await room.room.start();
    const working = room.nextJob(atWork);
    const uids = await room.send(body);
    const job = await working;
    const end = room.nextJob(ended);
    const url = `/api/jobs/${job.id}/cancel`;
    room.as('viewer');
    expect((await room.app.inject({ method: 'POST', url })).statusCode).toBe(403);
    room.as('doctor');
    const answer = await room.app.inject({ method: 'POST', url });
    expect(answer.json()).toMatchObject({ id: job.id, state: 'cancelled' });
    expect((await end).state).toBe('cancelled');
    await room.room.stop();
    expect(room.children.map(alive)).toEqual([false]);
    expect(await left(room, 'tmp')).toEqual([]);
    expect(await left(room, 'derived')).toEqual([]);
    const study = await room.room.openStudy(uids.study);
    expect(study?.series[0]?.reconstruction).toMatchObject({
      state: 'cancelled',
      job: { id: job.id },
    });
  });

  it('is left alone when it was cancelled, until somebody runs it again', async () => {
    await using room = await openRoom();
    await room.room.start();
    const working = room.nextJob(atWork);
    const uids = await room.send();
    const job = await working;
    await room.app.inject({ method: 'POST', url: `/api/jobs/${job.id}/cancel` });
    await room.room.openStudy(uids.study);
    const done = room.nextJob((j) => j.kind === 'reconstruction' && ended(j));
    const url = `/api/series/${uids.series}/reconstruction`;
    const again = await room.app.inject({ method: 'POST', url });
    expect(again.json()).toMatchObject({ kind: 'volume', state: 'queued' });
    expect(again.json().id).not.toBe(job.id);
    expect((await done).state).toBe('done');
    expect(room.children.length).toBe(2);
  });

  it('fails with a sentence when the system kills it, and runs again', async () => {
    await using room = await openRoom();
    await room.room.start();
    const working = room.nextJob(atWork);
    const uids = await room.send(body);
    await working;
    const end = room.nextJob(ended);
    process.kill(room.children[0] ?? 0, 'SIGKILL');
    expect(await end).toMatchObject({ state: 'failed', error: { code: 'job_crashed' } });
    expect(await left(room, 'tmp')).toEqual([]);
    const study = await room.room.openStudy(uids.study);
    expect(study?.series[0]?.reconstruction.state).toBe('failed');

    const done = room.nextJob((j) => j.kind === 'reconstruction' && ended(j));
    await room.app.inject({ method: 'POST', url: `/api/series/${uids.series}/reconstruction` });
    expect((await done).state).toBe('done');
    expect((await room.room.openStudy(uids.study))?.series[0]?.structures.length).toBe(4);
  });

  it('is refused before it starts when the memory would not do', async () => {
    await using room = await openRoom({ memoryBytes: 1e6 });
    await room.room.start();
    const end = room.nextJob(ended);
    await room.send();
    expect(await end).toMatchObject({
      state: 'failed',
      error: {
        code: 'out_of_memory',
        details: { needed: expect.stringMatching(/MB$/), available: '1 MB' },
      },
    });
  });

  it('is taken up again after the server stopped in good order', async () => {
    let dataFolder = '';
    let study = '';
    {
      await using room = await openRoom({ keep: true });
      dataFolder = room.dataFolder;
      await room.room.start();
      const working = room.nextJob(atWork);
      ({ study } = await room.send(body));
      await working;
    }
    await using room = await openRoom({ dataFolder });
    const done = room.nextJob((j) => j.kind === 'reconstruction' && ended(j));
    await room.room.start();
    expect((await done).state).toBe('done');
    expect((await room.room.openStudy(study))?.series[0]?.kind).toBe('volume');
  });

  it('derives what it never got round to at the next start', async () => {
    await using room = await openRoom();
    // The archive has it, but nobody was told.
    const { study } = await room.send();
    const done = room.nextJob((j) => j.kind === 'reconstruction' && ended(j));
    await room.room.start();
    expect((await done).state).toBe('done');
    expect((await room.room.openStudy(study))?.series[0]?.structures.length).toBe(4);
  });
});

describe('a whole server', () => {
  it('killed in the middle of a job takes it up again when it is started', async () => {
    await using server = await startServer();
    const working = jobEvent(server, atWork);
    const form = new FormData();
    for (const { sopInstanceUid, bytes } of testBody(body)) {
      form.append('files', new Blob([new Uint8Array(bytes)]), `${sopInstanceUid}.dcm`);
    }
    const sent = await server.fetch('/api/import', { method: 'POST', body: form });
    expect(sent.status).toBe(200);
    const job = await working;
    await server.kill('SIGKILL');
    await server.restart();

    const study = async () => {
      const answer = await server.fetch(`/api/studies/${job.studyInstanceUid}`);
      return studyDetail.parse(await answer.json());
    };
    const done = jobEvent(server, (j) => j.kind === 'reconstruction' && ended(j));
    done.catch(() => undefined);
    // It may have ended between the start and the first event that is listened to.
    if ((await study()).series[0]?.reconstruction.state !== 'done') {
      expect((await done).state).toBe('done');
    }
    const images = (await study()).series.find((s) => s.modality === 'CT');
    expect(images).toMatchObject({ kind: 'volume', reconstruction: { state: 'done' } });
    expect(images?.structures.length).toBe(4);
    expect((await server.fetch('/healthz')).status).toBe(200);
  });
});

/** The first job event from now on that fits; ends with the server. */
async function jobEvent(server: TestServer, fits: (job: Job) => boolean): Promise<Job> {
  const answer = await server.fetch('/api/events');
  const text = answer.body?.pipeThrough(new TextDecoderStream());
  if (!text) throw new Error('no events');
  let rest = '';
  for await (const chunk of text) {
    const parts = `${rest}${chunk}`.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (!part.startsWith('data: ')) continue;
      const event = serverEvent.parse(JSON.parse(part.slice(6)));
      if (event.type === 'job' && fits(event.job)) return event.job;
    }
  }
  throw new Error('the events ended');
}
