import type { ImportResult, StudyInstanceUid } from '@yuepian/contract';
import { YuepianError } from '@yuepian/contract';
import { sentenceOf, Unreachable } from '../../api/index.ts';
import { currentLanguage, text } from '../../i18n/index.ts';
import { createStore } from '../../ui/index.ts';
import { assignResults, fits } from './batch.ts';
import { type Sendable, sendFiles } from './send.ts';
import { type FoundFile, isSystemFile } from './walk.ts';

export type RowStatus = 'waiting' | 'sending' | ImportResult['status'];
export interface Row {
  readonly id: number;
  readonly path: string;
  readonly status: RowStatus;
  /** 0…1 while it is sent. */
  readonly progress: number;
  readonly sentence: string;
}
export interface Upload {
  readonly state: 'idle' | 'running' | 'done' | 'cancelled';
  readonly searching: boolean;
  readonly rows: readonly Row[];
  readonly studies: readonly StudyInstanceUid[];
}

const idle: Upload = { state: 'idle', searching: false, rows: [], studies: [] };
export const uploadStore = createStore<Upload>(idle);
let abort: AbortController | undefined;
/** Requests under way at once: while the server files one, the line carries the other. */
const lanes = 2;
const attempts = 3;

/** Rows change many times a second; the screen hears of it once a frame. */
const rows: Row[] = [];
let scheduled = false;
function publish(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    uploadStore.set({ rows: [...rows] });
  });
}
function change(id: number, patch: Partial<Row>): void {
  const row = rows[id];
  if (!row) return;
  rows[id] = { ...row, ...patch };
  publish();
}
function addRow(path: string, patch: Partial<Row> = {}): number {
  const id = rows.length;
  rows.push({ id, path, status: 'waiting', progress: 0, sentence: '', ...patch });
  publish();
  return id;
}

export const cancelUpload = (): void => abort?.abort();
export const clearUpload = (): void => {
  abort?.abort();
  rows.length = 0;
  uploadStore.set(idle);
};

/** Imports files while they are being found. One run at a time; a second drop joins the first. */
export async function startUpload(files: AsyncIterable<FoundFile>): Promise<void> {
  if (uploadStore.get().state !== 'running') {
    rows.length = 0;
    abort = new AbortController();
    uploadStore.set({ ...idle, state: 'running' });
  }
  const run = abort ?? new AbortController();
  pending++;
  uploadStore.set({ searching: true });
  try {
    await distribute(files, run.signal);
  } finally {
    pending--;
    if (pending === 0) finish(run.signal);
  }
}
let pending = 0;

function finish(signal: AbortSignal): void {
  for (const row of rows) if (row.status === 'waiting' || row.status === 'sending') unsend(row.id);
  uploadStore.set({
    state: signal.aborted ? 'cancelled' : 'done',
    searching: false,
    rows: [...rows],
  });
}
const unsend = (id: number): void => change(id, { status: 'ignored', sentence: '', progress: 0 });

interface Batch {
  readonly files: readonly Sendable[];
  readonly ids: readonly number[];
}

/** Fills batches and keeps at most `lanes` of them on the line; finding files waits meanwhile. */
async function distribute(files: AsyncIterable<FoundFile>, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  let batch: Sendable[] = [];
  let ids: number[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const job = sendBatch({ files: batch, ids }, signal).finally(() => running.delete(job));
    running.add(job);
    [batch, ids, bytes] = [[], [], 0];
    while (running.size >= lanes) await Promise.race(running);
  };
  for await (const found of files) {
    if (signal.aborted) break;
    const { path, file } = found;
    if (isSystemFile(path)) {
      addRow(path, { status: 'ignored', sentence: text().upload.systemFile });
    } else if (!file) {
      addRow(path, { status: 'refused', sentence: text().upload.cannotRead });
    } else {
      if (!fits(batch.length, bytes, file.size)) await flush();
      batch.push({ path, file });
      ids.push(addRow(path));
      bytes += file.size;
    }
  }
  uploadStore.set({ searching: false });
  await flush();
  await Promise.all(running);
}

/** Sends a batch; when it fails as a whole, its halves, so that one bad file costs no other. */
async function sendBatch(batch: Batch, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  for (let attempt = 1; ; attempt++) {
    try {
      for (const id of batch.ids) change(id, { status: 'sending', progress: 0 });
      const answer = await sendFiles(
        batch.files,
        (sent, total) => showProgress(batch, sent, total),
        signal,
      );
      showResults(batch, answer.results);
      return;
    } catch (error) {
      if (signal.aborted) return;
      const isLine = error instanceof Unreachable || isCut(error);
      if (isLine && attempt < attempts) {
        await pause(attempt * 1000, signal);
        continue;
      }
      if (batch.files.length > 1 && !isLine && !isHopeless(error)) return splitBatch(batch, signal);
      for (const id of batch.ids) change(id, { status: 'refused', sentence: sentenceOf(error) });
      return;
    }
  }
}

const isCut = (e: unknown): boolean => e instanceof YuepianError && e.code === 'connection_cut';
/** Refusals that concern the person or the server, not a file. */
const isHopeless = (e: unknown): boolean =>
  e instanceof YuepianError &&
  ['not_signed_in', 'not_allowed', 'wrong_origin', 'storage_full'].includes(e.code);

async function splitBatch(batch: Batch, signal: AbortSignal): Promise<void> {
  const half = Math.ceil(batch.files.length / 2);
  await sendBatch({ files: batch.files.slice(0, half), ids: batch.ids.slice(0, half) }, signal);
  await sendBatch({ files: batch.files.slice(half), ids: batch.ids.slice(half) }, signal);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });

/** A form travels in order, so the bytes sent tell which file is on the line. */
function showProgress(batch: Batch, sent: number, total: number): void {
  const size = batch.files.reduce((sum, f) => sum + f.file.size, 0);
  let before = total > 0 ? (sent / total) * size : 0;
  batch.files.forEach(({ file }, n) => {
    const part = file.size === 0 ? 1 : Math.min(1, Math.max(0, before / file.size));
    change(batch.ids[n] ?? -1, { progress: part });
    before -= file.size;
  });
}

function showResults(batch: Batch, results: readonly ImportResult[]): void {
  const language = currentLanguage();
  const answered = new Set<number>();
  const paths = batch.files.map((f) => f.path);
  const studies = new Set(uploadStore.get().studies);
  for (const { index, result } of assignResults(paths, results)) {
    const id = batch.ids[index] ?? -1;
    const patch = { status: result.status, progress: 1, sentence: result[language] ?? '' };
    if (answered.has(id)) addRow(memberPath(paths[index] ?? '', result.file), patch);
    else change(id, { ...patch, path: memberPath(paths[index] ?? '', result.file) });
    answered.add(id);
    if (result.studyInstanceUid && result.status !== 'refused')
      studies.add(result.studyInstanceUid);
  }
  for (const id of batch.ids) if (!answered.has(id)) change(id, { status: 'ignored', progress: 1 });
  uploadStore.set({ studies: [...studies] });
}

/** A member of a zip is shown with the zip in front; a file as it was found here. */
const memberPath = (path: string, file: string): string =>
  file.startsWith(`${path}/`) ? file : path;
