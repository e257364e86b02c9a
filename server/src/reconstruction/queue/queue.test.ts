import { type Job, seriesInstanceUid, studyInstanceUid, YuepianError } from '@yuepian/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, migrate, openDatabase } from '../../storage/index.ts';
import { JobStore, jobMigrations } from './jobs.store.ts';
import { JobQueue, type QueueOptions, type RunJob } from './queue.ts';

let database: Database;
let store: JobStore;
let seen: Job[];
beforeEach(async () => {
  database = openDatabase(':memory:');
  await migrate(database, jobMigrations);
  store = new JobStore(database);
  seen = [];
});
afterEach(() => database.destroy());

const series = (n: number) => ({
  studyInstanceUid: studyInstanceUid.parse(`1.${n}`),
  seriesInstanceUid: seriesInstanceUid.parse(`1.${n}.1`),
});

const queueOf = (run: RunJob, options: Partial<QueueOptions> = {}): JobQueue =>
  new JobQueue({
    store,
    run,
    changed: (job) => seen.push(job),
    errorOf: (error) =>
      error instanceof YuepianError ? error : new YuepianError('internal', { id: String(error) }),
    unexpected: (error) => {
      throw error;
    },
    ...options,
  });

/** A run that lasts until it is let go or aborted. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const pass = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      void opened.then(resolve);
    });
  return { open, pass };
}

const statesOf = (id: string): string[] => seen.filter((j) => j.id === id).map((j) => j.state);

describe('the job queue', () => {
  it('runs volumes before reconstructions, the study opened last first, else in order', async () => {
    const ran: string[] = [];
    const queue = queueOf(async (job) => {
      ran.push(`${job.kind} ${job.studyInstanceUid}`);
    });
    await queue.add('reconstruction', series(1), 'a');
    await queue.add('volume', series(2), 'a');
    await queue.add('volume', series(3), 'a');
    await queue.add('volume', series(4), 'a');
    await queue.opened('1.4');
    await queue.start();
    await queue.idle();
    expect(ran).toEqual(['volume 1.4', 'volume 1.2', 'volume 1.3', 'reconstruction 1.1']);
  });

  it('runs a waiting job once, on the series as it is when it begins', async () => {
    const ran: string[] = [];
    const queue = queueOf(async (job) => {
      ran.push(job.content);
    });
    const first = await queue.add('reconstruction', series(1), 'half');
    const again = await queue.add('reconstruction', series(1), 'whole');
    expect(again.id).toBe(first.id);
    await queue.start();
    await queue.idle();
    expect(ran).toEqual(['whole']);
  });

  it('runs one at a time, and tells each change', async () => {
    let running = 0;
    let most = 0;
    const queue = queueOf(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    });
    await queue.start();
    const jobs = await Promise.all([1, 2, 3].map((n) => queue.add('volume', series(n), 'a')));
    await queue.idle();
    expect(most).toBe(1);
    for (const job of jobs) expect(statesOf(job.id)).toEqual(['queued', 'running', 'done']);
    expect(seen.at(-1)).toMatchObject({ state: 'done', progress: 1 });
  });

  it('gives the job that waits instead of a second one', async () => {
    const queue = queueOf(async () => undefined);
    const first = await queue.add('volume', series(1), 'a');
    expect((await queue.add('volume', series(1), 'a')).id).toBe(first.id);
    expect((await queue.add('reconstruction', series(1), 'a')).id).not.toBe(first.id);
  });

  it('reports progress that never falls back, with the time that is left', async () => {
    let now = 1_000_000;
    const queue = queueOf(
      async (_, control) => {
        control.progress('read', 0.1);
        now += 10_000;
        control.progress('decode', 0.5);
        control.progress('pyramid', 0.4);
      },
      { now: () => now },
    );
    await queue.start();
    const job = await queue.add('volume', series(1), 'a');
    await queue.idle();
    const steps = seen.filter((j) => j.id === job.id && j.state === 'running');
    expect(steps.map((j) => [j.step, j.progress, j.remainingSeconds])).toEqual([
      ['start', 0, undefined],
      ['read', 0.1, undefined],
      ['decode', 0.5, 10],
      ['pyramid', 0.5, 10],
    ]);
  });

  it('cancels what waits and what runs', async () => {
    const { pass } = gate();
    const queue = queueOf((_, control) => pass(control.signal));
    await queue.start();
    const running = await queue.add('volume', series(1), 'a');
    const waiting = await queue.add('volume', series(2), 'a');
    expect((await queue.cancel(waiting.id)).state).toBe('cancelled');
    expect((await queue.cancel(running.id)).state).toBe('cancelled');
    await queue.idle();
    expect(statesOf(waiting.id)).toEqual(['queued', 'cancelled']);
    expect(statesOf(running.id)).toEqual(['queued', 'running', 'cancelled']);
    // Again, or after its end: nothing changes.
    expect((await queue.cancel(running.id)).state).toBe('cancelled');
    await expect(queue.cancel('unknown')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('keeps the error of a failed job, and a new run replaces it', async () => {
    let broken = true;
    const queue = queueOf(async () => {
      if (broken) throw new YuepianError('out_of_memory', { needed: '9 GB', available: '1 GB' });
    });
    await queue.start();
    await queue.add('volume', series(1), 'a');
    await queue.idle();
    expect(await queue.latest('1.1.1', 'volume')).toMatchObject({
      state: 'failed',
      error: { code: 'out_of_memory', details: { needed: '9 GB' } },
    });
    broken = false;
    await queue.add('volume', series(1), 'a');
    await queue.idle();
    const after = await queue.latest('1.1.1', 'volume');
    expect(after?.state).toBe('done');
    expect(after?.error).toBeUndefined();
  });

  it('goes on from a volume to its models while the voxels are in memory', async () => {
    const order: string[] = [];
    const queue = queueOf(async (job, control) => {
      order.push(`${job.kind} ${job.studyInstanceUid}`);
      if (job.kind === 'reconstruction') return;
      await queue.add('reconstruction', job, 'a');
      if (await control.continueWith('reconstruction')) order.push('went on');
    });
    await queue.start();
    await queue.add('volume', series(1), 'a');
    await queue.idle();
    expect(order).toEqual(['volume 1.1', 'went on']);
    expect((await queue.latest('1.1.1', 'volume'))?.state).toBe('done');
    expect((await queue.latest('1.1.1', 'reconstruction'))?.state).toBe('done');
  });

  it('does not go on while another volume waits', async () => {
    const order: string[] = [];
    const queue = queueOf(async (job, control) => {
      order.push(`${job.kind} ${job.studyInstanceUid}`);
      if (job.kind === 'reconstruction') return;
      await queue.add('reconstruction', job, 'a');
      if (await control.continueWith('reconstruction')) order.push('went on');
    });
    await queue.add('volume', series(1), 'a');
    await queue.add('volume', series(2), 'a');
    await queue.start();
    await queue.idle();
    expect(order).toEqual(['volume 1.1', 'volume 1.2', 'went on', 'reconstruction 1.1']);
  });

  it('puts a running job back when the server stops in good order', async () => {
    const { pass } = gate();
    const first = queueOf((_, control) => pass(control.signal));
    await first.start();
    const job = await first.add('volume', series(1), 'a');
    await first.stop();
    expect(await store.get(job.id)).toMatchObject({ state: 'queued', attempts: 0 });

    const second = queueOf(async () => undefined);
    await second.start();
    await second.idle();
    expect((await store.get(job.id))?.state).toBe('done');
  });

  it('takes a job up again after a crash, but not for ever', async () => {
    const job = await queueOf(async () => undefined).add('volume', series(1), 'a');
    // A server that died under it leaves it running.
    await store.begin(job.id);
    await store.recover(2);
    expect(await store.get(job.id)).toMatchObject({ state: 'queued', attempts: 1 });
    await store.begin(job.id);
    await store.recover(2);
    expect(await store.get(job.id)).toMatchObject({
      state: 'failed',
      error: { code: 'job_crashed' },
    });
  });

  it('forgets a deleted study, the running job included', async () => {
    const { pass } = gate();
    const queue = queueOf((_, control) => pass(control.signal));
    await queue.start();
    await queue.add('volume', series(1), 'a');
    await queue.add('reconstruction', series(1), 'a');
    await queue.forgetStudy('1.1');
    await queue.idle();
    expect(await store.ofStudy('1.1')).toEqual([]);
  });

  it('waits for room on a full disk, then runs again what had none, and only that', async () => {
    let free = 1e6;
    let full = true;
    const tried: string[] = [];
    const again = Promise.withResolvers<void>();
    const queue = queueOf(
      async (job) => {
        tried.push(job.seriesInstanceUid);
        if (job.seriesInstanceUid === '1.1.1') throw new YuepianError('not_a_volume');
        if (full) throw new YuepianError('storage_full');
      },
      {
        freeBytes: async () => free,
        lookForRoomMs: 5,
        roomAgain: () => again.resolve(),
        unexpected: (error) => again.reject(error),
      },
    );
    await queue.start();
    const other = await queue.add('volume', series(1), 'a');
    const { id } = await queue.add('volume', series(2), 'a');
    await queue.add('volume', series(3), 'a');
    await queue.idle();
    expect(seen.find((j) => j.id === id && j.state === 'failed')?.error?.code).toBe('storage_full');
    // Each is tried once; none again while there is no room.
    expect(tried).toEqual(['1.1.1', '1.2.1', '1.3.1']);
    full = false;
    free += 1e9;
    await again.promise;
    await queue.idle();
    expect(tried).toEqual(['1.1.1', '1.2.1', '1.3.1', '1.2.1', '1.3.1']);
    expect(statesOf(id)).toEqual(['queued', 'running', 'failed', 'queued', 'running', 'done']);
    expect(statesOf(other.id).at(-1)).toBe('failed');
    await queue.stop();
  });

  it('runs small jobs although one is too big for what room there is, and tries that one last', async () => {
    let free = 1e6;
    const tried: string[] = [];
    const queue = queueOf(
      async (job) => {
        tried.push(`${job.kind} ${job.seriesInstanceUid}`);
        if (job.seriesInstanceUid === '1.1.1') throw new YuepianError('storage_full');
      },
      // The first looks see no more room than there was.
      { freeBytes: async () => free, lookForRoomMs: 1e6 },
    );
    await queue.start();
    await queue.add('volume', series(1), 'a');
    await queue.add('reconstruction', series(2), 'a');
    await queue.idle();
    // One that comes while the big one waits for room does not wait with it.
    await queue.add('volume', series(3), 'a');
    await queue.idle();
    expect(tried).toEqual(['volume 1.1.1', 'reconstruction 1.2.1', 'volume 1.3.1']);
    await queue.stop();

    // After a start all wait at once: a volume comes before models, but not one without room.
    tried.length = 0;
    await queue.add('reconstruction', series(4), 'a');
    free += 1e9;
    await queue.start();
    await queue.idle();
    expect(tried).toEqual(['reconstruction 1.4.1', 'volume 1.1.1']);
    await queue.stop();
  });

  it('keeps the end of a job that the full disk did not take, and writes it later', async () => {
    let free = 0;
    const again = Promise.withResolvers<void>();
    const end = store.end.bind(store);
    store.end = async (...args) => {
      if (free === 0) throw new YuepianError('storage_full');
      return end(...args);
    };
    const options = { freeBytes: async () => free, lookForRoomMs: 5, roomAgain: again.resolve };
    const queue = queueOf(async () => undefined, options);
    await queue.start();
    const { id } = await queue.add('volume', series(1), 'a');
    await queue.idle();
    expect(statesOf(id)).toEqual(['queued', 'running', 'done']);
    expect(await store.get(id)).toMatchObject({ state: 'running' });
    free = 1e9;
    await again.promise;
    expect(await store.get(id)).toMatchObject({ state: 'done' });
    await queue.stop();
  });
});
