import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ModelManifest, modelId, modelManifest } from '@yuepian/contract';
import { refused } from '../refusal.ts';
import { importMeshNet, parseJson } from './meshnet.ts';
import { importNnUnet } from './nnunet.ts';

/**
 * Turns a model folder into ours: the manifest is returned, the files are written to `built`.
 * Nothing is run here; see check.ts.
 * @throws YuepianError model_refused.
 */
export async function importFolder(
  folder: string,
  built: string,
  id?: string,
): Promise<ModelManifest> {
  const names = new Set(await readdir(folder));
  const wanted = idOf(id ?? path.basename(folder));
  if (names.has('manifest.json')) return withId(await importPlain(folder, built), id);
  if (names.has('plans.json') && names.has('dataset.json')) {
    return importNnUnet(folder, built, wanted);
  }
  if (names.has('model.json')) {
    // A folder that was fetched or unpacked has no name of its own.
    const own = /^(built|unpacked|fetch-|model-[0-9a-f]{8}-)/.test(path.basename(folder));
    return importMeshNet(folder, built, own && !id ? await contentId(folder) : wanted);
  }
  throw refused('no_manifest');
}

const idOf = (name: string): string => {
  const clean = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return modelId.parse(clean.slice(0, 64) || 'model');
};

async function contentId(folder: string): Promise<string> {
  const text = await readFile(path.join(folder, 'model.json'));
  return `meshnet-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

const withId = (manifest: ModelManifest, id: string | undefined): ModelManifest =>
  id === undefined ? manifest : { ...manifest, id: modelId.parse(id) };

/** An ONNX file with our own manifest, or the manifest of a remote engine alone. */
async function importPlain(folder: string, built: string): Promise<ModelManifest> {
  const text = await readFile(path.join(folder, 'manifest.json'), 'utf8');
  const read = modelManifest.safeParse(parseJson(text));
  if (!read.success) {
    const [first] = read.error.issues;
    throw refused('manifest', `${first?.path.join('.') ?? ''} ${first?.message ?? ''}`.trim());
  }
  const manifest = read.data;
  const files = [
    ...(manifest.engine.kind === 'onnx' ? [manifest.engine] : []),
    ...(manifest.golden ? [manifest.golden] : []),
  ];
  for (const { file, sha256 } of files) {
    const from = path.join(folder, file);
    const bytes = await readFile(from).catch((cause: unknown) => {
      throw refused('missing_file', file, cause);
    });
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw refused('checksum');
    await copyFile(from, path.join(built, file));
  }
  return manifest;
}
