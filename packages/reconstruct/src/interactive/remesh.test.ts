import { affineFromSteps, type Mm, patientPoint, type Vec3 } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { meshVolume } from '../mesh.ts';
import { labelsOf, sphere } from '../testing.ts';
import { applyDiff, brush, emptyMaskBox, remesh } from './index.ts';

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
