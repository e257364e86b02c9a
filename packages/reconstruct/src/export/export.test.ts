import { affineFromSteps } from '@yuepian/geometry';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Mesh, meshVolume } from '../mesh.ts';
import { report } from '../report.ts';
import { type SegmentSurface, surfaces } from '../surfaces/surfaces.ts';
import { labelsOf, sphere } from '../testing.ts';
import { fromGlb, toGlb } from './glb.ts';
import { toStl } from './stl.ts';

let meshes: SegmentSurface[];
beforeAll(async () => {
  // Far from the origin and 400 mm wide, as a patient is.
  const affine = affineFromSteps([4, 0, 0], [0, 4, 0], [0, 0, 4], [-412.5, 133.25, -1208]);
  const map = labelsOf(
    [110, 40, 40],
    affine,
    (x, y, z) =>
      sphere([-360, 200, -1130], 30)(x, y, z)
        ? 1
        : x < -30 && Math.hypot(y - 210, z + 1130) < 55
          ? 2
          : 0,
    [
      { key: 'kidney_left', labels: [1] },
      { key: 'bone', labels: [2] },
    ],
  );
  meshes = await surfaces(map, { maxTriangles: Number.POSITIVE_INFINITY });
  expect(meshes).toHaveLength(2);
});

/** Largest distance from a vertex of `a` to the nearest vertex of `b`. */
function apart(a: Mesh, b: Mesh): number {
  const cells = new Map<string, number[]>();
  const cell = (m: Mesh, v: number): number[] =>
    [0, 1, 2].map((n) => Math.floor((m.positions[v + n] as number) / 2));
  for (let v = 0; v < b.positions.length; v += 3) {
    const key = cell(b, v).join();
    cells.set(key, [...(cells.get(key) ?? []), v]);
  }
  let worst = 0;
  for (let v = 0; v < a.positions.length; v += 3) {
    const [x = 0, y = 0, z = 0] = cell(a, v);
    let best = Number.POSITIVE_INFINITY;
    for (let i = -1; i <= 1; i++)
      for (let j = -1; j <= 1; j++)
        for (let k = -1; k <= 1; k++)
          for (const w of cells.get([x + i, y + j, z + k].join()) ?? [])
            best = Math.min(
              best,
              Math.hypot(
                ...[0, 1, 2].map(
                  (n) => (a.positions[v + n] as number) - (b.positions[w + n] as number),
                ),
              ),
            );
    worst = Math.max(worst, best);
  }
  return worst;
}

describe('GLB', () => {
  it('comes back in LPS mm within 0.05 mm, closed, with its names', async () => {
    const bytes = await toGlb(meshes, {
      source: 'classical 1',
      look: (key) => ({ colour: '#e8dcc0', opacity: key === 'bone' ? 1 : 0.5 }),
    });
    expect(bytes.length).toBeLessThan(meshes.reduce((n, m) => n + m.positions.byteLength, 0));
    const back = await fromGlb(bytes);
    expect(back.map((m) => m.key)).toEqual(['kidney_left', 'bone']);
    for (const [n, mesh] of meshes.entries()) {
      const b = back[n] as Mesh;
      expect(b.indices).toHaveLength(mesh.indices.length);
      expect(b.openEdges).toBe(0);
      expect(apart(b, mesh)).toBeLessThan(0.05);
      expect(apart(mesh, b)).toBeLessThan(0.05);
      expect(
        Math.abs(meshVolume(b.positions, b.indices) / meshVolume(mesh.positions, mesh.indices) - 1),
      ).toBeLessThan(1e-4);
    }
  });

  it('says its space, unit and extensions in the file', async () => {
    const bytes = await toGlb(meshes, { look: () => ({ colour: '#ff0000', opacity: 0.5 }) });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(view.getUint32(0, true)).toBe(0x46546c67);
    expect(view.getUint32(8, true)).toBe(bytes.length);
    const json = JSON.parse(
      new TextDecoder().decode(bytes.subarray(20, 20 + view.getUint32(12, true))),
    );
    expect(json.asset.extras).toMatchObject({ space: 'LPS', unit: 'mm' });
    expect(json.extensionsRequired.toSorted()).toEqual([
      'EXT_meshopt_compression',
      'KHR_mesh_quantization',
    ]);
    expect(json.materials[0].pbrMetallicRoughness.baseColorFactor).toEqual([1, 0, 0, 0.5]);
    expect(json.nodes.map((n: { name: string }) => n.name)).toEqual(['kidney_left', 'bone']);
  });

  it('of nothing is a file with nothing in it', async () => {
    expect(await fromGlb(await toGlb([]))).toEqual([]);
  });

  it('refuses bytes that are no GLB', async () => {
    await expect(fromGlb(new Uint8Array(40))).rejects.toThrow();
  });
});

describe('STL', () => {
  it('holds the same triangles, with unit and axes in the header', () => {
    const mesh = meshes[0] as SegmentSurface;
    const bytes = toStl(mesh);
    const header = new TextDecoder().decode(bytes.subarray(0, 80)).replace(/\0+$/, '');
    expect(header).toBe('Yuepian; units mm; axes LPS; kidney_left');
    const view = new DataView(bytes.buffer);
    const n = view.getUint32(80, true);
    expect(bytes).toHaveLength(84 + n * 50);
    expect(n * 3).toBe(mesh.indices.length);
    const positions = new Float32Array(n * 9);
    let tilted = 0;
    for (let t = 0; t < n; t++) {
      for (let k = 0; k < 9; k++)
        positions[t * 9 + k] = view.getFloat32(84 + t * 50 + 12 + k * 4, true);
      const normal = [0, 1, 2].map((k) => view.getFloat32(84 + t * 50 + k * 4, true));
      if (Math.abs(Math.hypot(...normal) - 1) > 1e-5) tilted++;
    }
    expect(tilted).toBe(0);
    const indices = Uint32Array.from({ length: n * 3 }, (_, i) => i);
    expect(meshVolume(positions, indices)).toBeCloseTo(meshVolume(mesh.positions, mesh.indices), 0);
    for (let i = 0; i < 9; i++)
      expect(positions[i]).toBe(
        mesh.positions[(mesh.indices[Math.floor(i / 3)] as number) * 3 + (i % 3)],
      );
  });
});

describe('report', () => {
  it('tells volume from voxels and triangles from the mesh that was kept', () => {
    const surface = meshes[0] as SegmentSurface;
    const r = report('classical 1', [{ surface, finest: surface, seconds: 1.5 }]);
    expect(r).toEqual({
      version: 1,
      source: 'classical 1',
      structures: [
        {
          key: 'kidney_left',
          voxels: surface.voxels,
          volumeMl: (surface.voxels * 64) / 1000,
          triangles: surface.indices.length / 3,
          openEdges: 0,
          seconds: 1.5,
        },
      ],
    });
  });
});
