import { YuepianError } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import { checkBox, type IndexBox, type MaskBox, voxelCount } from './box.ts';

/**
 * What an edit changed: runs of voxels (ascending, not overlapping) that all had one value and got
 * another. Small enough for an undo stack, a wire and a log.
 */
export interface MaskDiff {
  /** Size of the mask it belongs to. */
  readonly size: Vec3;
  /** First voxel index of each run. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Value of the run's voxels before and after. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * The answer of every editing tool. A tool changes nothing: `applyDiff(mask, edit.diff)` does, and
 * `applyDiff(mask, invertDiff(edit.diff))` takes it back.
 */
export interface Edit {
  readonly diff: MaskDiff;
  /** Box of the changed voxels; undefined when nothing changed. */
  readonly changed: IndexBox | undefined;
  /** Voxels that came in and went out. */
  readonly added: number;
  readonly removed: number;
}

/** Collects runs in ascending order and joins those that touch. */
export class DiffBuilder {
  readonly #size: Vec3;
  #starts = new Uint32Array(256);
  #lengths = new Uint32Array(256);
  #before = new Uint8Array(256);
  #after = new Uint8Array(256);
  #count = 0;

  constructor(size: Vec3) {
    this.#size = size;
  }

  add(at: number, before: number, after: number): void {
    const last = this.#count - 1;
    if (
      last >= 0 &&
      (this.#starts[last] as number) + (this.#lengths[last] as number) === at &&
      this.#before[last] === before &&
      this.#after[last] === after
    ) {
      this.#lengths[last] = (this.#lengths[last] as number) + 1;
      return;
    }
    if (this.#count === this.#starts.length) this.#enlarge();
    this.#starts[this.#count] = at;
    this.#lengths[this.#count] = 1;
    this.#before[this.#count] = before;
    this.#after[this.#count] = after;
    this.#count++;
  }

  #enlarge(): void {
    const n = this.#count * 2;
    const bigger32 = (a: Uint32Array): Uint32Array<ArrayBuffer> => {
      const b = new Uint32Array(n);
      b.set(a);
      return b;
    };
    const bigger8 = (a: Uint8Array): Uint8Array<ArrayBuffer> => {
      const b = new Uint8Array(n);
      b.set(a);
      return b;
    };
    this.#starts = bigger32(this.#starts);
    this.#lengths = bigger32(this.#lengths);
    this.#before = bigger8(this.#before);
    this.#after = bigger8(this.#after);
  }

  edit(): Edit {
    return editOf({
      size: this.#size,
      starts: this.#starts.slice(0, this.#count),
      lengths: this.#lengths.slice(0, this.#count),
      before: this.#before.slice(0, this.#count),
      after: this.#after.slice(0, this.#count),
    });
  }
}

/** The edit that turns `mask` into `after` (same size). */
export function editBetween(mask: MaskBox, after: Uint8Array): Edit {
  checkBox(mask);
  checkBox({ ...mask, data: after });
  const builder = new DiffBuilder(mask.size);
  const { data } = mask;
  for (let i = 0; i < after.length; i++)
    if (data[i] !== after[i]) builder.add(i, data[i] as number, after[i] as number);
  return builder.edit();
}

/** The edit with its changed box and counts, from a diff. */
export function editOf(diff: MaskDiff): Edit {
  let [added, removed] = [0, 0];
  for (let r = 0; r < diff.starts.length; r++) {
    if (diff.before[r] === 0) added += diff.lengths[r] as number;
    else if (diff.after[r] === 0) removed += diff.lengths[r] as number;
  }
  return { diff, changed: changedBox(diff), added, removed };
}

function changedBox(diff: MaskDiff): IndexBox | undefined {
  if (diff.starts.length === 0) return undefined;
  const [nx, ny] = diff.size;
  let [x0, x1, y0, y1] = [nx, -1, ny, -1];
  for (let r = 0; r < diff.starts.length; r++) {
    const start = diff.starts[r] as number;
    const end = start + (diff.lengths[r] as number) - 1;
    const [rowA, rowB] = [Math.floor(start / nx), Math.floor(end / nx)];
    if (rowA === rowB) {
      x0 = Math.min(x0, start % nx);
      x1 = Math.max(x1, end % nx);
    } else [x0, x1] = [0, nx - 1];
    if (Math.floor(rowA / ny) === Math.floor(rowB / ny)) {
      y0 = Math.min(y0, rowA % ny);
      y1 = Math.max(y1, rowB % ny);
    } else [y0, y1] = [0, ny - 1];
  }
  const last = diff.starts.length - 1;
  const z0 = Math.floor((diff.starts[0] as number) / (nx * ny));
  const z1 = Math.floor(
    ((diff.starts[last] as number) + (diff.lengths[last] as number) - 1) / (nx * ny),
  );
  return { first: [x0, y0, z0], size: [x1 - x0 + 1, y1 - y0 + 1, z1 - z0 + 1] };
}

/**
 * Writes an edit into the mask, in place.
 * @returns voxels that did not hold the value the diff expects: 0 unless somebody else edited the
 * same voxels in between.
 * @throws YuepianError `invalid_request` when the diff is of another grid; nothing is written then.
 */
export function applyDiff(mask: MaskBox, diff: MaskDiff): number {
  checkBox(mask);
  checkDiff(diff);
  if (!diff.size.every((n, a) => n === mask.size[a]))
    throw new YuepianError('invalid_request', { reason: 'the edit is of another grid' });
  let conflicts = 0;
  for (let r = 0; r < diff.starts.length; r++) {
    const start = diff.starts[r] as number;
    const end = start + (diff.lengths[r] as number);
    const before = diff.before[r] as number;
    for (let i = start; i < end; i++) if (mask.data[i] !== before) conflicts++;
    mask.data.fill(diff.after[r] as number, start, end);
  }
  return conflicts;
}

/** The diff that takes an edit back. */
export const invertDiff = (diff: MaskDiff): MaskDiff => ({
  ...diff,
  before: diff.after,
  after: diff.before,
});

/** Runs ascend, do not overlap and stay in the grid. */
function checkDiff(diff: MaskDiff): void {
  const n = diff.starts.length;
  const fits = diff.lengths.length === n && diff.before.length === n && diff.after.length === n;
  let end = 0;
  let ordered = true;
  for (let r = 0; r < n && ordered; r++) {
    const start = diff.starts[r] as number;
    ordered = start >= end && (diff.lengths[r] as number) > 0;
    end = start + (diff.lengths[r] as number);
  }
  if (!fits || !ordered || end > voxelCount(diff.size))
    throw new YuepianError('invalid_request', { reason: 'the edit is damaged' });
}

const diffVersion = 1;

/**
 * A diff as bytes: version, size, number of runs, then per run the gap since the last run, its
 * length (LEB128) and its two values.
 */
export function encodeDiff(diff: MaskDiff): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(1 + 4 * 5 + diff.starts.length * 12);
  let at = 0;
  const number = (value: number): void => {
    let rest = value;
    while (rest >= 0x80) {
      out[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    out[at++] = rest;
  };
  out[at++] = diffVersion;
  for (const n of [...diff.size, diff.starts.length]) number(n);
  let end = 0;
  for (let r = 0; r < diff.starts.length; r++) {
    number((diff.starts[r] as number) - end);
    number(diff.lengths[r] as number);
    out[at++] = diff.before[r] as number;
    out[at++] = diff.after[r] as number;
    end = (diff.starts[r] as number) + (diff.lengths[r] as number);
  }
  return out.slice(0, at);
}

/** @throws YuepianError `unsupported_version`, `invalid_request` for damaged bytes. */
export function decodeDiff(bytes: Uint8Array): MaskDiff {
  const damaged = () => new YuepianError('invalid_request', { reason: 'the edit is damaged' });
  let at = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw damaged();
    return value;
  };
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const b = byte();
      value += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) return value;
    }
    throw damaged();
  };
  const version = byte();
  if (version > diffVersion) throw new YuepianError('unsupported_version');
  if (version !== diffVersion) throw damaged();
  const size: Vec3 = [number(), number(), number()];
  const count = number();
  // A run takes four bytes at least: a count that the bytes cannot hold reserves no memory.
  if (count * 4 > bytes.length - at) throw damaged();
  const starts = new Uint32Array(count);
  const lengths = new Uint32Array(count);
  const before = new Uint8Array(count);
  const after = new Uint8Array(count);
  let end = 0;
  for (let r = 0; r < count; r++) {
    const start = end + number();
    const length = number();
    end = start + length;
    if (end > 0xffffffff) throw damaged();
    starts[r] = start;
    lengths[r] = length;
    before[r] = byte();
    after[r] = byte();
  }
  if (at !== bytes.length) throw damaged();
  const diff = { size, starts, lengths, before, after };
  checkDiff(diff);
  return diff;
}
