import { describe, expect, it } from 'vitest';
import {
  affineFromSteps,
  cobbAngle,
  decodeStroke,
  dot,
  ellipsePerimeter,
  encodeStroke,
  fromPlane,
  isInsidePolygon,
  norm,
  pathLength,
  patientPoint,
  perpendicularAxis,
  planeBasis,
  polygonArea,
  polygonStatistics,
  rectangleCorners,
  rectangleStatistics,
  subtract,
  toPatient,
  toPlane,
  unit,
  type Vec3,
  type Volume,
} from './index.ts';

/** mulberry32: the same sequence on every machine. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const p = patientPoint;

describe('a stroke as bytes', () => {
  it('is off by at most half a quantum, also at the end of a long stroke, and never drifts', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const quantum = [0.02, 0.05, 0.001][seed % 3] ?? 0.05;
      let [x, y] = [next() * 400 - 200, next() * 400 - 200];
      const points = Array.from({ length: 1 + Math.floor(next() * 3000) }, () => {
        x += (next() - 0.5) * (next() < 0.02 ? 500 : 3);
        y += (next() - 0.5) * 3;
        return { x, y, ...(seed % 2 && { pressure: next() }) };
      });
      const back = decodeStroke(encodeStroke(points, quantum));
      expect(back).toHaveLength(points.length);
      let worst = 0;
      let worstPressure = 0;
      points.forEach((q, n) => {
        const r = back[n] ?? { x: Number.NaN, y: Number.NaN };
        worst = Math.max(worst, Math.abs(r.x - q.x), Math.abs(r.y - q.y));
        if (seed % 2) {
          worstPressure = Math.max(worstPressure, Math.abs((r.pressure ?? 9) - (q.pressure ?? 0)));
        } else expect(r.pressure).toBeUndefined();
      });
      expect(worst).toBeLessThanOrEqual(quantum / 2 + 1e-9);
      expect(worstPressure).toBeLessThanOrEqual(0.5 / 255 + 1e-9);
      // What was rounded once stays where it is.
      expect(encodeStroke(back, quantum)).toEqual(encodeStroke(points, quantum));
    }
  });

  it('takes about two bytes a point of handwriting', () => {
    const points = Array.from({ length: 1000 }, (_, n) => ({
      x: 12 * Math.sin(n / 20),
      y: n * 0.1 + 4 * Math.sin(n / 7),
    }));
    expect(encodeStroke(points).length).toBeLessThan(2200);
  });

  it('refuses what is no stroke instead of inventing points', () => {
    const bytes = encodeStroke([
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ]);
    expect(() => decodeStroke(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError);
    expect(() => decodeStroke(Uint8Array.of(...bytes, 0))).toThrow(RangeError);
    expect(() => decodeStroke(Uint8Array.of(9, 0, 20, 0, 0))).toThrow(RangeError);
    expect(() => decodeStroke(Uint8Array.of(1, 0, 20, 0, 255, 255, 255, 255, 255, 1))).toThrow(
      RangeError,
    );
    expect(() => encodeStroke([{ x: Number.NaN, y: 0 }])).toThrow(RangeError);
    expect(() => encodeStroke([{ x: 1e9, y: 0 }])).toThrow(RangeError);
    const next = random(5);
    for (let n = 0; n < 2000; n++) {
      const noise = Uint8Array.from({ length: 2 + Math.floor(next() * 40) }, () => next() * 256);
      noise[0] = 1;
      try {
        decodeStroke(noise);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });

  it('lies on its plane, whichever way the plane faces', () => {
    const next = random(8);
    for (let n = 0; n < 200; n++) {
      const normal = unit([next() - 0.5, next() - 0.5, next() - 0.5]);
      const { right, down } = planeBasis(normal);
      for (const [a, b] of [
        [right, normal],
        [down, normal],
        [right, down],
      ] as const)
        expect(Math.abs(dot(a, b))).toBeLessThan(1e-12);
      const plane = { point: [next() * 300, -50, 7] as Vec3, normal };
      const q = fromPlane(plane, 12.5, -7.25);
      const [x, y] = toPlane(plane, q);
      expect(Math.hypot(x - 12.5, y + 7.25)).toBeLessThan(1e-10);
    }
    expect(planeBasis(unit([1, 0, 0])).right).toEqual([0, 1, 0]);
  });
});

describe('a Cobb angle', () => {
  const line = (cx: number, cy: number, degrees: number, half = 20): [Vec3, Vec3] => {
    const t = (degrees * Math.PI) / 180;
    return [
      [cx - half * Math.cos(t), cy - half * Math.sin(t), 5],
      [cx + half * Math.cos(t), cy + half * Math.sin(t), 5],
    ];
  };
  const angleOf = (u: [Vec3, Vec3], v: [Vec3, Vec3]): number =>
    cobbAngle(p(...u[0]), p(...u[1]), p(...v[0]), p(...v[1]));

  it('is the sum of both tilts, whichever way the lines were drawn', () => {
    for (const tilt of [0.5, 5, 21, 44, 50, 61]) {
      const upper = line(0, 0, tilt);
      const lower = line(10, 150, -tilt);
      for (const u of [upper, [upper[1], upper[0]] as [Vec3, Vec3]])
        for (const v of [lower, [lower[1], lower[0]] as [Vec3, Vec3]])
          expect(angleOf(u, v)).toBeCloseTo(2 * tilt, 9);
    }
  });

  it('is nothing for parallels, the smaller angle for lines that cross, NaN for a point', () => {
    expect(angleOf(line(0, 0, 12), line(0, 90, 12))).toBeCloseTo(0, 6);
    expect(angleOf(line(0, 0, 0), line(0, 0, 120))).toBeCloseTo(60, 9);
    expect(angleOf([p(1, 1, 1), p(1, 1, 1)], line(0, 0, 10))).toBeNaN();
  });
});

describe('lines around a region', () => {
  it('measures areas and perimeters against formulas', () => {
    const square = rectangleCorners({
      centre: p(900, 0, 4),
      endA: p(903, 0, 4),
      endB: p(900, 2, 4),
    });
    expect(polygonArea(square)).toBeCloseTo(24, 9);
    expect(pathLength(square, true)).toBeCloseTo(20, 12);
    const n = 720;
    const circle = Array.from({ length: n }, (_, k): Vec3 => {
      const t = (k / n) * 2 * Math.PI;
      return [3 + 10 * Math.cos(t), 7, 10 * Math.sin(t)];
    });
    expect(polygonArea(circle)).toBeCloseTo((n / 2) * 100 * Math.sin((2 * Math.PI) / n), 8);
    expect(pathLength(circle, true)).toBeCloseTo(2 * n * 10 * Math.sin(Math.PI / n), 8);
    const bow: Vec3[] = [
      [0, 0, 0],
      [4, 4, 0],
      [4, 0, 0],
      [0, 4, 0],
    ];
    expect(polygonArea(bow)).toBeCloseTo(0, 12);
  });

  it('measures an ellipse’s circumference exactly', () => {
    const e = (a: number, b: number) => ({
      centre: p(1, 2, 3),
      endA: p(1 + a, 2, 3),
      endB: p(1, 2 + b, 3),
    });
    expect(ellipsePerimeter(e(5, 5))).toBeCloseTo(10 * Math.PI, 12);
    // 4·E(√0.75)·2 = 9.688448220547675 (half axes 2 and 1).
    expect(ellipsePerimeter(e(2, 1))).toBeCloseTo(9.688448220547675, 12);
    expect(ellipsePerimeter(e(1, 2))).toBeCloseTo(9.688448220547675, 12);
    expect(ellipsePerimeter(e(3, 0))).toBeCloseTo(12, 9);
    // The same ellipse by another pair of conjugate half diameters.
    const s = Math.SQRT1_2;
    expect(
      ellipsePerimeter({ centre: p(0, 0, 0), endA: p(2 * s, s, 0), endB: p(-2 * s, s, 0) }),
    ).toBeCloseTo(9.688448220547675, 10);
  });

  it('turns the short axis to a right angle about its middle', () => {
    const [c, d] = perpendicularAxis([0, 0, 0], [40, 0, 0], [10, -5, 0], [16, 7, 0], [0, 0, 1]);
    expect(c).toEqual([13, -5, 0]);
    expect(d).toEqual([13, 7, 0]);
    expect(dot(subtract(d, c), [1, 0, 0])).toBeCloseTo(0, 12);
    expect(norm(subtract(d, c))).toBe(12);
  });
});

describe('voxels in a polygon', () => {
  const size = [40, 30, 5] as const;
  const affine = affineFromSteps(
    [0.6, 0.1, 0],
    [-0.1, 0.6, 0.05],
    [0.02, -0.04, 2.5],
    [-11, 4, 30],
  );
  const data = new Int16Array(40 * 30 * 5);
  const next = random(77);
  for (let n = 0; n < data.length; n++) data[n] = Math.round(next() * 2000 - 1000);
  const volume: Volume = { size, affine, frameOfReferenceUid: '1', data };

  it('counts exactly the pixels of the slice whose centre is inside, for random polygons', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const r = random(seed);
      const k = Math.floor(r() * 5);
      const outline = Array.from({ length: 3 + Math.floor(r() * 9) }, () => {
        return [r() * 44 - 2, r() * 34 - 2] as const;
      });
      const corners = outline.map(([i, j]) => toPatient(affine, [i, j, k]));
      let [n, sum, low, high] = [0, 0, Infinity, -Infinity];
      for (let j = 0; j < 30; j++) {
        for (let i = 0; i < 40; i++) {
          if (!windingIsOdd(i, j, outline)) continue;
          const v = data[i + 40 * (j + 30 * k)] ?? 0;
          n++;
          sum += v;
          low = Math.min(low, v);
          high = Math.max(high, v);
        }
      }
      const s = polygonStatistics(volume, corners);
      expect(s?.count ?? 0).toBe(n);
      if (n === 0) continue;
      expect(s?.mean).toBeCloseTo(sum / n, 9);
      expect([s?.min, s?.max]).toEqual([low, high]);
    }
  });

  it('shares the voxels of a common edge between neighbours, each once', () => {
    const grid: Volume = {
      ...volume,
      affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]),
    };
    const quad = (x0: number, y0: number, x1: number, y1: number): Vec3[] => [
      [x0, y0, 2],
      [x1, y0, 2],
      [x1, y1, 2],
      [x0, y1, 2],
    ];
    const whole = polygonStatistics(grid, quad(3, 4, 23, 20))?.count;
    const parts = [
      quad(3, 4, 11, 9),
      quad(11, 4, 23, 9),
      quad(3, 9, 11, 20),
      quad(11, 9, 23, 20),
    ].map((q) => polygonStatistics(grid, q)?.count ?? 0);
    expect(whole).toBe(20 * 16);
    expect(parts.reduce((a, b) => a + b)).toBe(whole);
  });

  it('gives a ramp the mean of its middle, and nothing outside of the volume', () => {
    const e = { centre: p(1000, 0, 0), endA: p(1004, 0, 0), endB: p(1000, 4, 0) };
    expect(rectangleStatistics(volume, e)).toBeUndefined();
    expect(polygonStatistics(volume, [p(0, 0, 0), p(1, 1, 0)])).toBeUndefined();
    const ramp: Volume = {
      size: [64, 64, 3],
      affine: affineFromSteps([0.5, 0, 0], [0, 0.5, 0], [0, 0, 3], [-16, -16, 0]),
      frameOfReferenceUid: '1',
      data: Float32Array.from({ length: 64 * 64 * 3 }, (_, n) => (n % 64) * 0.5 - 16),
    };
    const centre = p(2.25, -1.25, 3);
    const s = rectangleStatistics(ramp, {
      centre,
      endA: p(6.35, -1.25, 3),
      endB: p(2.25, 2.85, 3),
    });
    // Value = x in mm; symmetric about the centre, so its mean is the centre's x.
    expect(s?.mean).toBeCloseTo(2.25, 6);
    expect(s?.count).toBe(16 * 16);
  });
});

/** Another way to the same answer: crossings of a ray to the left, by signs of cross products. */
function windingIsOdd(
  x: number,
  y: number,
  outline: readonly (readonly [number, number])[],
): boolean {
  let crossings = 0;
  outline.forEach((a, n) => {
    const b = outline[(n + 1) % outline.length] ?? a;
    const [low, high] = a[1] < b[1] ? [a, b] : [b, a];
    if (y < low[1] || y >= high[1]) return;
    const side = (high[0] - low[0]) * (y - low[1]) - (high[1] - low[1]) * (x - low[0]);
    if (side < 0) crossings++;
  });
  expect(isInsidePolygon([x, y], outline)).toBe(crossings % 2 === 1);
  return crossings % 2 === 1;
}
