import type { Vec3 } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { remesh } from './interactive/index.ts';
import { identity, labelsOf, sphere } from './testing.ts';
import { vertexCertainty, volumeRange } from './uncertainty.ts';

const size: Vec3 = [60, 60, 60];
const c: Vec3 = [30, 30, 30];
/** A ball of radius 18 whose border is `wide` mm wide where x > 30 and sharp where x < 30. */
function probabilities(wide: number): Float32Array {
  const data = new Float32Array(60 ** 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = [i % 60, Math.floor(i / 60) % 60, Math.floor(i / 3600)] as const;
    const d = Math.hypot(x - c[0], y - c[1], z - c[2]);
    const width = x > 30 ? wide : 1;
    // Linear from 0.75 to 0.25 over `width`.
    data[i] = Math.min(1, Math.max(0, 0.5 - (d - 18) / (2 * width)));
  }
  return data;
}

it('gives the volumes between the balls of p = 0.75 and p = 0.25', () => {
  const range = volumeRange({ size, affine: identity, data: probabilities(1) });
  const ball = (r: number): number => ((4 / 3) * Math.PI * r ** 3) / 1000;
  expect(range.low / ball(17.5)).toBeCloseTo(1, 1);
  expect(range.middle / ball(18)).toBeCloseTo(1, 1);
  expect(range.high / ball(18.5)).toBeCloseTo(1, 1);
  const bytes = probabilities(1).map((p) => Math.round(p * 255));
  const coarse = volumeRange({ size, affine: identity, data: Uint8Array.from(bytes) });
  expect(coarse.middle / range.middle).toBeCloseTo(1, 2);
  expect(() => volumeRange({ size, affine: identity, data: new Float32Array(3) })).toThrow();
});

it('is less sure of a soft border than of a sharp one', async () => {
  const mask = { size, affine: identity, data: labelsOf(size, identity, sphere(c, 18)).data };
  const mesh = await remesh(mask, 'liver');
  if (mesh === undefined) throw new Error('a surface was expected');
  const sure = vertexCertainty(mesh, { size, affine: identity, data: probabilities(6) });
  const mean = (side: (x: number) => boolean): number => {
    const own = [...sure].filter((_, v) => side(mesh.positions[v * 3] as number));
    return own.reduce((a, b) => a + b, 0) / own.length;
  };
  expect(mean((x) => x < 25)).toBeGreaterThan(0.9);
  // A band of 6 mm on a scale from 1 to 10 mm.
  expect(mean((x) => x > 36)).toBeCloseTo(1 - 5 / 9, 1);
});
