import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type ModelManifest,
  type ModelSummary,
  modelId,
  modelManifest,
  modelSummary,
  YuepianError,
} from '@yuepian/contract';
import { z } from 'zod';
import { checkInProcess } from './check-host.ts';
import { importFolder } from './import/index.ts';
import { refused } from './refusal.ts';
import { unpack } from './unpack.ts';

const installed = z.object({ addedAt: z.string(), bytes: z.number().int().nonnegative() });

export interface AddOptions {
  /** Overrides the id that the folder would get. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/** An installed model: its manifest and the folder its files lie in. */
export interface InstalledModel {
  readonly manifest: ModelManifest;
  readonly folder: string;
}

/**
 * Installed models, one folder each below `models/` of the data folder: `manifest.json`, the
 * weights, the golden patch, `installed.json`. A folder is built in `tmp/`, checked by running it,
 * and only then moved to its place; what is there has passed.
 */
export class ModelRegistry {
  readonly root: string;
  readonly #tmp: string;

  constructor(dataFolder: string) {
    this.root = path.join(dataFolder, 'models');
    this.#tmp = path.join(dataFolder, 'tmp');
  }

  /** In the order of their ids. What cannot be read is left out. */
  async list(): Promise<ModelSummary[]> {
    const names = await readdir(this.root).catch(() => []);
    const found = await Promise.all(names.sort().map((name) => this.#read(name)));
    return found.filter((model) => model !== undefined).map(({ summary }) => summary);
  }

  /** @throws YuepianError not_found. */
  async get(id: string): Promise<InstalledModel> {
    const found = await this.#read(id);
    if (!found) throw new YuepianError('not_found', { what: `model ${id.slice(0, 64)}` });
    return { manifest: found.manifest, folder: this.folder(id) };
  }

  folder(id: string): string {
    return path.join(this.root, modelId.parse(id));
  }

  /**
   * Installs from a folder, a .zip, or a manifest of a remote engine (.json).
   * @returns the model's summary.
   * @throws YuepianError model_refused with the reason, already_exists, not_found, broken_archive.
   */
  async add(source: string, options: AddOptions = {}): Promise<ModelSummary> {
    const stage = path.join(this.#tmp, `model-${randomUUID()}`);
    await mkdir(stage, { recursive: true });
    try {
      const folder = await this.#folderOf(source, stage);
      const built = path.join(stage, 'built');
      await mkdir(built);
      const manifest = await importFolder(folder, built, options.id);
      if (await this.#read(manifest.id)) {
        throw new YuepianError('already_exists', { what: manifest.id });
      }
      const write = (m: ModelManifest): Promise<void> =>
        writeFile(path.join(built, 'manifest.json'), JSON.stringify(m, null, 2));
      await write(manifest);
      const { probabilities } = await checkInProcess(built, options.signal);
      if (probabilities && manifest.tensor)
        await write({ ...manifest, tensor: { ...manifest.tensor, probabilities } });
      const bytes = manifest.engine.kind === 'onnx' ? await sizeOf(built, manifest) : 0;
      const note = { addedAt: new Date().toISOString(), bytes };
      await writeFile(path.join(built, 'installed.json'), JSON.stringify(note));
      await mkdir(this.root, { recursive: true });
      await rm(this.folder(manifest.id), { recursive: true, force: true });
      await rename(built, this.folder(manifest.id));
      return summaryOf(manifest, note);
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  }

  /**
   * The same for files of the internet, each with its sha256.
   * @throws YuepianError wrong_checksum, engine_unreachable and those of `add`.
   */
  async addFrom(
    files: readonly { readonly name: string; readonly url: string; readonly sha256: string }[],
    options: AddOptions = {},
  ): Promise<ModelSummary> {
    const stage = path.join(this.#tmp, `fetch-${randomUUID()}`);
    await mkdir(stage, { recursive: true });
    try {
      for (const file of files) await fetchFile(file, stage, options.signal);
      const [only] = files;
      const whole = files.length === 1 && only && /\.(zip|json)$/i.test(only.name);
      return await this.add(whole ? path.join(stage, only.name) : stage, options);
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  }

  /**
   * Runs the checks of the import again.
   * @throws YuepianError model_changed, model_refused.
   */
  async verify(id: string, signal?: AbortSignal): Promise<void> {
    const { manifest, folder } = await this.get(id);
    await checkWeights(manifest, folder);
    await checkInProcess(folder, signal);
  }

  /** @throws YuepianError not_found. */
  async remove(id: string): Promise<void> {
    await this.get(id);
    const gone = path.join(this.#tmp, `removed-${randomUUID()}`);
    await mkdir(this.#tmp, { recursive: true });
    // Moved first: a model that is half deleted must not look installed.
    await rename(this.folder(id), gone);
    await rm(gone, { recursive: true, force: true });
  }

  async #folderOf(source: string, stage: string): Promise<string> {
    const there = await stat(source).catch(() => undefined);
    if (!there) throw new YuepianError('not_found', { what: source });
    if (there.isDirectory()) return source;
    const folder = path.join(stage, 'unpacked');
    await mkdir(folder);
    if (/\.json$/i.test(source)) {
      await writeFile(path.join(folder, 'manifest.json'), await readFile(source));
    } else {
      await unpack(source, there.size, folder);
    }
    return folder;
  }

  async #read(id: string): Promise<{ manifest: ModelManifest; summary: ModelSummary } | undefined> {
    if (!modelId.safeParse(id).success) return undefined;
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(path.join(this.root, id, name), 'utf8'));
    try {
      const manifest = modelManifest.parse(await read('manifest.json'));
      return {
        manifest,
        summary: summaryOf(manifest, installed.parse(await read('installed.json'))),
      };
    } catch {
      return undefined;
    }
  }
}

/**
 * Weights are checked before every load: what ran well at the import is what runs now.
 * @throws YuepianError model_changed
 */
export async function checkWeights(manifest: ModelManifest, folder: string): Promise<void> {
  if (manifest.engine.kind !== 'onnx') return;
  const { file, sha256 } = manifest.engine;
  const actual = await digestOf(path.join(folder, file)).catch(() => 'missing');
  if (actual !== sha256) throw new YuepianError('model_changed', { model: manifest.id });
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function sizeOf(folder: string, manifest: ModelManifest): Promise<number> {
  const { engine } = manifest;
  return engine.kind === 'onnx' ? (await stat(path.join(folder, engine.file))).size : 0;
}

export function summaryOf(
  m: ModelManifest,
  note: { readonly addedAt: string; readonly bytes: number },
): ModelSummary {
  return modelSummary.parse({
    ...m,
    engine: m.engine.kind,
    classes: m.classes.map(({ key, name, colour }) => ({ key, name, colour })),
    ...note,
  });
}

/** A download beyond this is no model of ours. */
const maximumBytes = 4 * 2 ** 30;

async function fetchFile(
  file: { readonly name: string; readonly url: string; readonly sha256: string },
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(file.name)) throw refused('file_name', file.name);
  const answer = await fetch(file.url, { ...(signal ? { signal } : {}) }).catch(
    (cause: unknown) => {
      throw new YuepianError(
        'engine_unreachable',
        { url: file.url, reason: cause instanceof Error ? cause.message : String(cause) },
        { cause },
      );
    },
  );
  if (!answer.ok || !answer.body) {
    throw new YuepianError('engine_unreachable', {
      url: file.url,
      reason: `HTTP ${answer.status}`,
    });
  }
  const hash = createHash('sha256');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new YuepianError('too_large', { limit: '4 GB' });
    hash.update(chunk);
    chunks.push(chunk);
  }
  const actual = hash.digest('hex');
  if (actual !== file.sha256) {
    throw new YuepianError('wrong_checksum', {
      what: file.name,
      expected: file.sha256,
      actual,
    });
  }
  await writeFile(path.join(folder, file.name), chunks);
}
