import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StudyDetail, studyDetail, studyList } from '@yuepian/contract';
import { ctAbdomen, mrHead, phantomInstances } from '@yuepian/phantom';
import type { TestServer } from '../../server/src/testing.ts';

/** A small phantom as files in a new folder; small, because a renderer without a GPU shows it. */
export async function phantomFolder(
  kind: 'ct' | 'mr' = 'ct',
  { size = 128, slices = 80 } = {},
): Promise<{ folder: string; files: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'yuepian-e2e-'));
  const files: string[] = [];
  const patient = kind === 'ct' ? ctAbdomen({ size, slices }) : mrHead({ size, slices });
  for (const { fileName, bytes } of phantomInstances(patient)) {
    const file = join(folder, fileName);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, bytes);
    files.push(file);
  }
  return { folder, files };
}

/** Sends files as a machine client does. @returns the study they belong to. */
export async function importFiles(server: TestServer, files: readonly string[]): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const form = new FormData();
  for (const file of files) form.append('files', new Blob([await readFile(file)]), file);
  const response = await server.fetch('/api/import', { method: 'POST', body: form });
  const answer = (await response.json()) as {
    results: { studyInstanceUid?: string; status: string }[];
  };
  const uid = answer.results.find((r) => r.studyInstanceUid)?.studyInstanceUid;
  if (!uid) throw new Error(`nothing was stored: ${JSON.stringify(answer).slice(0, 500)}`);
  return uid;
}

export async function studyOf(server: TestServer, uid: string): Promise<StudyDetail> {
  return studyDetail.parse(await (await server.fetch(`/api/studies/${uid}`)).json());
}

export async function studiesOf(server: TestServer) {
  return studyList.parse(await (await server.fetch('/api/studies')).json()).studies;
}

/** Waits on the server's own events until the study satisfies `isReady`. */
export async function whenStudy(
  server: TestServer,
  uid: string,
  isReady: (study: StudyDetail) => boolean,
): Promise<StudyDetail> {
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(), 150_000);
  const events = await server.fetch('/api/events', { signal: abort.signal });
  const reader = events.body?.getReader();
  try {
    for (;;) {
      const study = await studyOf(server, uid);
      if (isReady(study)) return study;
      if (abort.signal.aborted) throw new Error(`it never came to it: ${stateOf(study)}`);
      await reader?.read().catch((e: unknown) => {
        if (!abort.signal.aborted) throw e;
      });
    }
  } finally {
    clearTimeout(late);
    abort.abort();
  }
}

const stateOf = (study: StudyDetail): string =>
  study.series
    .map((s) => {
      const structures = s.structures.map((x) => `${x.key} at ${x.edited?.revision ?? 0}`);
      return `${s.kind}, ${s.reconstruction.state}: ${structures.join(', ')}`;
    })
    .join('; ');

/** Reconstruction of every series that can have one has ended. */
export const isReconstructed = (study: StudyDetail): boolean =>
  study.series.every((s) => s.kind !== 'preparing') &&
  study.series.some((s) => s.reconstruction.state === 'done');
