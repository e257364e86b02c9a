import { affineFromSteps, type Mm, patientPoint, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { meshVolume } from '../mesh.ts';
import { surfaces } from '../surfaces/surfaces.ts';
import { labelsOf, random, sphere } from '../testing.ts';
import {
  applyDiff,
  brush,
  countVoxels,
  cropMaskBox,
  emptyMaskBox,
  type MaskBox,
  type Remeshed,
  Remesher,
  remesh,
} from './index.ts';

const affine = affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 2], [-40, -40, -40]);
const size: Vec3 = [100, 100, 40];

it('gives an edited structure a closed surface with the volume of its voxels, in place', async () => {
  const mask = { size, affine, data: labelsOf(size, affine, sphere([0, 0, 0], 20)).data };
  applyDiff(mask, brush(mask, [patientPoint(18, 0, 0)], 8 as Mm, 'erase').diff);
  const mesh = await remesh(mask, 'liver', { triangles: 4000 });
  if (mesh === undefined) throw new Error('a surface was expected');
  expect(mesh.key).toBe('liver');
  expect(mesh.openEdges).toBe(0);
  expect(mesh.indices.length / 3).toBeLessThan(5000);
  expect(meshVolume(mesh.positions, mesh.indices) / 1000 / mesh.volumeMl).toBeCloseTo(1, 2);
  const xs = mesh.positions.filter((_, n) => n % 3 === 0);
  expect(Math.min(...xs)).toBeCloseTo(-20, 0);
  expect(Math.max(...xs)).toBeLessThan(19);
});

it('of an empty mask is nothing', async () => {
  expect(await remesh(emptyMaskBox({ size, affine }), 'liver')).toBeUndefined();
});

describe('a mesh that follows an edit', () => {
  const thick = affineFromSteps([0.8, 0, 0], [0.05, 0.8, 0], [0, 0.2, 3.4], [-48, -48, -51]);
  const wide: Vec3 = [120, 120, 30];
  const organ = (): MaskBox => {
    const two = (x: number, y: number, z: number): number =>
      sphere([-6, 0, 2], 30)(x, y, z) + sphere([16, 8, -10], 22)(x, y, z) > 0 ? 1 : 0;
    return { size: wide, affine: thick, data: labelsOf(wide, thick, two).data };
  };
  const same = (a: Remeshed | undefined, b: Remeshed | undefined): void => {
    expect(a?.voxels).toBe(b?.voxels);
    for (const what of ['indices', 'positions', 'normals'] as const) {
      const [mine, other] = [a?.[what], b?.[what]];
      expect(mine?.length).toBe(other?.length);
      expect(mine?.findIndex((v, n) => v !== other?.[n]) ?? -1).toBe(-1);
    }
  };

  it.each([
    ['averaged, with layers between the slices', 30_000],
    ['on the voxels, with layers', 1_000_000],
    ['coarse', 3_000],
  ])('equals the one made from nothing to the last bit: %s', async (_, triangles) => {
    const mask = organ();
    const remesher = new Remesher(triangles);
    same(await remesher.mesh(mask, 'liver'), await new Remesher(triangles).mesh(mask, 'liver'));
    const next = random(11);
    for (let n = 0; n < 6; n++) {
      const at = patientPoint(60 * next() - 30, 60 * next() - 30, 60 * next() - 30);
      const mode = n % 2 === 0 ? 'erase' : 'add';
      applyDiff(mask, brush(mask, [at], (2 + 9 * next()) as Mm, mode).diff);
      const mesh = await remesher.mesh(mask, 'liver');
      same(mesh, await new Remesher(triangles).mesh(mask, 'liver'));
      if (mesh === undefined) throw new Error('a surface was expected');
      expect(mesh.openEdges).toBe(0);
      expect(mesh.voxels).toBe(countVoxels(mask));
      expect(meshVolume(mesh.positions, mesh.indices) / 1000 / mesh.volumeMl).toBeCloseTo(1, 3);
    }
  });

  it('follows to nothing and back, and into another box', async () => {
    const mask = organ();
    const remesher = new Remesher(30_000);
    const before = await remesher.mesh(mask, 'liver');
    const kept = mask.data.slice();
    mask.data.fill(0);
    expect(await remesher.mesh(mask, 'liver')).toBeUndefined();
    mask.data.set(kept);
    same(await remesher.mesh(mask, 'liver'), before);
    const box = cropMaskBox(mask, { first: [10, 10, 3], size: [100, 100, 25] });
    same(await remesher.mesh(box, 'liver'), await new Remesher(30_000).mesh(box, 'liver'));
  });

  it('starts again after it was stopped half way', async () => {
    const mask = organ();
    const remesher = new Remesher(30_000);
    await remesher.mesh(mask, 'liver');
    applyDiff(mask, brush(mask, [patientPoint(-6, 0, 2)], 9 as Mm, 'erase').diff);
    let asked = 0;
    const soon = {
      get aborted() {
        return ++asked > 6;
      },
    } as AbortSignal;
    await expect(remesher.mesh(mask, 'liver', soon)).rejects.toMatchObject({
      code: 'job_cancelled',
    });
    same(await remesher.mesh(mask, 'liver'), await new Remesher(30_000).mesh(mask, 'liver'));
  });

  it('keeps nothing of a stroke that came and went while it was made', async () => {
    const mask = organ();
    const before = mask.data.slice();
    const remesher = new Remesher(30_000);
    const making = remesher.mesh(mask, 'liver');
    applyDiff(mask, brush(mask, [patientPoint(-6, 0, 2)], 9 as Mm, 'erase').diff);
    await making;
    mask.data.set(before);
    same(await remesher.mesh(mask, 'liver'), await new Remesher(30_000).mesh(mask, 'liver'));
  });

  it('lies where the slower mesh of the label map lies', async () => {
    const mask = organ();
    const mesh = await new Remesher(30_000).mesh(mask, 'liver');
    const map = {
      ...mask,
      frameOfReferenceUid: '1.2.3',
      segments: [{ key: 'liver', labels: [1] }],
    };
    const [other] = await surfaces(map);
    if (mesh === undefined || other === undefined) throw new Error('a surface was expected');
    for (const axis of [0, 1, 2]) {
      const along = (p: Float32Array): Float32Array => p.filter((_, n) => n % 3 === axis);
      const [a, b] = [along(mesh.positions), along(other.positions)];
      expect(Math.abs(Math.min(...a) - Math.min(...b))).toBeLessThan(1);
      expect(Math.abs(Math.max(...a) - Math.max(...b))).toBeLessThan(1);
    }
  });
});
