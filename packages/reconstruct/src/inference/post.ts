import type { PostProcessing } from '@yuepian/contract';
import { determinant, type LabelMap, type Vec3 } from '@yuepian/geometry';
import { type BitMask, emptyMask, paint, setRun } from '../grid/bits.ts';
import { components, holes, largest, select } from '../grid/components.ts';

/**
 * What a manifest asks for after the network, per label, in place: only the biggest part, no small
 * parts, no enclosed holes. Holes fill with background only: another structure in there stays.
 */
export function postProcess(map: LabelMap, rules: ReadonlyMap<number, PostProcessing>): void {
  const mm3 = Math.abs(determinant(map.affine));
  for (const [label, rule] of rules) {
    if (!rule.largestComponent && rule.minMl <= 0 && !rule.fillHoles) continue;
    const box = boxOf(map, label);
    if (!box) continue;
    const mask = maskOf(map, label, box);
    if (rule.largestComponent || rule.minMl > 0) {
      const parts = components(mask);
      const best = largest(parts);
      const least = (rule.minMl * 1000) / mm3;
      const gone = select(
        parts,
        (n) => (rule.largestComponent && n !== best) || (parts.voxels[n] as number) < least,
      );
      paint(gone, map.data as Uint8Array, 0, map.size, box.first);
    }
    if (rule.fillHoles) {
      const rest = maskOf(map, label, box);
      fillBackground(holes(rest, 'volume'), map, label, box.first);
    }
  }
}

interface Box {
  readonly first: Vec3;
  readonly size: Vec3;
}

/** The label's box with a rim of one voxel where there is room, so that its outside is connected. */
function boxOf({ size, data }: LabelMap, label: number): Box | undefined {
  const low = [...size];
  const high = [-1, -1, -1];
  for (let k = 0, at = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++, at++) {
        if (data[at] !== label) continue;
        if (i < (low[0] as number)) low[0] = i;
        if (i > (high[0] as number)) high[0] = i;
        if (j < (low[1] as number)) low[1] = j;
        if (j > (high[1] as number)) high[1] = j;
        if (k < (low[2] as number)) low[2] = k;
        high[2] = k;
      }
    }
  }
  if ((high[2] as number) < 0) return undefined;
  const first = low.map((v) => Math.max(0, v - 1)) as unknown as Vec3;
  const box = high.map(
    (v, n) =>
      Math.min((size[n as 0 | 1 | 2] as number) - 1, v + 1) - (first[n as 0 | 1 | 2] as number) + 1,
  ) as unknown as Vec3;
  return { first, size: box };
}

function maskOf(map: LabelMap, label: number, box: Box): BitMask {
  const mask = emptyMask(box.size);
  const [nx, ny] = map.size;
  for (let z = 0; z < box.size[2]; z++) {
    for (let y = 0; y < box.size[1]; y++) {
      const base = box.first[0] + nx * (box.first[1] + y + ny * (box.first[2] + z));
      const row = y + box.size[1] * z;
      for (let x = 0; x < box.size[0]; ) {
        if (map.data[base + x] !== label) {
          x++;
          continue;
        }
        const start = x;
        while (x < box.size[0] && map.data[base + x] === label) x++;
        setRun(mask, row, start, x - 1);
      }
    }
  }
  return mask;
}

function fillBackground(hole: BitMask, map: LabelMap, label: number, first: Vec3): void {
  const [nx, ny] = map.size;
  for (let z = 0; z < hole.size[2]; z++) {
    for (let y = 0; y < hole.size[1]; y++) {
      const base = first[0] + nx * (first[1] + y + ny * (first[2] + z));
      const row = hole.stride * (y + hole.size[1] * z);
      for (let x = 0; x < hole.size[0]; x++) {
        const word = hole.words[row + (x >> 5)] as number;
        if ((word >>> (x & 31)) & 1 && map.data[base + x] === 0) map.data[base + x] = label;
      }
    }
  }
}
