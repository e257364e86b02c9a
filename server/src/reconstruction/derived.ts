import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  affine,
  type StructureId,
  structure,
  structureId,
  type VolumeId,
  type VolumeManifest,
  vec3,
  volumeId,
  volumeManifest,
} from '@yuepian/contract';
import { z } from 'zod';
import { slabFile } from './pyramid/index.ts';

/**
 * The throw-away part of the data folder: `derived/<volumeId>/` holds `manifest.json`, the slabs
 * `L<level>-<slab>.bin`, `thumbnail.png`, `structures.json`, `labels-<digest>.gz` and
 * `meshes/<key>-<lod>-<digest>.glb`, `masks/<key>-<digest>.gz`; `sets/<name>/` holds the same of other
 * sources. Whatever is missing is derived again from the archive.
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

  /** Where a set of structures lies: `classical` in the volume's folder, others below `sets/`. */
  setFolder(id: string, set: string): string {
    return set === classicalSet
      ? this.folder(id)
      : path.join(this.folder(id), 'sets', setName.parse(set));
  }

  structures(id: string, set: string = classicalSet): Promise<StructureSet | undefined> {
    return readJson(path.join(this.setFolder(id, set), 'structures.json'), structureSet);
  }

  /** Names of the sets of a volume that are not classical, in the order of their names. */
  async setNames(id: string): Promise<string[]> {
    const found = await readdir(path.join(this.folder(id), 'sets')).catch(() => []);
    return found.filter((name) => setName.safeParse(name).success).sort();
  }

  async removeSet(id: string, set: string): Promise<void> {
    if (set !== classicalSet) await rm(this.setFolder(id, set), { recursive: true, force: true });
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

/** Structures that are made by themselves, without a network. */
export const classicalSet = 'classical';
const setName = z.string().regex(/^[a-z0-9]{1,16}$/);

/** Name of the set that a source fills: one per model, one per foreign object. */
export const setNameOf = (kind: 'model' | 'foreign', id: string): string =>
  (kind === 'model' ? 'm' : 'f') +
  createHash('sha256').update(`${kind} ${id}`).digest('hex').slice(0, 11);

const both = z.object({ zh: z.string(), en: z.string() });

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
  kind: z.enum(['classical', 'model', 'segmentation', 'rtstruct']).default('classical'),
  title: both.optional(),
  model: z.object({ id: z.string(), version: z.string(), licence: z.string() }).optional(),
  /** The structure it was made from. */
  of: structureId.optional(),
  /** The voxels it was made from, see `structure.content`. */
  ofContent: z.string().optional(),
  sopInstanceUid: z.string().optional(),
  notes: z.array(both).default([]),
  run: z.object({ seconds: z.number(), device: z.string() }).optional(),
  /** What the result depends on: an equal one need not be computed again. */
  cacheKey: z.string().optional(),
  structures: z.array(
    z.object({
      key: z.string(),
      /** For keys that contract's table does not know, or names of their own. */
      name: both.optional(),
      colour: z.string().optional(),
      opacity: z.number().optional(),
      labels: z.array(z.number().int().positive()),
      voxels: z.number().int().nonnegative(),
      volumeMl: z.number().nonnegative(),
      openEdges: z.number().int().nonnegative(),
      stone: structure.shape.stone,
      /** Below the set's folder: `margins/<key>-<digest>.gz`. */
      sureness: z
        .object({
          lowMl: z.number(),
          highMl: z.number(),
          file: z.string(),
          size: vec3,
          affine,
        })
        .optional(),
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

/** Id of a structure: its volume's id (32 characters), a dash, its set and a dash, its key. */
export const structureIdOf = (volume: string, key: string, set = classicalSet): StructureId =>
  structureId.parse(set === classicalSet ? `${volume}-${key}` : `${volume}-${set}-${key}`);

/** @returns undefined for what cannot be an id of ours. */
export function partsOfStructureId(
  id: string,
): { volume: VolumeId; set: string; key: string } | undefined {
  const volume = volumeId.safeParse(id.slice(0, nameLength));
  const rest = /^-(?:([a-z0-9]{1,16})-)?([a-z0-9_]{1,64})$/.exec(id.slice(nameLength));
  return volume.success && rest?.[2]
    ? { volume: volume.data, set: rest[1] ?? classicalSet, key: rest[2] }
    : undefined;
}
