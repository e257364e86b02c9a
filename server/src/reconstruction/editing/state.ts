import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { decodeMask, encodeMask, type MaskEdges, xorMasks, YuepianError } from '@yuepian/contract';
import type { EditedRow, EditingStore, EditRow } from './editing.store.ts';

const inflate = promisify(gunzip);
const deflate = promisify(gzip);

/** Unpacked, a mask of the largest volume taken is far below this; more is a bomb. */
const maximumMaskBytes = 256 << 20;

/** A structure as its log leaves it. */
export interface EditedState {
  readonly row: EditedRow;
  readonly revision: number;
  readonly hidden: boolean;
  readonly mask: MaskEdges;
  /** Who changed it last, and when. */
  readonly by: string;
  readonly at: string;
}

export const voxelsOf = (row: Pick<EditedRow, 'nx' | 'ny' | 'nz'>): number =>
  row.nx * row.ny * row.nz;

/** @throws YuepianError invalid_request for bytes that are no mask of a volume of so many voxels. */
export async function unpackMask(bytes: Uint8Array, voxels: number): Promise<MaskEdges> {
  try {
    const plain = await inflate(bytes, { maxOutputLength: maximumMaskBytes });
    return decodeMask(plain, voxels);
  } catch (cause) {
    throw new YuepianError('invalid_request', { reason: 'the voxels cannot be read' }, { cause });
  }
}

export const packMask = async (mask: MaskEdges): Promise<Uint8Array> =>
  deflate(encodeMask(mask), { level: 1 });

/** Names the voxels: what a doctor has confirmed holds for these and no others, undo included. */
export const digestOfMask = (mask: MaskEdges): string =>
  createHash('sha256')
    .update(new Uint8Array(mask.buffer, mask.byteOffset, mask.byteLength))
    .digest('base64url')
    .slice(0, 22);

/** Snapshot plus the log after it; the base when there is no snapshot. */
export async function loadState(id: string, store: EditingStore): Promise<EditedState | undefined> {
  const row = await store.byId(id);
  if (!row) return undefined;
  const voxels = voxelsOf(row);
  const snapshot = await store.snapshot(id);
  const start = snapshot ? snapshot.mask : row.base;
  let state: EditedState = {
    row,
    revision: 0,
    hidden: false,
    mask: await unpackMask(start, voxels),
    by: row.user_name,
    at: row.at,
  };
  for (const line of await store.log(id)) {
    const known = snapshot !== undefined && line.revision <= snapshot.revision;
    state = await withLine(state, line, known ? undefined : await diffOf(line, voxels));
  }
  return state;
}

const diffOf = async (line: EditRow, voxels: number): Promise<MaskEdges | undefined> =>
  line.diff.length > 0 ? unpackMask(line.diff, voxels) : undefined;

/** The state after one more line of the log. */
export async function withLine(
  state: EditedState,
  line: EditRow,
  diff: MaskEdges | undefined,
): Promise<EditedState> {
  return {
    ...state,
    revision: line.revision,
    hidden: line.kind === 'hide' || (line.kind !== 'show' && state.hidden),
    mask: diff ? xorMasks(state.mask, diff) : state.mask,
    by: line.user_name,
    at: line.at,
  };
}
