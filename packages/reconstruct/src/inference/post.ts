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
  const wanted = [...rules].filter(
    ([, rule]) => rule.largestComponent || rule.minMl > 0 || rule.fillHoles,
  );
  if (wanted.length === 0) return;
  const boxes = boxesOf(map);
  for (const [label, rule] of wanted) {
    const box = boxes.get(label);
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

/** Each label's box with a rim of one voxel where there is room, so that its outside is connected. */
function boxesOf({ size, data }: LabelMap): Map<number, Box> {
  const low = Array.from({ length: 256 }, () => [...size]);
  const high = Array.from({ length: 256 }, () => [-1, -1, -1]);
  for (let k = 0, row = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++, row += size[0]) {
      for (let i = 0; i < size[0]; ) {
        const label = data[row + i] as number;
        const start = i;
        while (i < size[0] && data[row + i] === label) i++;
        if (label === 0) continue;
        const [l, h] = [low[label] as number[], high[label] as number[]];
        if (start < (l[0] as number)) l[0] = start;
        if (i - 1 > (h[0] as number)) h[0] = i - 1;
        if (j < (l[1] as number)) l[1] = j;
        if (j > (h[1] as number)) h[1] = j;
        if (k < (l[2] as number)) l[2] = k;
        h[2] = k;
      }
    }
  }
  const boxes = new Map<number, Box>();
  for (let label = 1; label < 256; label++) {
    const [l, h] = [low[label] as number[], high[label] as number[]];
    if ((h[2] as number) < 0) continue;
    const first = l.map((v) => Math.max(0, v - 1)) as unknown as Vec3;
    const box = h.map(
      (v, n) =>
        Math.min((size[n as 0 | 1 | 2] as number) - 1, v + 1) -
        (first[n as 0 | 1 | 2] as number) +
        1,
    ) as unknown as Vec3;
    boxes.set(label, { first, size: box });
  }
  return boxes;
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
