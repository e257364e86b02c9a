import {
  type postStructure,
  type Structure,
  structureTable,
  type VolumeManifest,
} from '@yuepian/contract';
import type { z } from 'zod';
import type { Actor } from '../../http/index.ts';
import { structureIdOf } from '../derived.ts';
import type { EditedRow, EditRow } from './editing.store.ts';
import type { EditedState } from './state.ts';

/** Whether its voxels mean something in this volume. */
export const fits = (row: EditedRow, { size }: VolumeManifest): boolean =>
  row.nx === size[0] && row.ny === size[1] && row.nz === size[2];

const signature = (actor: Actor) => ({
  user_id: actor.user.id,
  user_name: actor.user.displayName || actor.user.name,
  at: new Date().toISOString(),
});

/** The next line of the log. */
export const lineOf = (
  state: EditedState,
  actor: Actor,
  what: Pick<EditRow, 'kind' | 'tool' | 'description' | 'voxels' | 'diff'>,
): EditRow => ({
  structure_id: state.row.id,
  revision: state.revision + 1,
  ...what,
  ...signature(actor),
});

/** Name and colour of a kind of structure that the contract knows. */
const knownLook = (key: string) => {
  const table: Readonly<
    Record<string, { zh: string; en: string; colour: string; opacity: number }>
  > = structureTable;
  return Object.hasOwn(table, key) ? table[key] : undefined;
};

/** What reconstruction found, as the beginning of a record. @param base gzip of its mask. */
export function rowOf(
  s: Structure,
  manifest: VolumeManifest,
  studyUid: string,
  base: Uint8Array,
  actor: Actor,
): EditedRow {
  const [nx, ny, nz] = manifest.size;
  return {
    id: s.id,
    volume_id: s.volumeId,
    series_uid: manifest.seriesInstanceUid,
    study_uid: studyUid,
    key: s.key,
    name_zh: s.name.zh,
    name_en: s.name.en,
    colour: s.colour,
    opacity: s.opacity,
    origin: s.source,
    nx,
    ny,
    nz,
    base,
    ...signature(actor),
  };
}

/** A structure that somebody begins. @param base gzip of its mask. */
export function ownRow(
  wish: z.output<typeof postStructure>,
  key: string,
  manifest: VolumeManifest,
  studyUid: string,
  base: Uint8Array,
  actor: Actor,
): EditedRow {
  const known = knownLook(wish.key);
  const [nx, ny, nz] = manifest.size;
  return {
    id: structureIdOf(manifest.id, key),
    volume_id: manifest.id,
    series_uid: manifest.seriesInstanceUid,
    study_uid: studyUid,
    key,
    name_zh: wish.name?.zh ?? known?.zh ?? wish.key,
    name_en: wish.name?.en ?? known?.en ?? wish.key,
    colour: wish.colour ?? known?.colour ?? '#c0c0c0',
    opacity: known?.opacity ?? 1,
    origin: wish.source,
    nx,
    ny,
    nz,
    base,
    ...signature(actor),
  };
}
