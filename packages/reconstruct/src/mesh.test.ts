import { describe, expect, it } from 'vitest';
import { checkEdges, fitVolume, meshArea, meshOf, meshVolume } from './mesh.ts';

/** A box of the given edges, wound outward. */
function box(x: number, y: number, z: number, at = 0): ReturnType<typeof meshOf> {
  const corners = Array.from({ length: 8 }, (_, n) => [
    at + (n & 1 ? x : 0),
    at + (n & 2 ? y : 0),
    at + (n & 4 ? z : 0),
  ]);
  const quads = [
    [0, 2, 3, 1],
    [4, 5, 7, 6],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 4, 6, 2],
    [1, 3, 7, 5],
  ];
  const indices = quads.flatMap(([a, b, c, d]) => [a, b, c, a, c, d] as number[]);
  return meshOf('box', Float32Array.from(corners.flat()), Uint32Array.from(indices));
}

describe('mesh', () => {
  it('measures a box, also far from the origin', () => {
    for (const at of [0, 2000]) {
      const b = box(2, 3, 4, at);
      expect(meshVolume(b.positions, b.indices)).toBeCloseTo(24, 6);
      expect(meshArea(b.positions, b.indices)).toBeCloseTo(52, 6);
      expect(b.openEdges).toBe(0);
    }
    const b = box(2, 3, 4);
    expect(meshVolume(b.positions, b.indices.toReversed())).toBeCloseTo(-24, 6);
  });

  it('counts open edges, wrong winding and edges of more than two triangles', () => {
    const b = box(1, 1, 1);
    const without = (n: number): Uint32Array => b.indices.slice(n * 3);
    expect(checkEdges(without(1), 8)).toEqual({ open: 3, nonManifold: 0 });
    expect(checkEdges(without(2), 8).open).toBe(4);
    const turned = b.indices.slice();
    [turned[0], turned[1]] = [turned[1] as number, turned[0] as number];
    expect(checkEdges(turned, 8).open).toBe(6);
    // Two tetrahedra on one edge: closed, but four triangles meet there.
    const tetra = (a: number, b: number, c: number, d: number): number[] => [
      a,
      b,
      c,
      a,
      c,
      d,
      a,
      d,
      b,
      b,
      d,
      c,
    ];
    const two = Uint32Array.from([...tetra(0, 1, 2, 3), ...tetra(0, 1, 4, 5)]);
    expect(checkEdges(two, 6)).toEqual({ open: 0, nonManifold: 1 });
    expect(checkEdges(new Uint32Array(), 0)).toEqual({ open: 0, nonManifold: 0 });
  });

  it('gets a lost volume back', () => {
    const b = box(10, 10, 10);
    const positions = b.positions.map((v) => v * 0.8);
    fitVolume(positions, b.indices, 1000);
    expect(Math.abs(meshVolume(positions, b.indices) / 1000 - 1)).toBeLessThan(1e-4);
  });
});
