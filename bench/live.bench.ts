import { readFileSync } from 'node:fs';
import type { Cursor } from '@yuepian/contract';
import * as Y from 'yjs';
import { type CaseClient, openCase } from '../server/src/cases/testing.ts';
import { serverWithCase } from './case-clients.ts';
import { median, percentile, print } from './figure.ts';

/** The live case over loopback; server and clients share this machine, clients share one process. */
export default async function live(): Promise<void> {
  await edits();
  await cursors();
  await lateJoin();
}

async function openMany(count: number, here: Awaited<ReturnType<typeof serverWithCase>>) {
  const { server, caseId, cookies } = here;
  const clients: CaseClient[] = [];
  for (let n = 0; n < count; n++) {
    // Spread over the people: one person may not open any number of windows.
    const cookie = cookies[n % cookies.length] ?? '';
    const client = openCase({ url: server.url, caseId, cookie });
    await client.synced();
    clients.push(client);
  }
  return clients;
}

/** One of 8 makes an edit; the time until each of the others has it (which is after it is on disk). */
async function edits(): Promise<void> {
  await using here = await serverWithCase();
  const clients = await openMany(8, here);
  const times: number[] = [];
  for (let n = 0; n < 400; n++) {
    const author = clients[n % clients.length];
    if (!author) continue;
    const key = `m${n}`;
    const others = clients.filter((client) => client !== author);
    const arrived = others.map(
      (client) =>
        new Promise<void>((resolve) => {
          const marks = client.document.getMap('marks');
          const look = () => {
            if (!marks.has(key)) return;
            marks.unobserve(look);
            times.push(performance.now() - started);
            resolve();
          };
          marks.observe(look);
        }),
    );
    const started = performance.now();
    author.document.getMap('marks').set(key, { n });
    await Promise.all(arrived);
  }
  const figure = { unit: 'ms', n: times.length, note: 'edit → other client, 8 clients, loopback' };
  print({ name: 'live.edit.median', value: median(times), ...figure });
  print({ name: 'live.edit.p95', value: percentile(times, 0.95), ...figure });
  for (const client of clients) await client[Symbol.asyncDispose]();
}

/** CPU seconds a process has used so far (Linux, 100 ticks a second). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** 30 people who all move their pointers at once; how old a cursor is when another client has it. */
async function cursors(): Promise<void> {
  const people = 30;
  await using here = await serverWithCase();
  const clients = await openMany(people, here);
  const seconds = 6;
  const times: number[] = [];
  for (const client of clients) {
    client.provider.on('stateless', ({ payload }: { payload: string }) => {
      const now = performance.now();
      const reply = JSON.parse(payload) as { type: string; cursors?: [string, Cursor | null][] };
      if (reply.type !== 'tick') return;
      for (const [, cursor] of reply.cursors ?? []) if (cursor) times.push(now - cursor.at[0]);
    });
  }
  const before = cpuSeconds(here.server.pid);
  const started = performance.now();
  const timers = clients.map((client, n) =>
    setInterval(() => {
      // The time of sending is the coordinate, so that the reader can tell how old it is.
      const at: [number, number, number] = [performance.now() % 100_000, n, 0];
      client.tell({ type: 'cursor', cursor: { at, view: 'axial', look: [1, 2, 3] } });
    }, 1000 / 60),
  );
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const timer of timers) clearInterval(timer);
  const cores = (cpuSeconds(here.server.pid) - before) / ((performance.now() - started) / 1000);
  const note = `${people} clients × 60 Hz, loopback, all clients in one process`;
  print({
    name: 'live.cursor.p95',
    value: percentile(times, 0.95),
    unit: 'ms',
    n: times.length,
    note,
  });
  print({ name: 'live.cursor.server', value: cores, unit: 'cores', n: 1, note });
  for (const client of clients) await client[Symbol.asyncDispose]();
}

/** Opening a case with 1,000 marks and 10,000 points of ink, from nothing to the whole document. */
async function lateJoin(): Promise<void> {
  await using here = await serverWithCase();
  const options = { url: here.server.url, caseId: here.caseId, cookie: here.cookie };
  {
    await using author = openCase(options);
    await author.synced();
    const marks = author.document.getMap('marks');
    for (let n = 0; n < 1_000; n++) marks.set(`m${n}`, new Y.Map(Object.entries(markOf(n))));
    for (let n = 0; n < 100; n++) {
      const ink = new Uint8Array(new Int16Array(400).map((_, i) => (i * 37 + n) % 200).buffer);
      marks.set(`i${n}`, new Y.Map(Object.entries({ ...markOf(n), kind: 'ink', ink })));
    }
    await author.saved();
  }
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < 10; n++) {
    const started = performance.now();
    await using client = openCase(options);
    await client.synced();
    times.push(performance.now() - started);
    bytes = Y.encodeStateAsUpdate(client.document).byteLength;
    if (client.document.getMap('marks').size !== 1_100) throw new Error('not all marks are there');
  }
  print({
    name: 'live.join.p95',
    value: percentile(times, 0.95),
    unit: 'ms',
    n: times.length,
    note: `1,000 marks and 100 strokes of 100 points, ${Math.round(bytes / 1024)} KB, ticket included`,
  });
}

const markOf = (n: number) => ({
  version: 1,
  id: `m${n}`,
  kind: 'length',
  frameOfReferenceUid: '1.2.3.4',
  plane: { point: [0, 0, n / 3], normal: [0, 0, 1] },
  points: [
    [n / 7, 1.234567, n / 3],
    [n / 5, 9.876543, n / 3],
  ],
  label: `标注 ${n}`,
  colour: '#5aa9e6',
  author: { id: 'u1', name: '王医生' },
  createdAt: '2026-11-20T08:00:00.000Z',
  hidden: false,
});
