import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { decodePlanes, volumeLevel } from '@yuepian/contract';
import {
  type Affine,
  affineFromSteps,
  toPatient,
  type Vec3,
  type VoxelArray,
  voxelTypeOf,
} from '@yuepian/geometry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boxAverage, downsampleLabels } from './downsample.ts';
import { planLevels } from './levels.ts';
import { readLevel, slabFile, writePyramid } from './slabs.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyramid-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const box = (mm: Vec3, origin: Vec3 = [-100, 50, 7]): Affine =>
  affineFromSteps([mm[0], 0, 0], [0, mm[1], 0], [0, 0, mm[2]], origin);

/** Values that name their voxel, so that any mix-up shows. */
function ramp<T extends VoxelArray>(data: T): T {
  for (let p = 0; p < data.length; p++) data[p] = Math.imul(p, 2654435761) >>> 15;
  return data;
}

describe('the levels', () => {
  it('halve a CT of the trunk twice', () => {
    const levels = planLevels([512, 512, 500], box([0.75, 0.75, 1]));
    expect(levels.map((l) => l.size)).toEqual([
      [512, 512, 500],
      [256, 256, 250],
      [128, 128, 125],
    ]);
  });

  it('leave thick slices alone until the pixels have caught up', () => {
    const levels = planLevels([512, 512, 40], box([0.45, 0.45, 5]));
    expect(levels.map((l) => l.factor)).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [4, 4, 1],
    ]);
  });

  it('end below 160 voxels a side, odd and flat volumes included', () => {
    for (const size of [
      [1, 900, 900],
      [2000, 3, 77],
      [161, 161, 161],
      [30, 30, 1200],
    ] as Vec3[]) {
      const last = planLevels(size, box([1, 1, 4])).at(-1);
      expect(Math.max(...(last?.size ?? [999]))).toBeLessThanOrEqual(160);
    }
  });

  it('do not shift: a linear field has its own value at each coarse centre', () => {
    const tilted = affineFromSteps([0.6, 0.3, 0], [-0.3, 0.6, 0.1], [0.02, 0, 1.2], [3, -40, 12]);
    const size: Vec3 = [336, 8, 12];
    const field = (p: Vec3): number => 2 * p[0] - 3 * p[1] + 0.5 * p[2];
    const data = new Float32Array(size[0] * size[1] * size[2]);
    for (let k = 0, p = 0; k < size[2]; k++) {
      for (let j = 0; j < size[1]; j++) {
        for (let i = 0; i < size[0]; i++, p++) data[p] = field(toPatient(tilted, [i, j, k]));
      }
    }
    for (const level of planLevels(size, tilted)) {
      const coarse = boxAverage(data, size, level.factor);
      const [nx, ny, nz] = level.size;
      for (const [i, j, k] of [
        [0, 0, 0],
        [nx >> 1, ny >> 1, nz >> 1],
        [nx - 1, ny - 1, nz - 1],
      ] as Vec3[]) {
        const there = toPatient(level.affine, [i, j, k]);
        expect(coarse[i + nx * (j + ny * k)]).toBeCloseTo(field(there), 3);
      }
    }
  });
});

describe('box average', () => {
  it('is the rounded mean of the voxels there are', () => {
    // 3×2×1, halved along x and y: the last column averages two voxels, not four.
    const mean = boxAverage(Int16Array.of(1, 2, -3, 2, 2, -4), [3, 2, 1], [2, 2, 1]);
    expect([...mean]).toEqual([2, -3]); // 1.75 → 2, −3.5 → −3 (half up)
  });

  it('agrees with a plain loop for every factor', () => {
    const size: Vec3 = [13, 7, 6];
    const data = ramp(new Int16Array(13 * 7 * 6));
    for (const factor of [
      [2, 2, 2],
      [4, 2, 1],
      [3, 3, 3],
      [8, 4, 4],
    ] as Vec3[]) {
      const got = boxAverage(data, size, factor);
      const [mx, my, mz] = size.map((n, a) => Math.ceil(n / (factor[a] ?? 1))) as unknown as Vec3;
      expect(got.length).toBe(mx * my * mz);
      for (let q = 0; q < got.length; q++) {
        const at: Vec3 = [q % mx, Math.floor(q / mx) % my, Math.floor(q / (mx * my))];
        const values: number[] = [];
        data.forEach((value, p) => {
          const from = [p % 13, Math.floor(p / 13) % 7, Math.floor(p / 91)];
          if (from.every((f, a) => Math.floor(f / (factor[a] ?? 1)) === at[a])) values.push(value);
        });
        const mean = values.reduce((s, v) => s + v, 0) / values.length;
        expect(got[q]).toBe(Math.floor(mean + 0.5));
      }
    }
  });
});

describe('slabs', () => {
  it.each([
    ['int16', new Int16Array(200 * 30 * 11)],
    ['uint16', new Uint16Array(200 * 30 * 11)],
    ['uint8', new Uint8Array(200 * 30 * 11)],
    ['float32', new Float32Array(200 * 30 * 11)],
  ] as const)('give level 0 of %s back bit by bit', async (type, empty) => {
    const data = ramp(empty);
    const seen: number[] = [];
    const levels = await writePyramid(
      folder,
      { size: [200, 30, 11], affine: box([1, 1, 1]), data },
      { onProgress: (f) => seen.push(f) },
    );
    for (const level of levels) volumeLevel.parse(level);
    expect(seen.at(-1)).toBe(1);
    const full = levels[0];
    if (!full) throw new Error('no level');
    expect(await readLevel(folder, full, type)).toEqual(data);
    const coarse = levels[1];
    if (!coarse) throw new Error('no coarse level');
    expect(await readLevel(folder, coarse, type)).toEqual(
      boxAverage(data, [200, 30, 11], coarse.factor as Vec3),
    );
    for (const level of levels) {
      for (const [n, bytes] of level.slabBytes.entries()) {
        expect((await readFile(join(folder, slabFile(level.level, n)))).byteLength).toBe(bytes);
      }
    }
  });

  it('are about 8 MB, and what a browser decodes by gunzip and decodePlanes', async () => {
    const data = ramp(new Int16Array(512 * 512 * 33));
    const levels = await writePyramid(folder, {
      size: [512, 512, 33],
      affine: box([1, 1, 1]),
      data,
    });
    const full = levels[0];
    expect(full?.slabSlices).toBe(16);
    expect(full?.slabBytes.length).toBe(3);
    // The first slice waits for no decoder that a browser has not got.
    expect(levels.map((l) => l.coding)).toEqual([
      ...levels.slice(1).map(() => 'delta-planes+zstd'),
      'delta-planes+gzip',
    ]);
    const last = zstdDecompressSync(await readFile(join(folder, slabFile(0, 2))));
    expect(decodePlanes(last, 'int16', 512)).toEqual(data.subarray(512 * 512 * 32));
  });

  it('say so when one is missing or damaged', async () => {
    const data = ramp(new Int16Array(8 * 8 * 8));
    const [level] = await writePyramid(folder, { size: [8, 8, 8], affine: box([1, 1, 1]), data });
    if (!level) throw new Error('no level');
    const path = join(folder, slabFile(0, 0));
    await truncate(path, 20);
    await expect(readLevel(folder, level, 'int16')).rejects.toMatchObject({
      code: 'cannot_decode',
    });
    await rm(path);
    await expect(readLevel(folder, level, 'int16')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('stop when asked to, and pass a write error on', async () => {
    const data = new Int16Array(8 * 8 * 8);
    const volume = { size: [8, 8, 8] as Vec3, affine: box([1, 1, 1]), data };
    await expect(writePyramid(folder, volume, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
    await writeFile(join(folder, 'file'), '');
    await expect(writePyramid(join(folder, 'file'), volume)).rejects.toThrow();
  });
});

describe('a label map on a coarser level', () => {
  const rank = new Uint8Array(256);
  rank[1] = 1; // skin
  rank[2] = 3; // bone
  it('keeps thin bone against the skin around it, and empties what is mostly outside', () => {
    const bone = Uint8Array.of(1, 1, 2, 1, 1, 1, 2, 1); // 2 of 8 voxels: a quarter
    expect([...downsampleLabels(bone, [2, 2, 2], [2, 2, 2], rank)]).toEqual([2]);
    const speck = Uint8Array.of(1, 1, 2, 1, 1, 1, 1, 1);
    expect([...downsampleLabels(speck, [2, 2, 2], [2, 2, 2], rank)]).toEqual([1]);
    const outside = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 0);
    expect([...downsampleLabels(outside, [2, 2, 2], [2, 2, 2], rank)]).toEqual([0]);
  });

  it('covers odd borders', () => {
    const data = Uint8Array.of(0, 0, 2);
    expect([...downsampleLabels(data, [3, 1, 1], [2, 1, 1], rank)]).toEqual([0, 2]);
  });

  it('is the map itself where nothing is averaged', () => {
    const data = Uint8Array.of(0, 1, 2);
    expect(downsampleLabels(data, [3, 1, 1], [1, 1, 1], rank)).toBe(data);
    expect(voxelTypeOf(data)).toBe('uint8');
  });
});
