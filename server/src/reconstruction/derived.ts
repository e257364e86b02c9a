import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type StructureId,
  structureId,
  type VolumeId,
  type VolumeManifest,
  volumeId,
  volumeManifest,
} from '@yuepian/contract';
import { z } from 'zod';
import { slabFile } from './pyramid/index.ts';

/**
 * The throw-away part of the data folder: `derived/<volumeId>/` holds `manifest.json`, the slabs
 * `L<level>-<slab>.bin`, `thumbnail.png`, `structures.json`, `labels-<digest>.gz` and
 * `meshes/<key>-<lod>-<digest>.glb`, `masks/<key>-<digest>.gz`. Whatever is missing is derived again from the archive.
 * New content is built in `tmp/` and renamed, so a name that exists has its full content, and an
 * address that carries a digest never changes what it means.
 */
export class DerivedFolder {
  readonly root: string;
  readonly tmp: string;

  constructor(dataFolder: string) {
    this.root = path.join(dataFolder, 'derived');
    this.tmp = path.join(dataFolder, 'tmp');
  }

  folder(id: string): string {
    return path.join(this.root, volumeId.parse(id));
  }

  slab(id: string, level: number, slab: number): string {
    return path.join(this.folder(id), slabFile(level, slab));
  }

  /** The manifest, or undefined when the volume is not there (any more). */
  manifest(id: string): Promise<VolumeManifest | undefined> {
    return readJson(path.join(this.folder(id), 'manifest.json'), volumeManifest);
  }

  structures(id: string): Promise<StructureSet | undefined> {
    return readJson(path.join(this.folder(id), 'structures.json'), structureSet);
  }

  /** True when the manifest and every slab it lists are there in full length. */
  async complete(id: string): Promise<boolean> {
    const manifest = await this.manifest(id);
    if (!manifest) return false;
    for (const level of manifest.levels) {
      for (const [n, bytes] of level.slabBytes.entries()) {
        const found = await stat(this.slab(id, level.level, n)).catch(() => undefined);
        if (found?.size !== bytes) return false;
      }
    }
    return true;
  }

  /** A quick look: the manifest is there, and it is written last. */
  async begun(id: string): Promise<boolean> {
    return isThere(path.join(this.folder(id), 'manifest.json'));
  }

  async hasThumbnail(folder: string): Promise<boolean> {
    return isThere(path.join(this.root, folder, 'thumbnail.png'));
  }

  /** A fresh folder in tmp for a run; removed by `discard` whatever happens. */
  async scratch(): Promise<string> {
    const folder = path.join(this.tmp, `job-${randomUUID()}`);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  async discard(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }

  async remove(id: string): Promise<void> {
    await rm(this.folder(id), { recursive: true, force: true });
  }
}

/** Moves a finished folder to its place; what stood there is taken away as a whole. */
export async function replaceFolder(from: string, to: string, scratch: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rename(to, path.join(scratch, `old-${randomUUID()}`)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await rename(from, to);
}

/**
 * Writes a file in the scratch folder and moves it to its place: a reader sees the old one or the
 * new one, and a process that is killed leaves nothing beside it.
 */
export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  scratch: string,
): Promise<void> {
  const building = path.join(scratch, randomUUID());
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(building, content);
  await rename(building, file);
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  // Damaged or of another version: as good as not there, it is derived again.
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** Removes the files of a folder that match `which` and are not among `names`. */
export async function keepOnly(
  folder: string,
  names: ReadonlySet<string>,
  which = /./,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (which.test(name) && !names.has(name)) await rm(path.join(folder, name), { force: true });
  }
}

/** What reconstruction left for one volume; `structures.json`. */
export const structureSet = z.object({
  version: z.literal(1),
  /** e.g. `classical 1`. */
  source: z.string(),
  /** Digest of the full label map: a confirmation by a doctor holds for this content only. */
  digest: z.string(),
  /** False while models are still being made. */
  complete: z.boolean(),
  /** A first look on a coarse grid; nothing may be measured in it or said about it. */
  preview: z.boolean().optional(),
  labels: z.object({ level: z.number().int(), file: z.string() }).optional(),
  structures: z.array(
    z.object({
      key: z.string(),
      labels: z.array(z.number().int().positive()),
      voxels: z.number().int().nonnegative(),
      volumeMl: z.number().nonnegative(),
      openEdges: z.number().int().nonnegative(),
      seconds: z.number().nonnegative(),
      /** Coarse first. */
      levels: z.array(
        z.object({
          file: z.string(),
          triangles: z.number().int().nonnegative(),
          bytes: z.number().int().nonnegative(),
        }),
      ),
    }),
  ),
});
export type StructureSet = z.infer<typeof structureSet>;
export type DerivedStructure = StructureSet['structures'][number];

const nameLength = 32;

/** 32 characters that name something for good: the same parts give the same name. */
export const nameOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, nameLength);

/** Where a segment's voxels lie, below its volume's folder; see contract/mask.ts. */
export const maskFile = (key: string, digest: string): string => `masks/${key}-${digest}.gz`;

/** Id of a volume: the same series and the same place in it give the same id on every server. */
export const volumeIdOf = (seriesUid: string, label: string, ordinal: number): VolumeId =>
  volumeId.parse(nameOf('volume', seriesUid, label, String(ordinal)));

/** Id of a structure: its volume's id (32 characters), a dash, its key. */
export const structureIdOf = (volume: string, key: string): StructureId =>
  structureId.parse(`${volume}-${key}`);

/** @returns undefined for what cannot be an id of ours. */
export function partsOfStructureId(id: string): { volume: VolumeId; key: string } | undefined {
  const volume = volumeId.safeParse(id.slice(0, nameLength));
  const key = id.slice(nameLength + 1);
  return volume.success && id[nameLength] === '-' && /^[a-z0-9_]{1,31}$/.test(key)
    ? { volume: volume.data, key }
    : undefined;
}
