import { type Cut, cut } from '@yuepian/contract';
import { affineFromSteps, type Mm, patientPoint, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { type MaskBox, remesh } from '../interactive/index.ts';
import { type Mesh, meshOf, meshVolume } from '../mesh.ts';
import { identity, labelsOf, sphere } from '../testing.ts';
import { planCut, planMaskCut, remainingPercent } from './cut.ts';
import { deepestPoint } from './deepest.ts';
import { maskDistance, meshDistance, nearestOnMesh, neighbours } from './distance.ts';
import { boxCentre, explodeOffsets } from './explode.ts';
import { marginMask, marginShell } from './shell.ts';
import { findStones } from './stones.ts';

const thick = affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 2], [-40, -40, -40]);
const size: Vec3 = [100, 100, 40];
const ball = (c: Vec3, r: number): MaskBox => ({
  size,
  affine: thick,
  data: labelsOf(size, thick, sphere(c, r)).data,
});

/** A sphere of triangles: an octahedron refined and pushed to the radius. */
function sphereMesh(key: string, centre: Vec3, radius: number, rounds = 5): Mesh {
  let triangles: [Vec3, Vec3, Vec3][] = [];
  for (const x of [1, -1])
    for (const y of [1, -1])
      for (const z of [1, -1]) {
        const corners: [Vec3, Vec3, Vec3] = [
          [x, 0, 0],
          [0, y, 0],
          [0, 0, z],
        ];
        triangles.push(x * y * z > 0 ? corners : [corners[0], corners[2], corners[1]]);
      }
  const middle = (a: Vec3, b: Vec3): Vec3 => {
    const m = [a[0] + b[0], a[1] + b[1], a[2] + b[2]] as const;
    const l = Math.hypot(...m);
    return [m[0] / l, m[1] / l, m[2] / l];
  };
  for (let n = 0; n < rounds; n++)
    triangles = triangles.flatMap(([a, b, c]) => {
      const [p, q, r] = [middle(a, b), middle(b, c), middle(c, a)];
      return [
        [a, p, r],
        [p, b, q],
        [r, q, c],
        [p, q, r],
      ] as [Vec3, Vec3, Vec3][];
    });
  const places = new Map<string, number>();
  const positions: number[] = [];
  const indices = triangles.flat().map((v) => {
    const name = v.map((n) => n.toFixed(6)).join(' ');
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, places.size);
    positions.push(...v.map((n, a) => n * radius + (centre[a] as number)));
    return places.size - 1;
  });
  return meshOf(key, Float32Array.from(positions), Uint32Array.from(indices));
}

describe('cuts', () => {
  const organ = sphereMesh('liver', [10, -20, 30], 40);
  const whole = meshVolume(organ.positions, organ.indices);

  it('by a plane give two closed parts with the volumes of a cap and its rest', async () => {
    const parts = await planCut(organ, {
      kind: 'plane',
      points: [[10, -20, 50]],
      direction: [0, 0, 2],
    });
    const h = 20;
    const cap = (Math.PI * h * h * (3 * 40 - h)) / 3;
    expect((parts.frontMl * 1000) / cap).toBeCloseTo(1, 2);
    expect(((parts.frontMl + parts.backMl) * 1000) / whole).toBeCloseTo(1, 4);
    expect([parts.front?.openEdges, parts.back?.openEdges]).toEqual([0, 0]);
    const share = 100 * (1 - cap / ((4 / 3) * Math.PI * 40 ** 3));
    expect(remainingPercent(parts.backMl, parts.frontMl + parts.backMl)).toBeCloseTo(share, 0);
  });

  it('by a straight curve equal the plane through it; left of the curve is the front', async () => {
    const curve = {
      kind: 'curve' as const,
      // Looking along +y (to the back) with z up, left on the screen is … the patient's right or left by
      // the frame: the front lies to the left of the way the curve was drawn.
      points: [
        [-5, -80, 50],
        [12, -80, 50],
        [25, -80, 50],
      ] as [number, number, number][],
      direction: [0, 1, 0] as [number, number, number],
    };
    const byCurve = await planCut(organ, curve);
    const byPlane = await planCut(organ, {
      kind: 'plane',
      points: [[0, 0, 50]],
      direction: [0, 0, 1],
    });
    const small = Math.min(byCurve.frontMl, byCurve.backMl);
    expect(small).toBeCloseTo(byPlane.frontMl, 1);
    expect([byCurve.front?.openEdges, byCurve.back?.openEdges]).toEqual([0, 0]);
    const turned = await planCut(organ, { ...curve, points: curve.points.toReversed() });
    expect(turned.frontMl).toBeCloseTo(byCurve.backMl, 2);
  });

  it('by a bent curve agree on mesh and voxels', async () => {
    const mask = ball([0, 0, 0], 30);
    const mesh = await remesh(mask, 'kidney_left');
    if (mesh === undefined) throw new Error('a surface was expected');
    const bent = {
      kind: 'curve' as const,
      points: [
        [-30, 0, 10],
        [-10, 0, 12],
        [0, 0, -4],
        [12, 0, 5],
        [30, 0, 8],
      ] as [number, number, number][],
      direction: [0.1, 1, -0.2] as [number, number, number],
    };
    const onMesh = await planCut(mesh, bent);
    const onVoxels = planMaskCut(mask, bent);
    expect(onMesh.frontMl / onVoxels.frontMl).toBeCloseTo(1, 1);
    expect(onMesh.backMl / onVoxels.backMl).toBeCloseTo(1, 1);
    const both = onVoxels.front.data.map((v, i) => v + (onVoxels.back.data[i] as number));
    expect(both).toEqual(mask.data);
  });

  it('that miss leave the organ whole on one side', async () => {
    const parts = await planCut(organ, {
      kind: 'plane',
      points: [[0, 0, 500]],
      direction: [0, 0, 1],
    });
    expect(parts.front).toBeUndefined();
    expect(parts.frontMl).toBe(0);
    expect((parts.backMl * 1000) / whole).toBeCloseTo(1, 4);
  });

  it('refuse an open mesh and a cut without shape, with a sentence', async () => {
    const open = meshOf('liver', organ.positions, organ.indices.slice(3));
    const plane = { kind: 'plane' as const, points: [[10, -20, 30] as [number, number, number]] };
    await expect(planCut(open, { ...plane, direction: [0, 0, 1] })).rejects.toMatchObject({
      code: 'mesh_not_closed',
    });
    await expect(planCut(organ, { ...plane, direction: [0, 0, 0] })).rejects.toThrow(/shape/);
    await expect(
      planCut(organ, {
        kind: 'curve',
        points: [
          [1, 2, 3],
          [1, 2, 3],
        ],
        direction: [0, 1, 0],
      }),
    ).rejects.toThrow(/length/);
  });

  it('are data with a schema', () => {
    const data = {
      version: 1,
      id: 'c1',
      structureKey: 'liver',
      kind: 'curve',
      points: [
        [0, 0, 0],
        [1, 0, 0],
      ],
      direction: [0, 1, 0],
      marginMm: 10,
      author: { id: 'u1', name: '王' },
      createdAt: '2026-01-01T00:00:00Z',
    };
    const parsed: Cut = cut.parse(data);
    expect(parsed.marginMm).toBe(10);
    expect(cut.safeParse({ ...data, kind: 'plane' }).success).toBe(false);
    expect(cut.safeParse({ ...data, direction: [0, 0, 0] }).success).toBe(false);
    expect(cut.safeParse({ ...data, marginMm: -1 }).success).toBe(false);
  });
});

describe('distances', () => {
  const a = sphereMesh('lesion', [0, 0, 0], 10);
  const b = sphereMesh('aorta', [30, 0, 0], 12);
  const c = sphereMesh('vena_cava', [0, -45, 0], 20);

  it('between two spheres are those of their centres less the radii, with the two points', () => {
    const line = meshDistance(a, b);
    expect(line?.distance).toBeCloseTo(8, 2);
    expect(line?.from[0]).toBeCloseTo(10, 2);
    expect(line?.to[0]).toBeCloseTo(18, 2);
    expect(meshDistance(b, a)?.from[0]).toBeCloseTo(18, 2);
    expect(meshDistance(a, b, 5)).toBeUndefined();
  });

  it('of two edges that cross are found to the bound stated', () => {
    const bar = (key: string, along: 0 | 1, z: number): Mesh => {
      const p = [-10, -10, z, 10, -10, z, 0, 10, z].map((v, n) => (n % 3 === 2 ? v : v));
      const far =
        along === 0
          ? [10, 0, z, -10, 0, z, 0, 0, z + (z > 0 ? 9 : -9)]
          : [0, 10, z, 0, -10, z, 0, 0, z + (z > 0 ? 9 : -9)];
      expect(p).toHaveLength(9);
      return meshOf(key, Float32Array.from(far), Uint32Array.from([0, 1, 2]));
    };
    const line = meshDistance(bar('a', 0, 2), bar('b', 1, -2));
    // Edges of 20 mm, 4 mm apart: no more than half an edge too long.
    expect(line?.distance).toBeGreaterThanOrEqual(4);
    expect(line?.distance).toBeLessThan(4 + 10);
  });

  it('from a lesion make a table, nearest first, and a list within N mm', () => {
    const table = neighbours(a, [c, a, b]);
    expect(table.map((n) => n.key)).toEqual(['aorta', 'vena_cava']);
    expect(table[1]?.distance).toBeCloseTo(15, 1);
    expect(neighbours(a, [c, b], 10).map((n) => n.key)).toEqual(['aorta']);
  });

  it('from a tap find the surface', () => {
    const hit = nearestOnMesh(a, patientPoint(0, 0, 25));
    expect(hit?.distance).toBeCloseTo(15, 2);
  });

  it('between voxel masks are exact to a voxel', () => {
    const line = maskDistance(ball([-15, 0, 0], 8), ball([15, 3, 4], 10));
    const truth = Math.hypot(30, 3, 4) - 18;
    expect(line?.distance).toBeGreaterThan(truth - 0.01);
    expect(line?.distance).toBeLessThan(truth + 2.3);
    expect(maskDistance(ball([0, 0, 0], 8), ball([4, 0, 0], 8))?.distance).toBe(0);
    expect(maskDistance(ball([0, 0, 0], 8), ball([500, 0, 0], 8))).toBeUndefined();
  });
});

describe('margin', () => {
  it('of N mm is a ball N mm larger, never cut by the box of the lesion', async () => {
    const lesion: MaskBox = {
      size: [31, 31, 13],
      affine: affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 2], [-12, -12, -12]),
      data: labelsOf(
        [31, 31, 13],
        affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 2], [-12, -12, -12]),
        sphere([0, 0, 0], 12),
      ).data,
    };
    const wide = marginMask(lesion, 10 as Mm);
    expect(deepestPoint(wide)?.every((v) => Math.abs(v) < 1.1)).toBe(true);
    const shell = await marginShell(lesion, 10 as Mm, 'margin');
    const radius = Math.cbrt(((shell?.volumeMl ?? 0) * 1000 * 3) / (4 * Math.PI));
    expect(Math.abs(radius - 22)).toBeLessThan(0.4);
    expect(shell?.openEdges).toBe(0);
  });
});

describe('explode', () => {
  it('moves away from the middle in proportion', () => {
    expect(explodeOffsets([], 1)).toEqual([]);
    expect(
      explodeOffsets(
        [
          [0, 0, 0],
          [10, 0, 0],
          [2, 6, 0],
        ],
        0.5,
      ),
    ).toEqual([
      [-2, -1, 0],
      [3, -1, 0],
      [-1, 2, 0],
    ]);
    expect(boxCentre(sphereMesh('a', [3, 4, 5], 2)).map((v) => Math.round(v))).toEqual([3, 4, 5]);
  });
});

describe('stones', () => {
  /** Kidney of 120 HU, an 8 mm stone of 1000 HU in it, a rib beside it and a filled calyx. */
  const scene = (extra: (x: number, y: number, z: number) => number | undefined) => {
    const grid: Vec3 = [80, 80, 60];
    const data = new Int16Array(80 * 80 * 60);
    const kidney = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const [x, y, z] = [i % 80, Math.floor(i / 80) % 80, Math.floor(i / 6400)] as const;
      const inside = ((x - 40) / 25) ** 2 + ((y - 40) / 20) ** 2 + ((z - 30) / 28) ** 2 <= 1;
      kidney[i] = inside ? 1 : 0;
      const stone = ((x - 45) / 4) ** 2 + ((y - 38) / 3) ** 2 + ((z - 30) / 3) ** 2 <= 1;
      data[i] = extra(x, y, z) ?? (stone ? 1000 : inside ? 120 : -80);
    }
    return {
      image: { size: grid, affine: identity, data },
      mask: { size: grid, affine: identity, data: kidney },
    };
  };

  it('are found with place, size and density', () => {
    const { image, mask } = scene(() => undefined);
    const [stone, ...more] = findStones(image, mask);
    expect(more).toEqual([]);
    expect(stone?.position.map((v) => Math.round(v))).toEqual([45, 38, 30]);
    expect((stone?.volumeMl ?? 0) / ((4 / 3) * Math.PI * 0.036)).toBeCloseTo(1, 0);
    expect(stone?.longest).toBeCloseTo(9, 1);
    expect([stone?.mean, stone?.max]).toEqual([1000, 1000]);
  });

  it('are told from a rib, a pool of contrast medium and an enhanced cortex', () => {
    const rib = scene((x, y) => (Math.hypot(x - 40, y - 62) < 4 ? 900 : undefined));
    expect(findStones(rib.image, rib.mask)).toHaveLength(1);
    const pool = scene((x, y, z) => (Math.hypot(x - 30, y - 40, z - 40) < 6 ? 330 : undefined));
    expect(findStones(pool.image, pool.mask)).toHaveLength(1);
    const bright = scene(() => undefined);
    bright.image.data.forEach((v, i) => {
      if (v === 120) bright.image.data[i] = 230;
    });
    expect(findStones(bright.image, bright.mask)).toHaveLength(1);
  });

  it('below 200 HU need the low-dose option', () => {
    const faint = scene(() => undefined);
    faint.image.data.forEach((v, i) => {
      faint.image.data[i] = v === 1000 ? 180 : v === 120 ? 40 : v;
    });
    expect(findStones(faint.image, faint.mask)).toEqual([]);
    expect(findStones(faint.image, faint.mask, { lowDose: true })).toHaveLength(1);
  });

  it('are none in an empty kidney', () => {
    const { image, mask } = scene(() => undefined);
    expect(findStones(image, { ...mask, data: new Uint8Array(mask.data.length) })).toEqual([]);
  });
});
