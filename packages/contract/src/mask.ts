import { z } from 'zod';
import { structureId, volumeId } from './ids.ts';
import { vec3 } from './volume.ts';

/**
 * A set of voxels of a volume, as the places where it begins and ends: linear indices
 * i + nx·(j + ny·k), rising, first in, first out, in, out, … A mask and the difference of two masks
 * have the same form, and the difference undoes itself: a ⊕ d = b and b ⊕ d = a.
 */
export type MaskEdges = Uint32Array<ArrayBuffer>;

/** An inclusive box of voxels. */
export interface VoxelBox {
  readonly first: readonly [number, number, number];
  readonly size: readonly [number, number, number];
}
type Size = readonly [number, number, number];

export const emptyMask: MaskEdges = new Uint32Array(0);

/** Number of voxels. */
export function maskVoxels(edges: MaskEdges): number {
  let voxels = 0;
  for (let n = 0; n < edges.length; n += 2)
    voxels += (edges[n + 1] as number) - (edges[n] as number);
  return voxels;
}

/** The voxels that are in one of two masks but not in both. */
export function xorMasks(a: MaskEdges, b: MaskEdges): MaskEdges {
  const out = new Uint32Array(a.length + b.length);
  let [p, q, n] = [0, 0, 0];
  while (p < a.length || q < b.length) {
    const x = p < a.length ? (a[p] as number) : Number.POSITIVE_INFINITY;
    const y = q < b.length ? (b[q] as number) : Number.POSITIVE_INFINITY;
    // Two edges in one place cancel each other.
    if (x === y) [p, q] = [p + 1, q + 1];
    else if (x < y) [out[n], p, n] = [x, p + 1, n + 1];
    else [out[n], q, n] = [y, q + 1, n + 1];
  }
  return out.slice(0, n);
}

/** The voxels that are in both masks. */
export function andMasks(a: MaskEdges, b: MaskEdges): MaskEdges {
  const out = new Uint32Array(a.length + b.length);
  let [p, q, n] = [0, 0, 0];
  while (p < a.length && q < b.length) {
    const start = Math.max(a[p] as number, b[q] as number);
    const [endA, endB] = [a[p + 1] as number, b[q + 1] as number];
    const end = Math.min(endA, endB);
    if (start < end) [out[n], out[n + 1], n] = [start, end, n + 2];
    if (endA <= endB) p += 2;
    if (endB <= endA) q += 2;
  }
  return out.slice(0, n);
}

/** The voxels of the first mask that are not in the second. */
export const maskWithout = (a: MaskEdges, b: MaskEdges): MaskEdges => xorMasks(a, andMasks(a, b));

/** The voxels that are in either mask. */
export const orMasks = (a: MaskEdges, b: MaskEdges): MaskEdges => xorMasks(a, maskWithout(b, a));

/** Differences of neighbours as varints, seven bits a byte, low first. */
export function encodeMask(edges: MaskEdges): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(edges.length * 5);
  let [n, before] = [0, 0];
  for (const edge of edges) {
    let step = edge - before;
    before = edge;
    while (step > 127) {
      out[n++] = (step % 128) | 128;
      step = Math.floor(step / 128);
    }
    out[n++] = step;
  }
  return out.slice(0, n);
}

/**
 * @param voxels of the volume; an edge lies at most there.
 * @throws RangeError for bytes that are no mask of such a volume.
 */
export function decodeMask(bytes: Uint8Array, voxels: number): MaskEdges {
  const edges = new Uint32Array(bytes.length);
  let [n, at, step, unit] = [0, 0, 0, 1];
  for (const byte of bytes) {
    step += (byte & 127) * unit;
    if (byte & 128) {
      unit *= 128;
      if (unit > 2 ** 35) throw new RangeError('a number of the mask is too long');
      continue;
    }
    // Only the very first edge may be at 0: equal neighbours would be an empty run.
    if (step === 0 && n > 0) throw new RangeError('the edges of the mask do not rise');
    at += step;
    if (at > voxels) throw new RangeError('the mask reaches beyond the volume');
    edges[n++] = at;
    [step, unit] = [0, 1];
  }
  if (unit !== 1) throw new RangeError('the mask ends within a number');
  if (n % 2 === 1) throw new RangeError('the last run of the mask does not end');
  return edges.slice(0, n);
}

/** The smallest box around a mask; undefined for an empty one. */
export function boxOfMask(edges: MaskEdges, size: Size): VoxelBox | undefined {
  if (edges.length === 0) return undefined;
  const [nx, ny] = size;
  const low = [nx, ny, size[2]];
  const high = [-1, -1, -1];
  for (let n = 0; n < edges.length; n += 2) {
    const [start, last] = [edges[n] as number, (edges[n + 1] as number) - 1];
    const [r0, r1] = [Math.floor(start / nx), Math.floor(last / nx)];
    const whole = r1 > r0;
    low[0] = whole ? 0 : Math.min(low[0] as number, start - r0 * nx);
    high[0] = whole ? nx - 1 : Math.max(high[0] as number, last - r0 * nx);
    const [k0, k1] = [Math.floor(r0 / ny), Math.floor(r1 / ny)];
    low[1] = k1 > k0 ? 0 : Math.min(low[1] as number, r0 - k0 * ny);
    high[1] = k1 > k0 ? ny - 1 : Math.max(high[1] as number, r1 - k0 * ny);
    low[2] = Math.min(low[2] as number, k0);
    high[2] = Math.max(high[2] as number, k1);
  }
  const [x, y, z] = low as [number, number, number];
  const [X, Y, Z] = high as [number, number, number];
  return { first: [x, y, z], size: [X - x + 1, Y - y + 1, Z - z + 1] };
}

/** One byte a voxel of the box, 1 inside the mask; `data[i + bx·(j + by·k)]`. */
export function cropOfMask(edges: MaskEdges, size: Size, box: VoxelBox): Uint8Array<ArrayBuffer> {
  const [nx, ny] = size;
  const [bx, by, bz] = box.size;
  const [fx, fy, fz] = box.first;
  const data = new Uint8Array(bx * by * bz);
  for (let n = 0; n < edges.length; n += 2) {
    let start = edges[n] as number;
    const end = edges[n + 1] as number;
    while (start < end) {
      const row = Math.floor(start / nx);
      const stop = Math.min(end, (row + 1) * nx);
      const k = Math.floor(row / ny) - fz;
      const j = row - (k + fz) * ny - fy;
      if (k >= 0 && k < bz && j >= 0 && j < by) {
        const from = Math.max(0, start - row * nx - fx);
        const to = Math.min(bx, stop - row * nx - fx);
        if (from < to) data.fill(1, from + bx * (j + by * k), to + bx * (j + by * k));
      }
      start = stop;
    }
  }
  return data;
}

/** The mask of a box of bytes, any value but 0 inside; outside the box nothing is set. */
export function maskOfCrop(data: Uint8Array, size: Size, box: VoxelBox): MaskEdges {
  const edges = new EdgeList();
  const [nx, ny] = size;
  const [bx, by, bz] = box.size;
  const [fx, fy, fz] = box.first;
  for (let k = 0, p = 0; k < bz; k++) {
    for (let j = 0; j < by; j++) {
      const row = fx + nx * (j + fy + ny * (k + fz));
      let inside = false;
      for (let i = 0; i < bx; i++, p++) {
        const now = data[p] !== 0;
        if (now === inside) continue;
        edges.push(row + i);
        inside = now;
      }
      if (inside) edges.push(row + bx);
    }
  }
  return edges.done();
}

/** Masks of the segments of a label map, in one pass over it. */
export function masksOfLabels(
  labels: Uint8Array,
  segments: readonly { readonly labels: readonly number[] }[],
): MaskEdges[] {
  const lists = segments.map(() => new EdgeList());
  const owns = segments.map((s) => {
    const table = new Uint8Array(256);
    for (const label of s.labels) table[label] = 1;
    return table;
  });
  const change = (from: number, to: number, at: number): void => {
    for (const [n, table] of owns.entries()) if (table[from] !== table[to]) lists[n]?.push(at);
  };
  let before = 0;
  for (let p = 0; p < labels.length; p++) {
    const label = labels[p] as number;
    if (label === before) continue;
    change(before, label, p);
    before = label;
  }
  change(before, 0, labels.length);
  return lists.map((list) => list.done());
}

/** A growing list; two equal edges one after the other cancel. */
class EdgeList {
  #edges = new Uint32Array(1024);
  #n = 0;

  push(edge: number): void {
    if (this.#n > 0 && this.#edges[this.#n - 1] === edge) {
      this.#n--;
      return;
    }
    if (this.#n === this.#edges.length) {
      const more = new Uint32Array(this.#n * 2);
      more.set(this.#edges);
      this.#edges = more;
    }
    this.#edges[this.#n++] = edge;
  }

  done(): MaskEdges {
    return this.#edges.slice(0, this.#n);
  }
}

/** The `x-mask` header of `GET /api/structures/{id}/mask`; the body is `encodeMask`, gzip. */
export const maskHead = z.object({
  structureId,
  volumeId,
  /** Of the volume. */
  size: vec3,
  /** 0 while nobody has changed it. */
  revision: z.number().int().nonnegative(),
});
export type MaskHead = z.infer<typeof maskHead>;

/** What a change was made with; the words are the interface's. */
export const editTool = z.enum([
  'brush',
  'eraser',
  'smart_brush',
  'growcut',
  'scissors',
  'islands',
  'holes',
  'grow',
  'shrink',
  'threshold',
  'interpolate',
  'stones',
  'split',
  'merge',
]);
export type EditTool = z.infer<typeof editTool>;

/** Body of `POST /api/structures/{id}/edits`. */
export const postEdit = z.object({
  /** The revision the change was made on; another one since then answers `edit_stale`. */
  baseRevision: z.number().int().nonnegative(),
  /** Base64 of the gzip of `encodeMask` of the voxels that change. */
  diff: z.string().min(1),
  tool: editTool,
  kind: z.enum(['edit', 'undo', 'redo']).default('edit'),
  description: z.string().max(200).default(''),
});
export type PostEdit = z.input<typeof postEdit>;

/** Body of `POST /api/volumes/{id}/structures`: a structure somebody begins. */
export const postStructure = z.object({
  /** A key of the structure table, or `custom`. */
  key: z.string().regex(/^[a-z][a-z0-9_]{0,23}$/),
  name: z.object({ zh: z.string().min(1).max(60), en: z.string().min(1).max(60) }).optional(),
  colour: z
    .string()
    .regex(/^#[0-9a-f]{6}$/)
    .optional(),
  /** Where it comes from, e.g. `box segmentation`; `drawn` when empty. */
  source: z.string().max(60).default('drawn'),
  /** Its voxels to begin with, as in `postEdit`; nothing when absent. */
  mask: z.string().optional(),
});
export type PostStructure = z.input<typeof postStructure>;

/** One line of what was done to a structure. */
export const editEntry = z.object({
  revision: z.number().int().positive(),
  at: z.string(),
  user: z.object({ id: z.string(), name: z.string() }),
  kind: z.enum(['edit', 'undo', 'redo', 'hide', 'show']),
  tool: z.string(),
  description: z.string(),
  /** Voxels it changed. */
  voxels: z.number().int().nonnegative(),
});
export type EditEntry = z.infer<typeof editEntry>;
export const editHistory = z.object({ entries: z.array(editEntry) });
