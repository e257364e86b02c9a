import {
  maskVoxels,
  type postEdit,
  type postStructure,
  type VolumeManifest,
  YuepianError,
} from '@yuepian/contract';
import type { z } from 'zod';
import type { Actor } from '../../http/index.ts';
import type { EditRow } from './editing.store.ts';
import { lineOf, ownRow } from './rows.ts';
import { type EditedState, packMask, unpackMask, voxelsOf, withLine } from './state.ts';

/** What a structure is after a change, and the line of the log that says so; neither is kept yet. */
export interface Next {
  readonly state: EditedState;
  /** Absent for a structure that begins empty. */
  readonly line?: EditRow;
}

/** @throws YuepianError edit_stale, invalid_request. */
export async function edited(
  state: EditedState,
  change: z.output<typeof postEdit>,
  actor: Actor,
): Promise<Required<Next>> {
  // A fresh beginning is revision 0; whoever had an older picture must look again.
  if (state.revision !== change.baseRevision) throw new YuepianError('edit_stale');
  const bytes = Buffer.from(change.diff, 'base64');
  const diff = await unpackMask(bytes, voxelsOf(state.row));
  if (diff.length === 0) throw new YuepianError('invalid_request', { reason: 'no change' });
  const line = lineOf(state, actor, {
    kind: change.kind,
    tool: change.tool,
    description: change.description,
    voxels: maskVoxels(diff),
    diff: bytes,
  });
  return { state: await withLine(state, line, diff), line };
}

/** @throws YuepianError edit_stale where a revision is given and it is another one. */
export async function hiddenOrShown(
  state: EditedState,
  {
    hidden,
    baseRevision,
  }: { readonly hidden: boolean; readonly baseRevision?: number | undefined },
  actor: Actor,
): Promise<Required<Next>> {
  if (baseRevision !== undefined && state.revision !== baseRevision)
    throw new YuepianError('edit_stale');
  const line = lineOf(state, actor, {
    kind: hidden ? 'hide' : 'show',
    tool: '',
    description: '',
    voxels: 0,
    diff: new Uint8Array(),
  });
  return { state: await withLine(state, line, undefined), line };
}

/** A structure that somebody begins. @throws YuepianError invalid_request. */
export async function begun(
  wish: z.output<typeof postStructure>,
  key: string,
  of: { readonly manifest: VolumeManifest; readonly studyUid: string },
  actor: Actor,
): Promise<Next> {
  const row = ownRow(
    wish,
    key,
    of.manifest,
    of.studyUid,
    await packMask(new Uint32Array(0)),
    actor,
  );
  const state: EditedState = {
    row,
    revision: 0,
    hidden: false,
    mask: new Uint32Array(0),
    by: row.user_name,
    at: row.at,
  };
  // Its first voxels are an edit like any other, so that undo and the log know them.
  const bytes = wish.mask === undefined ? undefined : Buffer.from(wish.mask, 'base64');
  const diff = bytes && (await unpackMask(bytes, voxelsOf(row)));
  if (!bytes || !diff || diff.length === 0) return { state };
  const line = lineOf(state, actor, {
    kind: 'edit',
    tool: 'growcut',
    description: wish.source,
    voxels: maskVoxels(diff),
    diff: bytes,
  });
  return { state: await withLine(state, line, diff), line };
}
