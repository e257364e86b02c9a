import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Structure, type VolumeManifest, YuepianError } from '@yuepian/contract';
import { consoleLog } from '../../http/index.ts';
import { partsOfStructureId } from '../derived.ts';
import { runOnce } from '../editing/child/host.ts';
import type { Reconstruction } from '../reconstruction.ts';
import { type ExportFormat, type ExportResult, type ExportTask, exportResult } from './protocol.ts';

/** Whoever waits for a file has given up by then. */
const longestSeconds = 120;

const program = new URL('./child.ts', import.meta.url);

export interface ExportedFile {
  readonly bytes: Buffer;
  readonly structures: readonly Structure[];
  readonly manifest: VolumeManifest;
}

/**
 * Structures of one volume as one file, made in a process of its own from what there is now.
 * @throws YuepianError not_found, not_ready, mask_missing, took_too_long.
 */
export async function exportStructures(
  room: Reconstruction,
  ids: readonly string[],
  format: ExportFormat,
  language: 'zh' | 'en',
): Promise<ExportedFile> {
  const result = await run(room, ids, format, language);
  if (!result.bytes) throw new YuepianError('not_found', { what: 'model' });
  return { ...result, bytes: result.bytes };
}

/** Why a structure could not be printed as it is; empty when it could. */
export async function printability(
  room: Reconstruction,
  id: string,
  language: 'zh' | 'en',
): Promise<ExportResult['warnings']> {
  return (await run(room, [id], 'check', language)).answer.warnings;
}

async function run(
  room: Reconstruction,
  ids: readonly string[],
  format: ExportTask['format'],
  language: 'zh' | 'en',
) {
  const structures = await Promise.all(ids.map((id) => room.structure(id)));
  const [first] = structures;
  const manifest = first && (await room.derived.manifest(first.volumeId));
  if (!first || !manifest || structures.some((s) => s.volumeId !== first.volumeId)) {
    throw new YuepianError('not_found', { what: 'structure' });
  }
  if (structures.some((s) => s.preview)) throw new YuepianError('not_ready');
  const scratch = await room.derived.scratch();
  try {
    const items: ExportTask['items'] = [];
    const hash = createHash('sha256').update(manifest.revision ?? '');
    for (const [n, s] of structures.entries()) {
      const base = {
        key: s.key,
        name: s.name[language],
        colour: s.colour,
        opacity: s.opacity,
      };
      const glb = s.edited || format === 'seg' ? undefined : await finestGlb(room, s);
      if (glb) items.push({ ...base, glb });
      else {
        const { body } = await room.editing.mask(s.id);
        hash.update(s.id).update(body);
        const mask = path.join(scratch, `${n}.gz`);
        await writeFile(mask, body);
        items.push({ ...base, mask });
      }
    }
    const task: ExportTask = {
      format,
      size: manifest.size,
      affine: manifest.affine,
      frameOfReferenceUid: manifest.frameOfReferenceUid,
      items,
      source: [...new Set(structures.map((s) => s.source))].join('; ').slice(0, 64),
      out: path.join(scratch, 'out'),
      ...(format === 'seg'
        ? {
            series: {
              ...(await imageOf(room, manifest)),
              slices: manifest.resampled ? [] : manifest.source,
              content: `export ${hash.digest('base64url')}`,
              isEdited: structures.some((s) => s.edited !== undefined),
            },
          }
        : {}),
    };
    const log = room.deps.log ?? consoleLog;
    const answer = await within(longestSeconds, (signal) =>
      runOnce(program, task, exportResult, {
        signal,
        log: (line) => log.info(`export: ${line.trimEnd()}`),
      }),
    );
    const bytes = answer.bytes > 0 ? await readFile(task.out) : undefined;
    return { answer, bytes, structures, manifest };
  } finally {
    await room.derived.discard(scratch);
  }
}

/**
 * Aborts the work when it takes longer.
 * @throws YuepianError took_too_long as the signal's reason.
 */
export async function within<T>(
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new YuepianError('took_too_long', { seconds })),
    seconds * 1000,
  );
  try {
    return await work(late.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function finestGlb(room: Reconstruction, s: Structure): Promise<string | undefined> {
  const parts = partsOfStructureId(s.id);
  const set = parts && (await room.derived.structures(parts.volume, parts.set));
  const level = set?.structures.find((x) => x.key === parts?.key)?.levels.at(-1);
  return parts && level && path.join(room.derived.setFolder(parts.volume, parts.set), level.file);
}

async function imageOf(room: Reconstruction, manifest: VolumeManifest) {
  const instances = await room.deps.archive.instances(manifest.seriesInstanceUid);
  const uid = manifest.source[0]?.sopInstanceUid;
  const found = instances.find((i) => i.sopInstanceUid === uid) ?? instances[0];
  if (!found) throw new YuepianError('not_found', { what: 'series' });
  return { dataFolder: room.deps.dataFolder, blob: found.blob };
}
