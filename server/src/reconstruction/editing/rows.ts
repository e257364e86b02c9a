import { structureTable, type VolumeManifest } from '@yuepian/contract';
import type { Actor } from '../../http/index.ts';
import type { EditedRow, EditRow } from './editing.store.ts';
import type { EditedState } from './state.ts';

/** Whether its voxels mean something in this volume. */
export const fits = (row: EditedRow, { size }: VolumeManifest): boolean =>
  row.nx === size[0] && row.ny === size[1] && row.nz === size[2];

export const signature = (actor: Actor) => ({
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
export const knownLook = (key: string) => {
  const table: Readonly<
    Record<string, { zh: string; en: string; colour: string; opacity: number }>
  > = structureTable;
  return Object.hasOwn(table, key) ? table[key] : undefined;
};
