import {
  type Affine,
  affineFromSteps,
  type Mm,
  type PatientPoint,
  patientPoint,
  plane,
  type Vec3,
} from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { dice, identity, labelsOf, random, sphere } from '../testing.ts';
import {
  applyDiff,
  type BoxGrid,
  boxAroundMask,
  brush,
  combine,
  countVoxels,
  cropMaskBox,
  decodeDiff,
  dropIslands,
  type Edit,
  emptyMaskBox,
  encodeDiff,
  fillHoles,
  grow,
  growCut,
  type ImageBox,
  interpolateSlices,
  invertDiff,
  islands,
  keepIsland,
  type MaskBox,
  onGrid,
  scissors,
  segmentInBox,
  sliceBrush,
  smartBrush,
  smoothMask,
  thresholdInside,
  voxelMm3,
} from './index.ts';

const mm = (n: number): Mm => n as Mm;
const p = patientPoint;
/** 0.7 × 0.8 × 2.5 mm, slices oblique to the patient, left-handed. */
const oblique: Affine = affineFromSteps(
  [0.7 * Math.cos(0.3), 0.7 * Math.sin(0.3), 0],
  [0.8 * Math.sin(0.3), -0.8 * Math.cos(0.3), 0],
  [0, 0, 2.5],
  [-20, 15, -30],
);
const thick: Affine = affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 2], [-32, -32, -32]);

const boxOf = (
  size: Vec3,
  affine: Affine,
  f: (x: number, y: number, z: number) => number,
): MaskBox => {
  const { data } = labelsOf(size, affine, f);
  return { size, affine, data };
};
const centreOf = (g: BoxGrid): PatientPoint => {
  const m = g.affine;
  const v = g.size.map((n) => (n - 1) / 2) as unknown as Vec3;
  return p(
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2] + m[3],
    m[4] * v[0] + m[5] * v[1] + m[6] * v[2] + m[7],
    m[8] * v[0] + m[9] * v[1] + m[10] * v[2] + m[11],
  );
};
const after = (mask: MaskBox, edit: Edit): MaskBox => {
  const copy = { ...mask, data: mask.data.slice() };
  expect(applyDiff(copy, edit.diff)).toBe(0);
  return copy;
};
const volume = (mask: MaskBox): number => countVoxels(mask) * voxelMm3(mask);
const ball = (size: Vec3, affine: Affine, c: Vec3, r: number): MaskBox =>
  boxOf(size, affine, sphere(c, r));

describe('brush', () => {
  it.each([
    ['isotropic', identity],
    ['oblique, anisotropic and left-handed', oblique],
  ] as [string, Affine][])('paints exactly the voxels within a capsule, %s', (_, affine) => {
    const mask = emptyMaskBox({ size: [60, 60, 30], affine });
    const c = centreOf(mask);
    const [a, b] = [p(c[0] - 6, c[1] + 2, c[2] - 5), p(c[0] + 7, c[1] - 3, c[2] + 4)];
    const painted = after(mask, brush(mask, [a, b], mm(6), 'add'));
    const truth = boxOf(mask.size, affine, (x, y, z) => {
      const d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]] as const;
      const e = [x - a[0], y - a[1], z - a[2]] as const;
      const t = (d[0] * e[0] + d[1] * e[1] + d[2] * e[2]) / (d[0] ** 2 + d[1] ** 2 + d[2] ** 2);
      const s = Math.min(1, Math.max(0, t));
      return Math.hypot(e[0] - s * d[0], e[1] - s * d[1], e[2] - s * d[2]) <= 6 ? 1 : 0;
    });
    expect(painted.data).toEqual(truth.data);
    const length = Math.hypot(13, 5, 9);
    const analytic = Math.PI * 36 * length + (4 / 3) * Math.PI * 216;
    expect(Math.abs(volume(painted) / analytic - 1)).toBeLessThan(0.03);
  });

  it('erases what it painted, and reports the box it changed', () => {
    const mask = emptyMaskBox({ size: [40, 40, 32], affine: thick });
    const edit = brush(mask, [p(-16, -16, 0)], mm(5), 'add');
    const painted = after(mask, edit);
    expect(boxAroundMask(painted)).toEqual(edit.changed);
    expect(edit.added).toBe(countVoxels(painted));
    const erased = brush(painted, [p(-16, -16, 0)], mm(5), 'erase');
    expect(erased.removed).toBe(edit.added);
    expect(countVoxels(after(painted, erased))).toBe(0);
  });

  it('paints the voxel under it even when the brush is smaller', () => {
    const mask = emptyMaskBox({ size: [40, 40, 32], affine: thick });
    expect(brush(mask, [p(-15.7, -16, 0.9)], mm(0.05), 'add').added).toBe(1);
  });

  it('off the box changes nothing; bad input is refused', () => {
    const mask = emptyMaskBox({ size: [8, 8, 8], affine: identity });
    expect(brush(mask, [p(500, 0, 0)], mm(3), 'add').changed).toBeUndefined();
    expect(brush(mask, [], mm(3), 'add').changed).toBeUndefined();
    expect(() => brush(mask, [p(1, 1, 1)], mm(0), 'add')).toThrow();
    expect(() => brush(mask, [p(Number.NaN, 1, 1)], mm(2), 'add')).toThrow();
    expect(() => brush({ ...mask, data: new Uint8Array(3) }, [], mm(2), 'add')).toThrow();
  });

  it('on a slice stays on that slice and is a disc', () => {
    const mask = emptyMaskBox({ size: [60, 60, 20], affine: thick });
    // 0.9 mm above slice 16 of 2 mm: that slice is cut, no other.
    const cut = plane(p(0, 0, -0.9 + 2 * 5 - 32 + 0.9 + 0.9), [0, 0, 1]);
    const painted = after(mask, sliceBrush(mask, [p(-8, -8, 50)], mm(6), cut, 'add'));
    const box = boxAroundMask(painted);
    expect(box?.first[2]).toBe(5);
    expect(box?.size[2]).toBe(1);
    expect(Math.abs((countVoxels(painted) * 0.64) / (Math.PI * 36) - 1)).toBeLessThan(0.03);
    const between = plane(p(0, 0, -32 + 2 * 5 + 1), [0, 0, 1]);
    const half = after(mask, sliceBrush(mask, [p(-8, -8, 0)], mm(6), between, 'add'));
    expect(boxAroundMask(half)?.size[2]).toBe(1);
  });
});

/** Two materials with noise: a bright ball that touches a plate of another value. */
function noisyImage(size: Vec3, affine: Affine, f: (x: number, y: number, z: number) => number) {
  const next = random(11);
  const labels = labelsOf(size, affine, f).data;
  const values = [40, 160, 260];
  const data = Int16Array.from(labels, (l) =>
    Math.round((values[l] as number) + (next() + next() + next() + next() - 2) * 25),
  );
  const image: ImageBox = { size, affine, data };
  return { image, labels };
}

describe('smart brush', () => {
  it('stays on its side of an edge and does not jump to an equal part that is not connected', () => {
    // Left of x = 0 soft, then a wall of another value, then soft again.
    const { image, labels } = noisyImage([60, 60, 30], thick, (x) => (x > -8 && x < -4 ? 2 : 1));
    const mask = emptyMaskBox(image);
    const painted = after(mask, smartBrush(mask, image, [p(-14, -8, -8)], mm(12), 'add'));
    let [wrong, right] = [0, 0];
    for (let i = 0; i < labels.length; i++) {
      if (painted.data[i] === 0) continue;
      if (labels[i] === 2 || i % 60 > (-8 + 32) / 0.8) wrong++;
      else right++;
    }
    // Noise makes single voxels of the wall look like the soft side.
    expect(wrong).toBeLessThan(0.001 * right);
    const plain = after(mask, brush(mask, [p(-14, -8, -8)], mm(12), 'add'));
    const onSide = plain.data.filter((v, i) => v === 1 && i % 60 <= (-8 + 32) / 0.8).length;
    expect(right / onSide).toBeGreaterThan(0.9);
  });
});

describe('growCut', () => {
  it('finds a noisy ball from a seed and a shell', () => {
    const { image, labels } = noisyImage([64, 64, 32], thick, sphere([-7, -7, -1], 16));
    const seeds = new Uint8Array(labels.length);
    labels.forEach((_, i) => {
      const [x, y, z] = [i % 64, Math.floor(i / 64) % 64, Math.floor(i / 4096)];
      if (x === 0 || y === 0 || z === 0 || x === 63 || y === 63 || z === 31) seeds[i] = 2;
      else if (Math.hypot(x * 0.8 - 25, y * 0.8 - 25, z * 2 - 31) < 4) seeds[i] = 1;
    });
    const found = growCut(image, seeds, { appearance: 1 });
    expect(
      dice(
        (i) => found.data[i] === 1,
        (i) => labels[i] === 1,
        labels.length,
      ),
    ).toBeGreaterThan(0.96);
  });

  it('needs both kinds of seeds', () => {
    const image = { size: [4, 4, 4] as Vec3, affine: identity, data: new Int16Array(64) };
    expect(() => growCut(image, new Uint8Array(64).fill(1))).toThrow(/seeds/);
    expect(() => growCut(image, new Uint8Array(5))).toThrow();
  });

  it('halves an even image between two seeds', () => {
    const image = { size: [21, 9, 9] as Vec3, affine: identity, data: new Int16Array(1701) };
    const seeds = new Uint8Array(1701);
    seeds[2 + 21 * (4 + 9 * 4)] = 1;
    seeds[18 + 21 * (4 + 9 * 4)] = 2;
    const found = growCut(image, seeds);
    const share = countVoxels(found) / 1701;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
  });
});

describe('segmentInBox', () => {
  it('finds an ellipsoid in a box on an oblique grid, closed and in one piece', () => {
    const size: Vec3 = [70, 70, 30];
    const c = centreOf({ size, affine: oblique });
    const inside = (x: number, y: number, z: number): number =>
      ((x - c[0]) / 12) ** 2 + ((y - c[1]) / 9) ** 2 + ((z - c[2]) / 20) ** 2 <= 1 ? 1 : 0;
    const { image, labels } = noisyImage(size, oblique, inside);
    const box = { first: [4, 4, 3] as Vec3, size: [62, 62, 24] as Vec3 };
    const found = segmentInBox(image, box, { inside: [c] }, 'kidney');
    const truth = cropMaskBox({ size, affine: oblique, data: labels }, box);
    const agreement = dice(
      (i) => found.data[i] === 1,
      (i) => truth.data[i] === 1,
      truth.data.length,
    );
    expect(agreement).toBeGreaterThan(0.87);
    expect(islands(found)).toHaveLength(1);
  });

  it('refuses a seed outside of the box', () => {
    const { image } = noisyImage([20, 20, 20], identity, () => 1);
    const box = { first: [0, 0, 0] as Vec3, size: [10, 10, 10] as Vec3 };
    expect(() => segmentInBox(image, box, { inside: [p(15, 15, 15)] }, 'organ')).toThrow(/seed/);
  });
});

describe('scissors', () => {
  const cube = boxOf([40, 40, 40], identity, (x, y, z) =>
    Math.max(Math.abs(x - 20), Math.abs(y - 20), Math.abs(z - 20)) <= 15 ? 1 : 0,
  );
  const outline = [p(9.5, 0, 9.5), p(19.5, 0, 9.5), p(19.5, 0, 24.5), p(9.5, 0, 24.5)];

  it('cuts a prism through, inside or outside of the outline', () => {
    const inside = scissors(cube, outline, [0, 1, 0], { remove: 'inside' });
    expect(inside.removed).toBe(10 * 15 * 31);
    const outside = scissors(cube, outline, [0, 1, 0], { remove: 'outside' });
    expect(outside.removed).toBe(31 ** 3 - 10 * 15 * 31);
  });

  it('only cuts as deep as wished', () => {
    const edit = scissors(cube, outline, [0, 1, 0], {
      remove: 'inside',
      depth: { from: mm(0), to: mm(9.5) },
    });
    expect(edit.removed).toBe(10 * 15 * 5);
  });

  it('follows lines of sight through the eye of a perspective view', () => {
    const eye = p(20, -60, 20);
    // A square of 10 × 10 at y = 0, 60 mm before the eye, is 10 · 80/60 wide at y = 20.
    const square = [p(15, 0, 15), p(25, 0, 15), p(25, 0, 25), p(15, 0, 25)];
    const cut = after(cube, scissors(cube, square, [0, 1, 0], { remove: 'inside', eye }));
    const goneAt = (y: number): number => {
      let n = 0;
      for (let i = 0; i < cube.data.length; i++)
        if (Math.floor(i / 40) % 40 === y && cube.data[i] !== cut.data[i]) n++;
      return n;
    };
    expect(Math.sqrt(goneAt(6))).toBe(11);
    expect(Math.sqrt(goneAt(34))).toBe(15);
  });

  it('refuses an outline that encloses nothing', () => {
    expect(() => scissors(cube, outline.slice(2), [0, 1, 0], { remove: 'inside' })).toThrow();
    expect(() => scissors(cube, outline, [1, 0, 0], { remove: 'inside' })).toThrow();
  });
});

describe('islands and holes', () => {
  const two = boxOf([40, 20, 20], identity, (x, y, z) =>
    Math.hypot(x - 10, y - 10, z - 10) <= 6 ? 1 : Math.hypot(x - 30, y - 10, z - 10) <= 3 ? 1 : 0,
  );

  it('are listed by size', () => {
    const [big, small] = islands(two);
    expect(big?.centre).toEqual([10, 10, 10]);
    expect(small?.centre).toEqual([30, 10, 10]);
    expect(big?.volumeMl).toBeCloseTo(0.925, 3);
  });

  it('keep the one tapped, or near the tap', () => {
    const kept = after(two, keepIsland(two, p(30, 10, 14.5)));
    expect(islands(kept)).toHaveLength(1);
    expect(islands(kept)[0]?.centre).toEqual([30, 10, 10]);
    expect(islands(after(two, keepIsland(two)))[0]?.centre).toEqual([10, 10, 10]);
    expect(() => keepIsland(two, p(20, 10, 10))).toThrow(/island/);
  });

  it('drop below a volume', () => {
    const left = after(two, dropIslands(two, 0.3 as never));
    expect(islands(left).map((i) => i.centre[0])).toEqual([10]);
  });

  it('holes are filled, the outside is not', () => {
    const shell = boxOf([24, 24, 24], identity, (x, y, z) => {
      const d = Math.hypot(x - 12, y - 12, z - 12);
      return d <= 9 && d > 5 ? 1 : 0;
    });
    const filled = after(shell, fillHoles(shell));
    expect(filled.data).toEqual(ball([24, 24, 24], identity, [12, 12, 12], 9).data);
    expect(fillHoles(shell, { largest: 0.1 as never }).changed).toBeUndefined();
    const tube = boxOf([24, 24, 24], identity, (x, y) => {
      const d = Math.hypot(x - 12, y - 12);
      return d <= 9 && d > 5 ? 1 : 0;
    });
    expect(fillHoles(tube).changed).toBeUndefined();
    const solid = fillHoles(tube, { within: 'slices' });
    expect(solid.added).toBe(
      24 * ball([24, 24, 1], identity, [12, 12, 0], 5).data.reduce((a, b) => a + b),
    );
  });
});

describe('shape', () => {
  it('grows and shrinks a ball by millimetres on an anisotropic grid', () => {
    const start = ball([80, 80, 32], thick, [0, 0, 0], 12);
    for (const [change, radius] of [
      [5, 17],
      [-4, 8],
    ] as const) {
      const got = after(start, grow(start, mm(change)));
      const truth = (4 / 3) * Math.PI * radius ** 3;
      // Centres stand for the border to a third of a voxel: 0.3 mm on these radii.
      const error = Math.cbrt(volume(got) / truth) * radius - radius;
      expect(Math.abs(error)).toBeLessThan(0.35);
    }
    expect(grow(start, mm(0)).changed).toBeUndefined();
    expect(() => grow(start, mm(Number.NaN))).toThrow();
  });

  it('smooths a rough ball without loss of volume', () => {
    const next = random(5);
    const clean = ball([80, 80, 32], thick, [0, 0, 0], 14);
    const rough = {
      ...clean,
      data: clean.data.map((v, i) => {
        const near = [1, -1, 80, -80].some((d) => clean.data[i + d] !== v);
        return near && next() < 0.4 ? 1 - v : v;
      }),
    };
    const smooth = after(rough, smoothMask(rough, mm(1.5)));
    expect(Math.abs(countVoxels(smooth) / countVoxels(rough) - 1)).toBeLessThan(0.002);
    const agreement = (m: MaskBox): number =>
      dice(
        (i) => m.data[i] === 1,
        (i) => clean.data[i] === 1,
        clean.data.length,
      );
    expect(agreement(smooth)).toBeGreaterThan(0.985);
    expect(agreement(smooth)).toBeGreaterThan(agreement(rough));
  });

  it.each([0, 1, 2] as const)('interpolates a cone between slices drawn along axis %i', (axis) => {
    const cone = boxOf([41, 41, 41], identity, (x, y, z) => {
      const v = [x, y, z];
      const along = v[axis] as number;
      const [a, b] = v.filter((_, n) => n !== axis) as [number, number];
      return Math.hypot(a - 20, b - 20) <= 6 + along * 0.25 ? 1 : 0;
    });
    const drawn = [2, 14, 26, 38];
    const sparse = {
      ...cone,
      data: cone.data.map((v, i) => {
        const at = [i % 41, Math.floor(i / 41) % 41, Math.floor(i / 1681)][axis] as number;
        return drawn.includes(at) ? v : 0;
      }),
    };
    const edit = interpolateSlices(sparse, axis);
    expect(edit.removed).toBe(0);
    const got = after(sparse, edit);
    const between = (i: number): boolean => {
      const at = [i % 41, Math.floor(i / 41) % 41, Math.floor(i / 1681)][axis] as number;
      return at >= 2 && at <= 38;
    };
    expect(
      dice(
        (i) => got.data[i] === 1,
        (i) => between(i) && cone.data[i] === 1,
        cone.data.length,
      ),
    ).toBeGreaterThan(0.98);
    expect(interpolateSlices(sparse, axis, drawn).diff).toEqual(edit.diff);
    expect(() => interpolateSlices(sparse, axis, [2])).toThrow(/two/);
    expect(() => interpolateSlices(sparse, axis, [2, 99])).toThrow(/outside/);
  });
});

describe('combine', () => {
  const a = ball([30, 30, 30], identity, [12, 15, 15], 8);
  const b = ball([30, 30, 30], identity, [18, 15, 15], 8);

  it('obeys the algebra of sets', () => {
    const n = (op: 'unite' | 'intersect' | 'subtract'): number =>
      countVoxels(after(a, combine(a, b, op)));
    expect(n('unite') + n('intersect')).toBe(countVoxels(a) + countVoxels(b));
    expect(n('subtract')).toBe(countVoxels(a) - n('intersect'));
    expect(() => combine(a, { ...b, affine: thick }, 'unite')).toThrow(/grids/);
  });

  it('after a structure of another grid was brought to this one', () => {
    const fine = ball(
      [60, 60, 60],
      affineFromSteps([0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [3, 0, 0]),
      [18, 15, 15],
      8,
    );
    const moved = onGrid(fine, a);
    expect(
      dice(
        (i) => moved.data[i] === 1,
        (i) => b.data[i] === 1,
        b.data.length,
      ),
    ).toBeGreaterThan(0.99);
  });

  it('thresholds within the structure only', () => {
    const image = { ...a, data: Int16Array.from(a.data, (_, i) => (i % 30) * 10) };
    const got = after(a, thresholdInside(a, image, 100, 140));
    const xs = new Set([...got.data.keys()].filter((i) => got.data[i] === 1).map((i) => i % 30));
    expect([...xs].sort((x, y) => x - y)).toEqual([10, 11, 12, 13, 14]);
  });
});

describe('diff', () => {
  it('of random edits: applied and taken back is the mask before, also through bytes', () => {
    const next = random(42);
    const start = ball([50, 40, 20], oblique, centreOf({ size: [50, 40, 20], affine: oblique }), 9);
    const grid = { size: start.size, affine: oblique };
    const c = centreOf(grid);
    const point = (): PatientPoint =>
      p(c[0] + next() * 30 - 15, c[1] + next() * 30 - 15, c[2] + next() * 40 - 20);
    const mask = { ...start, data: start.data.slice() };
    const done: { edit: Edit; before: Uint8Array }[] = [];
    const tools: (() => Edit)[] = [
      () => brush(mask, [point(), point()], mm(1 + next() * 5), 'add'),
      () => brush(mask, [point(), point()], mm(1 + next() * 5), 'erase'),
      () => grow(mask, mm(next() * 2 - 1)),
      () => smoothMask(mask, mm(1)),
      () => fillHoles(mask, { within: 'slices' }),
      () => keepIsland(mask),
      () => scissors(mask, [point(), point(), point()], [0.2, 1, 0.1], { remove: 'inside' }),
    ];
    for (let n = 0; n < 60; n++) {
      const before = mask.data.slice();
      const edit = (tools[Math.floor(next() * tools.length)] as () => Edit)();
      expect(decodeDiff(encodeDiff(edit.diff))).toEqual(edit.diff);
      expect(applyDiff(mask, edit.diff)).toBe(0);
      let [added, removed] = [0, 0];
      for (let i = 0; i < before.length; i++) {
        if (before[i] === 0 && mask.data[i] === 1) added++;
        if (before[i] === 1 && mask.data[i] === 0) removed++;
      }
      expect([edit.added, edit.removed]).toEqual([added, removed]);
      done.push({ edit, before });
    }
    for (const { edit, before } of done.reverse()) {
      expect(applyDiff(mask, invertDiff(edit.diff))).toBe(0);
      expect(mask.data).toEqual(before);
    }
    expect(mask.data).toEqual(start.data);
  });

  it('tells voxels that somebody else changed in between', () => {
    const mask = emptyMaskBox({ size: [20, 20, 20], affine: identity });
    const mine = brush(mask, [p(8, 8, 8)], mm(3), 'add');
    const theirs = brush(mask, [p(10, 8, 8)], mm(3), 'add');
    applyDiff(mask, theirs.diff);
    expect(applyDiff(mask, mine.diff)).toBeGreaterThan(0);
  });

  it('refuses damaged bytes, another grid and a newer version, and writes nothing', () => {
    const mask = emptyMaskBox({ size: [20, 20, 20], affine: identity });
    const { diff } = brush(mask, [p(8, 8, 8)], mm(3), 'add');
    const bytes = encodeDiff(diff);
    expect(() => decodeDiff(bytes.slice(0, -1))).toThrow(/damaged/);
    expect(() => decodeDiff(Uint8Array.of(...bytes, 0))).toThrow(/damaged/);
    expect(() => decodeDiff(Uint8Array.of(9, ...bytes.slice(1)))).toThrow(/newer/);
    expect(() => decodeDiff(new Uint8Array(0))).toThrow(/damaged/);
    const small = emptyMaskBox({ size: [20, 20, 10], affine: identity });
    expect(() => applyDiff(small, diff)).toThrow(/another grid/);
    const wild = { ...diff, lengths: diff.lengths.map(() => 4_000_000) };
    expect(() => applyDiff(mask, wild)).toThrow(/damaged/);
    expect(mask.data.every((v) => v === 0)).toBe(true);
  });
});
