import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { studyDetail, studyList } from '@yuepian/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { openCase } from './cases/testing.ts';
import { repositoryFolder } from './settings.ts';
import { startServer, type TestServer } from './testing.ts';

// One walk through all rooms with the commands that a user types; the steps build on each other.
let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-walk-'));
  server = await startServer();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function yuepian(...args: string[]) {
  const command = join(repositoryFolder, 'server/src/cli/main.ts');
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, YUEPIAN_URL: server.url, YUEPIAN_ADMIN_PASSWORD: server.password },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, lines: output.trim().split('\n') };
}
const studies = async () =>
  studyList.parse(await (await server.fetch('/api/studies')).json()).studies;

/** Looks at once and again after every event of the server, until it holds. */
async function derived(holds: () => Promise<boolean>): Promise<void> {
  const { body } = await server.fetch('/api/events');
  const reader = body?.getReader();
  while (!(await holds())) await reader?.read();
  await reader?.cancel();
}

test('phantom, import, open, mark, crash, and everything is still there', async () => {
  const dicom = join(folder, 'dicom');
  const made = await yuepian(
    'phantom',
    'ct-abdomen',
    '--size',
    '32',
    '--slices',
    '12',
    '--out',
    dicom,
  );
  expect(made).toMatchObject({ code: 0, lines: [expect.stringContaining('13 files')] });
  await writeFile(join(dicom, 'notes.txt'), 'no image');

  const first = await yuepian('import', dicom);
  expect(first.lines.filter((line) => line.startsWith('stored '))).toHaveLength(13);
  expect(first.lines.find((line) => line.includes('notes.txt'))).toMatch(/^(refused|ignored)/);
  const again = await yuepian('import', dicom);
  expect(again.lines.filter((line) => line.startsWith('exists '))).toHaveLength(13);

  const [study, ...others] = await studies();
  expect(others).toEqual([]);
  const detail = async () =>
    studyDetail.parse(await (await server.fetch(`/api/studies/${study?.studyInstanceUid}`)).json());
  const { caseId, series } = await detail();
  expect(series.map((s) => s.modality).sort()).toEqual(['CT', 'SEG']);

  // The picture arrives by itself, with the volume that it is made of.
  await derived(async () => (await studies())[0]?.thumbnailUrl !== undefined);
  const picture = await server.fetch((await studies())[0]?.thumbnailUrl ?? '');
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);

  const cookie = await server.signIn();
  const mark = {
    version: 2,
    id: 'm1',
    kind: 'probe',
    frameOfReferenceUid: '1.2.3',
    plane: { point: [0, 0, 0], normal: [0, 0, 1] },
    points: [[1.25, -2.5, 1 / 3]],
    label: '病灶',
    colour: '#5aa9e6',
    author: { id: 'u1', name: '张' },
    createdAt: '2026-01-01T00:00:00Z',
    hidden: false,
  };
  {
    await using client = openCase({ url: server.url, caseId, cookie });
    await client.synced();
    client.document.getMap('marks').set('m1', new Y.Map(Object.entries(mark)));
    await client.saved();
    await server.kill('SIGKILL');
  }
  await server.restart();

  expect(await studies()).toMatchObject([{ studyInstanceUid: study?.studyInstanceUid }]);
  expect((await detail()).caseId).toBe(caseId);
  const kept = (await (await server.fetch(`/api/cases/${caseId}`)).json()) as { marks: unknown };
  expect(kept.marks).toEqual([mark]);

  const { entries } = (await (await server.fetch('/api/audit')).json()) as {
    entries: { action: string; object: { id: string } }[];
  };
  const actions = entries.map((entry) => entry.action);
  expect(actions).toEqual(expect.arrayContaining(['sign_in', 'import', 'open', 'server_started']));

  const gone = await server.fetch(`/api/studies/${study?.studyInstanceUid}`, { method: 'DELETE' });
  expect(gone.status).toBe(204);
  expect(await studies()).toEqual([]);
  expect((await server.kill('SIGTERM')).code).toBe(0);
  expect(server.output()).not.toMatch(/error:/);
}, 240_000);
