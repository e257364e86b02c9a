import { describe, expect, it } from 'vitest';
import { hasBit } from './grid/bits.ts';
import { meshVolume, triangleCount } from './mesh.ts';
import { levelsOfDetail, levelTriangles, levelTrianglesAmong, simplify } from './simplify.ts';
import { surfaces } from './surfaces/surfaces.ts';
import { identity, labelsOf, randomMask, sphere } from './testing.ts';

async function ball(radius: number) {
  const n = radius * 2 + 5;
  const c = radius + 2.2;
  const list = await surfaces(labelsOf([n, n, n], identity, sphere([c, c, c], radius)));
  return list[0] as (typeof list)[number];
}

describe('simplify', () => {
  it('keeps closed, in place and full', async () => {
    const mesh = await ball(30);
    for (const target of [8000, 2000, 500]) {
      const s = await simplify(mesh, target);
      expect(triangleCount(s)).toBeLessThanOrEqual(target);
      expect(triangleCount(s)).toBeGreaterThan(target * 0.9);
      expect(s.openEdges).toBe(0);
      expect(
        Math.abs(meshVolume(s.positions, s.indices) / meshVolume(mesh.positions, mesh.indices) - 1),
      ).toBeLessThan(1e-3);
      for (let v = 0; v < s.positions.length; v += 3) {
        const p = s.positions.subarray(v, v + 3);
        const r = Math.hypot(
          (p[0] as number) - 32.2,
          (p[1] as number) - 32.2,
          (p[2] as number) - 32.2,
        );
        expect(Math.abs(r - 30)).toBeLessThan(1.5);
      }
    }
  });

  it('keeps a mesh with touching sheets closed', async () => {
    const m = randomMask([30, 30, 30], 0.3, 9);
    const map = labelsOf([30, 30, 30], identity, (x, y, z) => (hasBit(m, x, y, z) ? 1 : 0));
    const [mesh] = await surfaces(map);
    if (mesh === undefined) throw new Error('no surface');
    expect(mesh.openEdges).toBe(0);
    for (const target of [20_000, 5_000]) expect((await simplify(mesh, target)).openEdges).toBe(0);
  });

  it('returns what is small enough, and makes levels coarse first', async () => {
    const mesh = await ball(25);
    expect(await simplify(mesh, 1e6)).toBe(mesh);
    const levels = await levelsOfDetail(mesh, [1000, 4000, 1e6]);
    expect(levels.map(triangleCount)).toEqual([1000, 4000, triangleCount(mesh)]);
    const small = await ball(4);
    expect(await levelsOfDetail(small)).toHaveLength(1);
    // Nearly the same number twice is one level.
    expect(await levelsOfDetail(mesh, [3900, 4000])).toHaveLength(1);
  });

  it('gives each of many a coarse level that all together are as fast as a few', () => {
    expect(levelTrianglesAmong(1)).toEqual(levelTriangles);
    expect(levelTrianglesAmong(4)).toEqual(levelTriangles);
    expect(levelTrianglesAmong(20)).toEqual([3_000, ...levelTriangles]);
    expect(levelTrianglesAmong(200)).toEqual([2_000, ...levelTriangles]);
  });
});
