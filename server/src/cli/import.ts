import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  errorBody,
  type ImportResponse,
  type ImportResult,
  importResponse,
  type Language,
} from '@yuepian/contract';
import { readServerNote } from '../data-lock.store.ts';
import { readSettings } from '../settings.ts';
import { CommandError, UsageError } from './usage.ts';

/** A request holds at most this; small enough that a cut line costs little to send again. */
const batchFiles = 50;
const batchBytes = 64 << 20;
/** Requests under way at the same time: one is read while another is stored. */
const parallel = 2;

interface LocalFile {
  readonly path: string;
  /** As shown, relative to what was named on the command line. */
  readonly name: string;
  readonly bytes: number;
}

/** `import PATH…`: sends folders, zips and files to a running server; one line per file. */
export async function importFiles(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      user: { type: 'string', default: 'admin' },
      password: { type: 'string' },
      token: { type: 'string' },
    },
  });
  if (positionals.length === 0) throw new UsageError('Say which folder, zip or files to import.');
  const authorization = authorizationOf(values);
  const url = values.url ?? process.env.YUEPIAN_URL ?? (await runningUrl());
  if (!URL.canParse(url)) throw new UsageError(`"${url}" is no address such as http://host:8080.`);

  const language: Language = process.env.LANG?.startsWith('zh') ? 'zh' : 'en';
  const total = { stored: 0, exists: 0, refused: 0, ignored: 0 };
  const print = (response: ImportResponse) => {
    for (const result of response.results) console.log(lineOf(result, language));
    for (const key of ['stored', 'exists', 'refused', 'ignored'] as const) {
      total[key] += response[key];
    }
  };

  const batches = inBatches(findFiles(positionals));
  const worker = async () => {
    for await (const batch of batches) {
      print(await send(new URL('/api/import', url), batch, authorization, language));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  console.log(
    `${total.stored} stored, ${total.exists} already there, ` +
      `${total.refused} refused, ${total.ignored} ignored`,
  );
  return total.refused > 0 ? 1 : 0;
}

function authorizationOf(values: {
  user: string;
  password?: string | undefined;
  token?: string | undefined;
}): string {
  const token = values.token ?? process.env.YUEPIAN_TOKEN;
  if (token) return `Bearer ${token}`;
  const password = values.password ?? process.env.YUEPIAN_ADMIN_PASSWORD;
  if (!password) {
    throw new UsageError(
      'Say who sends: --password (or YUEPIAN_ADMIN_PASSWORD), or --token (or YUEPIAN_TOKEN).',
    );
  }
  return `Basic ${Buffer.from(`${values.user}:${password}`).toString('base64')}`;
}

/** The server of the data folder on this machine, else the usual address. */
async function runningUrl(): Promise<string> {
  const { dataFolder, host, port } = readSettings(process.env);
  return (await readServerNote(dataFolder))?.url ?? `http://${host}:${port}`;
}

/** Every file below the paths, in a stable order. Links are followed only when named themselves. */
async function* findFiles(paths: readonly string[]): AsyncGenerator<LocalFile> {
  for (const named of paths) {
    const root = resolve(named);
    const info = await stat(root).catch(() => undefined);
    if (!info) throw new CommandError(`There is no "${named}".`);
    if (!info.isDirectory()) {
      yield { path: root, name: basename(root), bytes: info.size };
      continue;
    }
    yield* below(root, root);
  }
}

async function* below(folder: string, root: string): AsyncGenerator<LocalFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* below(path, root);
    else if (entry.isFile()) {
      yield { path, name: relative(root, path), bytes: (await stat(path)).size };
    }
  }
}

/** Groups files for one request each; several readers share the one generator. */
async function* inBatches(files: AsyncIterable<LocalFile>): AsyncGenerator<LocalFile[]> {
  let batch: LocalFile[] = [];
  let bytes = 0;
  for await (const file of files) {
    if (batch.length > 0 && (batch.length >= batchFiles || bytes + file.bytes > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.bytes;
  }
  if (batch.length > 0) yield batch;
}

async function send(
  url: URL,
  files: readonly LocalFile[],
  authorization: string,
  language: Language,
): Promise<ImportResponse> {
  const boundary = `yuepian-${crypto.randomUUID()}`;
  let response: Response;
  try {
    // `duplex` lets fetch send a stream (fetch.spec.whatwg.org); the DOM types do not know it yet.
    const request: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: asStream(formData(files, boundary)),
      duplex: 'half',
    };
    response = await fetch(url, request);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${url.origin} did not answer (${reason}). Is the server running?`);
  }
  const text = await response.text();
  const body: unknown = parseJson(text);
  const refused = errorBody.safeParse(body);
  if (refused.success) throw new CommandError(refused.data.error[language]);
  const answer = importResponse.safeParse(body);
  if (!answer.success) {
    throw new CommandError(`${url.origin} answered ${response.status} and not as Yuepian does.`);
  }
  return answer.data;
}

/** RFC 7578, streamed: never more than one piece of one file in memory. */
async function* formData(
  files: readonly LocalFile[],
  boundary: string,
): AsyncGenerator<Uint8Array> {
  const text = (value: string) => Buffer.from(value, 'utf8');
  for (const { path, name } of files) {
    const safe = name.replaceAll('\\', '/').replace(/["\r\n]/g, (c) => encodeURIComponent(c));
    yield text(
      `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${safe}"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    );
    for await (const piece of createReadStream(path, { highWaterMark: 256 << 10 })) {
      yield piece as Uint8Array;
    }
    yield text('\r\n');
  }
  yield text(`--${boundary}--\r\n`);
}

const asStream = (pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await pieces.return(undefined);
    },
  });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lineOf = (result: ImportResult, language: Language): string => {
  const reason = result[language];
  return `${result.status.padEnd(8)}${result.file}${reason ? `: ${reason}` : ''}`;
};
