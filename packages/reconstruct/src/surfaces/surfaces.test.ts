import { type Affine, affineFromSteps, determinant, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { checkEdges, type Mesh, meshArea, meshVolume } from '../mesh.ts';
import { identity, labelsOf, sphere } from '../testing.ts';
import { type SegmentSurface, surfaces } from './surfaces.ts';

const only = (list: SegmentSurface[]): SegmentSurface => {
  expect(list).toHaveLength(1);
  return list[0] as SegmentSurface;
};

/** Smallest and largest coordinate per axis. */
function bounds(mesh: Mesh): { low: number[]; high: number[] } {
  const low = [Infinity, Infinity, Infinity].map(() => Number.POSITIVE_INFINITY);
  const high = low.map(() => Number.NEGATIVE_INFINITY);
  for (let i = 0; i < mesh.positions.length; i++) {
    const v = mesh.positions[i] as number;
    low[i % 3] = Math.min(low[i % 3] as number, v);
    high[i % 3] = Math.max(high[i % 3] as number, v);
  }
  return { low, high };
}

/** Distances of the vertices from a point: mean, smallest, largest. */
function radii(mesh: Mesh, c: Vec3): { mean: number; low: number; high: number } {
  let [sum, low, high] = [0, Number.POSITIVE_INFINITY, 0];
  for (let v = 0; v < mesh.positions.length; v += 3) {
    const [x, y, z] = mesh.positions.subarray(v, v + 3) as unknown as [number, number, number];
    const r = Math.hypot(x - c[0], y - c[1], z - c[2]);
    sum += r;
    low = Math.min(low, r);
    high = Math.max(high, r);
  }
  return { mean: (sum * 3) / mesh.positions.length, low, high };
}

/** Share of vertices whose normal points away from `c`. */
function outward(mesh: Mesh, c: Vec3): number {
  let n = 0;
  for (let v = 0; v < mesh.positions.length; v += 3) {
    let dot = 0;
    for (let a = 0; a < 3; a++)
      dot +=
        (mesh.normals[v + a] as number) * ((mesh.positions[v + a] as number) - (c[a] as number));
    if (dot > 0) n++;
  }
  return (n * 3) / mesh.positions.length;
}

const volumeError = (s: SegmentSurface): number =>
  Math.abs(meshVolume(s.positions, s.indices) / 1000 / s.volumeMl - 1);

describe('surfaces of known bodies', () => {
  it.each([4, 8, 20, 30])('sphere of %i mm: place, volume, area, closed', async (radius) => {
    const n = radius * 2 + 9;
    const c: Vec3 = [radius + 4.3, radius + 3.9, radius + 4.1];
    const s = only(await surfaces(labelsOf([n, n, n], identity, sphere(c, radius))));
    expect(s.openEdges).toBe(0);
    expect(checkEdges(s.indices, s.positions.length / 3)).toEqual({ open: 0, nonManifold: 0 });
    expect(volumeError(s)).toBeLessThan(0.001);
    const truth = (4 / 3) * Math.PI * radius ** 3;
    expect(Math.abs(meshVolume(s.positions, s.indices) / truth - 1)).toBeLessThan(0.02);
    expect(
      Math.abs(meshArea(s.positions, s.indices) / (4 * Math.PI * radius ** 2) - 1),
    ).toBeLessThan(0.03);
    const r = radii(s, c);
    expect(Math.abs(r.mean - radius)).toBeLessThan(0.1);
    expect(r.low).toBeGreaterThan(radius - 0.8);
    expect(r.high).toBeLessThan(radius + 0.8);
    expect(outward(s, c)).toBe(1);
  });

  it('ellipsoid and torus keep volume, area and genus', async () => {
    const ellipsoid = (x: number, y: number, z: number): number =>
      ((x - 30) / 25) ** 2 + ((y - 22) / 15) ** 2 + ((z - 17) / 10) ** 2 <= 1 ? 1 : 0;
    const e = only(await surfaces(labelsOf([61, 45, 35], identity, ellipsoid)));
    expect(e.openEdges).toBe(0);
    expect(
      Math.abs(meshVolume(e.positions, e.indices) / ((4 / 3) * Math.PI * 25 * 15 * 10) - 1),
    ).toBeLessThan(0.01);
    // Knud Thomsen's approximation of the surface, within 1.1 %.
    const p = 1.6075;
    const area = 4 * Math.PI * (((25 * 15) ** p + (25 * 10) ** p + (15 * 10) ** p) / 3) ** (1 / p);
    expect(Math.abs(meshArea(e.positions, e.indices) / area - 1)).toBeLessThan(0.03);
    const torus = (x: number, y: number, z: number): number =>
      Math.hypot(Math.hypot(x - 32.3, y - 31.6) - 20, z - 12.4) <= 8 ? 1 : 0;
    const t = only(await surfaces(labelsOf([65, 65, 25], identity, torus)));
    expect(
      Math.abs(meshVolume(t.positions, t.indices) / (2 * Math.PI ** 2 * 20 * 64) - 1),
    ).toBeLessThan(0.01);
    expect(
      Math.abs(meshArea(t.positions, t.indices) / (4 * Math.PI ** 2 * 20 * 8) - 1),
    ).toBeLessThan(0.03);
    // Euler characteristic of a closed surface of genus 1 (edges = 3/2 triangles).
    expect(t.positions.length / 3 - t.indices.length / 6).toBe(0);
    expect(e.positions.length / 3 - e.indices.length / 6).toBe(2);
  });

  it('a body cut by the border of the scan is closed there, at the outer face of its voxels', async () => {
    const s = only(
      await surfaces(
        labelsOf([20, 20, 20], identity, () => 1),
        { smoothing: 'none' },
      ),
    );
    expect(s.openEdges).toBe(0);
    expect(meshVolume(s.positions, s.indices)).toBeGreaterThan(7900);
    const b = bounds(s);
    expect(b.low).toEqual([-0.5, -0.5, -0.5]);
    expect(b.high).toEqual([19.5, 19.5, 19.5]);
    const smooth = only(await surfaces(labelsOf([20, 20, 20], identity, () => 1)));
    expect(smooth.openEdges).toBe(0);
    expect(volumeError(smooth)).toBeLessThan(0.001);
  });

  it('a single voxel and a flat sheet are closed and keep their volume', async () => {
    const one = only(
      await surfaces(
        labelsOf([5, 5, 5], identity, (x, y, z) => (x === 2 && y === 2 && z === 2 ? 1 : 0)),
      ),
    );
    expect(one.openEdges).toBe(0);
    expect(meshVolume(one.positions, one.indices)).toBeCloseTo(1, 3);
    const sheet = only(
      await surfaces(labelsOf([30, 30, 9], identity, (_x, _y, z) => (z === 4 ? 1 : 0))),
    );
    expect(sheet.openEdges).toBe(0);
    expect(volumeError(sheet)).toBeLessThan(0.001);
  });

  it('a lesion of 5 mm does not shrink, whatever it touches', async () => {
    const lesion = sphere([20, 20, 20], 2.6);
    const organ = sphere([20, 20, 20], 16);
    const map = labelsOf(
      [41, 41, 41],
      identity,
      (x, y, z) => (lesion(x, y, z) ? 2 : organ(x, y, z)),
      [
        { key: 'kidney_left', labels: [1] },
        { key: 'kidney_tumour', labels: [2] },
      ],
    );
    const [kidney, tumour] = (await surfaces(map)) as [SegmentSurface, SegmentSurface];
    expect(volumeError(tumour)).toBeLessThan(0.001);
    expect(volumeError(kidney)).toBeLessThan(0.001);
    expect(kidney.openEdges + tumour.openEdges).toBe(0);
    expect(Math.abs(radii(tumour, [20, 20, 20]).mean - 2.6)).toBeLessThan(0.25);
  });
});

describe('affines', () => {
  const c: Vec3 = [5, -7, 12];
  const [cos, sin] = [Math.cos(0.4), Math.sin(0.4)];
  const tilt = Math.tan((18 * Math.PI) / 180);
  const grids: Record<string, [Vec3, Vec3, Vec3]> = {
    identity: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    'flipped x': [
      [-1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    'flipped z': [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, -1],
    ],
    'all flipped': [
      [-1, 0, 0],
      [0, -1, 0],
      [0, 0, -1],
    ],
    coronal: [
      [1, 0, 0],
      [0, 0, -1],
      [0, 1, 0],
    ],
    oblique: [
      [0.9 * cos, 0.9 * sin, 0],
      [-0.9 * sin, 0.9 * cos, 0],
      [0, 0, 1.2],
    ],
    'sheared by a gantry tilt': [
      [1, 0, 0],
      [0, 1, 0],
      [0, -tilt * 1.5, 1.5],
    ],
    'sheared and left-handed': [
      [-0.8, 0, 0],
      [0, 1, 0],
      [0, tilt, 1],
    ],
  };

  it.each(Object.keys(grids))('%s: outward, closed, in place', async (name) => {
    const [i, j, k] = grids[name] as [Vec3, Vec3, Vec3];
    const size: Vec3 = [48, 48, 44];
    const half = size.map((n) => (n - 1) / 2);
    const origin = [0, 1, 2].map(
      (a) =>
        (c[a] as number) -
        (i[a] as number) * (half[0] as number) -
        (j[a] as number) * (half[1] as number) -
        (k[a] as number) * (half[2] as number),
    ) as unknown as Vec3;
    const affine: Affine = affineFromSteps(i, j, k, origin);
    const s = only(await surfaces(labelsOf(size, affine, sphere(c, 14))));
    expect(s.openEdges).toBe(0);
    // A positive volume is an outward winding.
    expect(volumeError(s)).toBeLessThan(0.001);
    expect(
      Math.abs(meshVolume(s.positions, s.indices) / ((4 / 3) * Math.PI * 14 ** 3) - 1),
    ).toBeLessThan(0.02);
    expect(outward(s, c)).toBe(1);
    const r = radii(s, c);
    expect(r.low).toBeGreaterThan(13);
    expect(r.high).toBeLessThan(15);
    expect(s.volumeMl).toBeCloseTo((s.voxels * Math.abs(determinant(affine))) / 1000, 9);
  });

  it('moves with the patient: a shift of the origin shifts the mesh and nothing else', async () => {
    const size: Vec3 = [30, 30, 30];
    const far = affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [-512, 256, 1024]);
    const a = only(await surfaces(labelsOf(size, identity, sphere([15, 14, 13], 9))));
    const b = only(await surfaces(labelsOf(size, far, sphere([-497, 270, 1037], 9))));
    expect(b.indices).toEqual(a.indices);
    let worst = 0;
    for (let p = 0; p < a.positions.length; p++) {
      const shift = [-512, 256, 1024][p % 3] as number;
      worst = Math.max(
        worst,
        Math.abs((b.positions[p] as number) - (a.positions[p] as number) - shift),
      );
    }
    expect(worst).toBeLessThan(2e-3);
  });

  it('does not depend on where in the grid a body lies', async () => {
    const at = async (o: Vec3): Promise<number[]> => {
      const s = only(
        await surfaces(
          labelsOf([50, 44, 40], identity, sphere([15 + o[0], 15 + o[1], 15 + o[2]], 8.5)),
        ),
      );
      return Array.from(s.positions, (v, n) => v - (o[n % 3] as number));
    };
    const [a, b] = [await at([0, 0, 0]), await at([17, 9, 6])];
    expect(b).toHaveLength(a.length);
    expect(Math.max(...a.map((v, n) => Math.abs(v - (b[n] as number))))).toBeLessThan(1e-3);
  });
});

describe('several segments', () => {
  const two = labelsOf(
    [40, 30, 30],
    identity,
    (x, y, z) => (sphere([20, 15, 15], 12)(x, y, z) === 0 ? 0 : x < 20 ? 1 : 2),
    [
      { key: 'a', labels: [1] },
      { key: 'b', labels: [2] },
      { key: 'skin', labels: [1, 2] },
    ],
  );

  it('that touch share the vertices and triangles of their wall', async () => {
    const [a, b] = (await surfaces(two, { keys: ['a', 'b'] })) as [SegmentSurface, SegmentSurface];
    const key = (m: Mesh, v: number): string => m.positions.subarray(v * 3, v * 3 + 3).join();
    const triangles = (m: Mesh, reverse: boolean): Set<string> => {
      const set = new Set<string>();
      for (let t = 0; t < m.indices.length; t += 3) {
        const corners = Array.from(m.indices.subarray(t, t + 3), (v) => key(m, v));
        if (reverse) corners.reverse();
        const first = corners.indexOf([...corners].sort()[0] as string);
        set.add([0, 1, 2].map((n) => corners[(first + n) % 3]).join(' '));
      }
      return set;
    };
    const wallOfB = triangles(b, true);
    const shared = [...triangles(a, false)].filter((t) => wallOfB.has(t)).length;
    // The wall is a disc of radius 12: about 452 mm², two triangles per mm².
    expect(shared).toBeGreaterThan(750);
    expect(a.openEdges + b.openEdges).toBe(0);
    const together = meshVolume(a.positions, a.indices) + meshVolume(b.positions, b.indices);
    expect(Math.abs(together / ((a.voxels + b.voxels) * 1) - 1)).toBeLessThan(1e-4);
    expect(volumeError(a)).toBeLessThan(0.001);
    expect(volumeError(b)).toBeLessThan(0.001);
  });

  it('that overlap are made apart: the union has no wall inside', async () => {
    const all = await surfaces(two);
    expect(all.map((s) => s.key)).toEqual(['a', 'b', 'skin']);
    const skin = all[2] as SegmentSurface;
    expect(skin.openEdges).toBe(0);
    expect(radii(skin, [20, 15, 15]).low).toBeGreaterThan(11);
    expect(skin.voxels).toBe((all[0] as SegmentSurface).voxels + (all[1] as SegmentSurface).voxels);
  });

  it('skin has only its outer surface, other segments keep their cavities', async () => {
    const hollow = (key: string): Parameters<typeof surfaces>[0] =>
      labelsOf(
        [40, 40, 40],
        identity,
        (x, y, z) => sphere([20, 20, 20], 15)(x, y, z) - sphere([20, 20, 20], 6)(x, y, z),
        [{ key, labels: [1] }],
      );
    expect(radii(only(await surfaces(hollow('skin'))), [20, 20, 20]).low).toBeGreaterThan(14);
    const bone = only(await surfaces(hollow('bone')));
    expect(radii(bone, [20, 20, 20]).low).toBeLessThan(7);
    expect(bone.openEdges).toBe(0);
  });

  it('of 200 random labels are closed, keep their volumes, and empty ones are left out', async () => {
    const seeds = Array.from({ length: 200 }, (_, n) => [
      (n * 37) % 60,
      (n * 53) % 50,
      (n * 71) % 40,
    ]);
    const map = labelsOf(
      [60, 50, 40],
      identity,
      (x, y, z) => {
        let [best, at] = [Number.POSITIVE_INFINITY, 0];
        for (const [n, s] of seeds.entries()) {
          const d =
            (x - (s[0] as number)) ** 2 + (y - (s[1] as number)) ** 2 + (z - (s[2] as number)) ** 2;
          if (d < best) [best, at] = [d, n + 1];
        }
        return at;
      },
      Array.from({ length: 210 }, (_, n) => ({ key: `k_${n}`, labels: [n + 1] })),
    );
    const all = await surfaces(map);
    expect(all).toHaveLength(200);
    expect(all.reduce((n, s) => n + s.openEdges, 0)).toBe(0);
    expect(Math.max(...all.map(volumeError))).toBeLessThan(0.005);
    const sum = all.reduce((v, s) => v + meshVolume(s.positions, s.indices), 0);
    expect(Math.abs(sum / 120_000 - 1)).toBeLessThan(1e-3);
  });

  it('voxels that touch only along an edge or a corner stay closed and manifold', async () => {
    const pair = (at: Vec3): Parameters<typeof surfaces>[0] =>
      labelsOf([9, 9, 9], identity, (x, y, z) => {
        const inBox = (o: Vec3): boolean =>
          [x - o[0], y - o[1], z - o[2]].every((v) => v >= 0 && v < 2);
        return inBox([2, 2, 2]) || inBox(at) ? 1 : 0;
      });
    for (const at of [
      [4, 4, 2],
      [4, 4, 4],
    ] as const) {
      const s = only(await surfaces(pair(at)));
      expect(checkEdges(s.indices, s.positions.length / 3)).toEqual({ open: 0, nonManifold: 0 });
    }
  });
});

describe('grids', () => {
  it('coarser ones keep the volume and place the surface between their voxels', async () => {
    const map = labelsOf([101, 101, 101], identity, sphere([50, 50, 50], 40));
    const s = only(await surfaces(map, { maxTriangles: 20_000 }));
    expect(s.reduction).toEqual([2, 2, 2]);
    expect(s.openEdges).toBe(0);
    expect(s.voxels).toBe(map.data.reduce((n, v) => n + v, 0));
    expect(volumeError(s)).toBeLessThan(0.001);
    const r = radii(s, [50, 50, 50]);
    expect(r.low).toBeGreaterThan(39.2);
    expect(r.high).toBeLessThan(40.8);
    const fine = only(await surfaces(map, { maxTriangles: Number.POSITIVE_INFINITY }));
    expect(fine.reduction).toEqual([1, 1, 1]);
  });

  it('do not swallow a small segment beside a big one', async () => {
    const map = labelsOf(
      [101, 101, 101],
      identity,
      (x, y, z) => (sphere([50, 50, 8], 2)(x, y, z) ? 2 : sphere([50, 50, 55], 40)(x, y, z)),
      [
        { key: 'liver', labels: [1] },
        { key: 'kidney_stone', labels: [2] },
      ],
    );
    const [liver, stone] = (await surfaces(map, { maxTriangles: 20_000 })) as [
      SegmentSurface,
      SegmentSurface,
    ];
    expect(liver.reduction).toEqual([2, 2, 2]);
    expect(stone.reduction).toEqual([1, 1, 1]);
    expect(volumeError(stone)).toBeLessThan(0.001);
  });

  it('of thick slices are interpolated: no terraces, same volume', async () => {
    const affine = affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 5], [-30, -30, -30]);
    const map = labelsOf([61, 61, 13], affine, sphere([0, 0, 0], 24));
    const s = only(await surfaces(map));
    expect(s.layersPerSlice).toBeGreaterThan(2);
    expect(s.openEdges).toBe(0);
    expect(volumeError(s)).toBeLessThan(0.001);
    const r = radii(s, [0, 0, 0]);
    expect(r.mean).toBeGreaterThan(23.2);
    expect(r.low).toBeGreaterThan(21.5);
    expect(r.high).toBeLessThan(25.5);
  });

  it('with two touching segments in thick slices stay glued', async () => {
    const affine = affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 4], [-20, -20, -20]);
    const map = labelsOf(
      [41, 41, 11],
      affine,
      (x, y, z) => (sphere([0, 0, 0], 16)(x, y, z) === 0 ? 0 : x + z / 2 < 0 ? 1 : 2),
      [
        { key: 'a', labels: [1] },
        { key: 'b', labels: [2] },
      ],
    );
    const all = await surfaces(map);
    expect(all.map((s) => s.openEdges)).toEqual([0, 0]);
    expect(Math.max(...all.map(volumeError))).toBeLessThan(0.001);
  });
});

describe('bad input', () => {
  it('is refused or gives nothing', async () => {
    const empty = labelsOf([5, 5, 5], identity, () => 0);
    expect(await surfaces(empty)).toEqual([]);
    await expect(surfaces({ ...empty, data: new Uint8Array(3) })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const controller = new AbortController();
    controller.abort();
    await expect(surfaces(empty, { signal: controller.signal })).rejects.toMatchObject({
      code: 'job_cancelled',
    });
  });

  it('can be cancelled while it runs', async () => {
    const controller = new AbortController();
    const map = labelsOf([120, 120, 120], identity, sphere([60, 60, 60], 50));
    const run = surfaces(map, {
      maxTriangles: Number.POSITIVE_INFINITY,
      signal: controller.signal,
      onStep: () => controller.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: 'job_cancelled' });
  });
});
