import { boxOfMask, cropOfMask, type MaskEdges, type VoxelBox } from '@yuepian/contract';
import type { Affine, Vec3 } from '@yuepian/geometry';
import { affineOfPart, type IndexBox, type MaskBox, type MaskDiff } from '@yuepian/reconstruct';

/** Voxels kept around a structure, so that most strokes stay inside. */
const margin = 12;

/**
 * A structure of a volume as the editing tools want it: a box of bytes around it, which grows when a
 * tool reaches beyond.
 */
export class GrowingMask {
  readonly size: Vec3;
  readonly affine: Affine;
  #box: IndexBox;
  #mask: MaskBox;
  #changes = 0;

  /** @param size @param affine of the volume. */
  constructor(size: Vec3, affine: Affine, edges: MaskEdges) {
    this.size = size;
    this.affine = affine;
    const around = boxOfMask(edges, size) ?? { first: [0, 0, 0], size: [1, 1, 1] };
    this.#box = widened(around, margin, size);
    this.#mask = {
      size: this.#box.size,
      affine: affineOfPart(affine, this.#box.first),
      data: cropOfMask(edges, size, this.#box),
    };
  }

  /** Counts its changes. */
  get changes(): number {
    return this.#changes;
  }

  /** Where in the volume the box lies. */
  get box(): IndexBox {
    return this.#box;
  }

  get mask(): MaskBox {
    return this.#mask;
  }

  /** Makes room for a box of the volume. */
  reach(wanted: IndexBox | undefined): void {
    if (!wanted || isInside(wanted, this.#box)) return;
    const next = widened(union(wanted, this.#box), margin, this.size);
    const data = new Uint8Array(next.size[0] * next.size[1] * next.size[2]);
    const [bx, by, bz] = this.#box.size;
    const shift = this.#box.first.map((f, a) => f - (next.first[a] as number)) as unknown as Vec3;
    for (let k = 0; k < bz; k++) {
      for (let j = 0; j < by; j++) {
        const from = bx * (j + by * k);
        const to = shift[0] + next.size[0] * (j + shift[1] + next.size[1] * (k + shift[2]));
        data.set(this.#mask.data.subarray(from, from + bx), to);
      }
    }
    this.#box = next;
    this.#mask = { size: next.size, affine: affineOfPart(this.affine, next.first), data };
  }

  /** Changes the voxels of a difference; they must lie in reach. */
  toggle(diff: MaskEdges): void {
    this.reach(boxOfMask(diff, this.size));
    this.#changes++;
    const { data } = this.#mask;
    forEachRun(diff, this.size, this.#box, (from, to) => {
      for (let p = from; p < to; p++) data[p] = 1 - (data[p] as number);
    });
  }
}

export function widened(box: VoxelBox, by: number, size: Vec3): IndexBox {
  const first = box.first.map((f) => Math.max(0, f - by));
  const end = box.first.map((f, a) =>
    Math.min(size[a] as number, f + (box.size[a] as number) + by),
  );
  return {
    first: first as unknown as Vec3,
    size: end.map((e, a) => e - (first[a] as number)) as unknown as Vec3,
  };
}

const isInside = (inner: IndexBox, outer: IndexBox): boolean =>
  inner.first.every(
    (f, a) =>
      f >= (outer.first[a] as number) &&
      f + (inner.size[a] as number) <= (outer.first[a] as number) + (outer.size[a] as number),
  );

export function union(a: IndexBox, b: IndexBox): IndexBox {
  const first = a.first.map((f, n) => Math.min(f, b.first[n] as number));
  const end = a.first.map((f, n) =>
    Math.max(f + (a.size[n] as number), (b.first[n] as number) + (b.size[n] as number)),
  );
  return {
    first: first as unknown as Vec3,
    size: end.map((e, n) => e - (first[n] as number)) as unknown as Vec3,
  };
}

/** Runs of a mask in the indices of a box, row by row; runs outside of it are passed over. */
function forEachRun(
  edges: MaskEdges,
  size: Vec3,
  box: IndexBox,
  visit: (from: number, to: number) => void,
): void {
  const [nx, ny] = size;
  const [bx, by, bz] = box.size;
  for (let n = 0; n < edges.length; n += 2) {
    let start = edges[n] as number;
    const end = edges[n + 1] as number;
    while (start < end) {
      const row = Math.floor(start / nx);
      const stop = Math.min(end, (row + 1) * nx);
      const k = Math.floor(row / ny);
      const [y, z] = [row - k * ny - box.first[1], k - box.first[2]];
      if (y >= 0 && y < by && z >= 0 && z < bz) {
        const from = Math.max(0, start - row * nx - box.first[0]);
        const to = Math.min(bx, stop - row * nx - box.first[0]);
        const at = bx * (y + by * z);
        if (from < to) visit(at + from, at + to);
      }
      start = stop;
    }
  }
}

/** The voxels an edit changes, in the indices of the volume. @param box the grid of the edit. */
export function edgesOfDiff(diff: MaskDiff, box: IndexBox, size: Vec3): MaskEdges {
  const [nx, ny] = size;
  const [bx, by] = box.size;
  const edges: number[] = [];
  const push = (edge: number): void => {
    if (edges.at(-1) === edge) edges.pop();
    else edges.push(edge);
  };
  for (let r = 0; r < diff.starts.length; r++) {
    if ((diff.before[r] !== 0) === (diff.after[r] !== 0)) continue;
    let start = diff.starts[r] as number;
    const end = start + (diff.lengths[r] as number);
    while (start < end) {
      const row = Math.floor(start / bx);
      const stop = Math.min(end, (row + 1) * bx);
      const k = Math.floor(row / by);
      const at =
        box.first[0] + nx * (row - k * by + box.first[1] + ny * (k + box.first[2])) - row * bx;
      push(at + start);
      push(at + stop);
      start = stop;
    }
  }
  return Uint32Array.from(edges);
}
