import { type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import type { Random } from '../core/random.ts';
import { smax } from '../core/sdf.ts';
import { cavity } from './body.ts';
import { carve, type Hollow, hollow } from './viscera.ts';

/** Colon from caecum to rectum; haustra as rings of the radius, deeper where it is wide. */
export interface Gut {
  readonly organ: Hollow;
  readonly line: readonly TubePoint[];
}

export function colon(lumps: Noise): { readonly colon: Gut; readonly rectum: Gut } {
  const frame: readonly TubePoint[] = [
    [-92, -36, -62, 23],
    [-100, -30, -30, 26],
    [-104, -18, 10, 25],
    [-104, -10, 40, 23],
    [-96, -30, 66, 22],
    [-72, -66, 62, 21],
    [-36, -82, 40, 20],
    [0, -86, 30, 20],
    [36, -84, 42, 20],
    [70, -72, 76, 20],
    [98, -46, 116, 20],
    [110, -10, 142, 19],
    [116, 8, 120, 18],
    [112, 14, 80, 17],
    [108, 8, 40, 16.5],
    [106, -4, 0, 16],
    [100, -22, -40, 16],
    [84, -34, -76, 15],
    [56, -28, -96, 16],
    [26, -38, -88, 17],
    [4, -20, -80, 17],
    [-20, 4, -86, 16],
    [-12, 30, -96, 16],
    [2, 44, -112, 16],
  ];
  const rectal: readonly TubePoint[] = [
    [2, 44, -112, 16],
    [2, 46, -136, 19],
    [0, 36, -162, 19],
    [0, 28, -182, 15],
    [0, 40, -202, 10],
    [0, 50, -216, 8],
  ];
  const line = tube(frame, 3);
  const folded = line.map(([x, y, z, r], n) => {
    // A haustrum every 30 mm: narrow, sharp folds between round sacs.
    const phase = ((n * 3) / 30) * Math.PI;
    const fold = Math.abs(Math.sin(phase)) ** 0.6;
    return [x, y, z, r * (0.78 + 0.24 * fold)] as const;
  });
  const end = tube(rectal, 3);
  return {
    colon: {
      organ: hollow([folded], 2.4, 1.75, (d, x, y, z) => d + 2.2 * lumps(x, y, z)),
      line: folded,
    },
    rectum: {
      organ: hollow([end], 3.5, 1.75, (d, x, y, z) => d + 1.2 * lumps(x, y, z)),
      line: end,
    },
  };
}

export interface SmallBowel {
  /** Pieces of one loop each, to be painted as cells: walls show where loops touch. */
  readonly loops: readonly Field[];
  readonly gas: Field;
}

/** Small bowel: rows of loops in three layers, bent and jittered, with Kerckring-like ripple. */
export function smallBowel(random: Random, lumps: Noise, neighbours: readonly Field[]): SmallBowel {
  const points: TubePoint[] = [];
  const add = (x: number, y: number, z: number, r: number) =>
    points.push([
      x + random.between(-5, 5),
      y + random.between(-4, 4),
      z + random.between(-5, 5),
      r,
    ]);
  // Jejunum, upper left, then ileum across to the lower right.
  const layers: readonly (readonly [number, number, number])[] = [
    [-30, 26, 13],
    [-54, 0, 13.5],
    [-76, 16, 13],
  ];
  layers.forEach(([y, shift, r], layer) => {
    const rows = 6;
    for (let row = 0; row < rows; row++) {
      const down = layer % 2 === 0 ? row : rows - 1 - row;
      const z = 72 - down * 30 - shift * 0.4;
      const half = Math.max(24, 84 - Math.abs(z + 5) * 0.22 - layer * 4);
      const centre = z > 20 ? 24 : 2;
      const steps = 4;
      for (let s = 0; s <= steps; s++) {
        const along = (s / steps) * 2 - 1;
        const x = centre + half * along * ((row + layer) % 2 === 0 ? 1 : -1);
        // Keep off the great vessels and the spine at the back.
        const back = layer === 0 && Math.abs(x) < 34 ? -18 : 0;
        add(x, y + back + 6 * Math.sin(s * 1.9 + row), z + 10 * Math.sin(s * 2.1 + layer), r);
      }
    }
  });
  const line = tube(points, 3).map(([x, y, z, r], n) => {
    const ripple = 1 + 0.07 * Math.sin(n * 1.7) + 0.1 * Math.sin(n * 0.23);
    return [x, y, z, r * ripple] as const;
  });
  const piece = 26;
  const loops: Field[] = [];
  for (let n = 0; n < line.length - 1; n += piece) {
    const part = line.slice(n, n + piece + 1);
    if (part.length < 2) continue;
    const field = new Field(boxAround(part, 5), 2).addTube(part, 5).map((d, x, y, z) => {
      if (d > 8) return d;
      return smax(d + 1.4 * lumps(x, y, z), cavity(x, y, z) + 2.5, 8);
    });
    loops.push(carve(field, neighbours, 1));
  }
  const gas = new Field(boxAround(line, 0), 1.75);
  line.forEach(([x, y, z, r], n) => {
    if (Math.sin(n * 0.19) + 0.5 * Math.sin(n * 0.047 + 1) < 1.05) return;
    gas.addTube(
      [
        [x, y - 0.35 * r, z, 0.5 * r],
        [x + 2, y - 0.35 * r, z, 0.5 * r],
      ],
      4,
    );
  });
  gas.map((d, x, y, z) => (d < 6 ? Math.max(d, cavity(x, y, z) + 6) : d));
  return { loops, gas: carve(gas, neighbours, 4) };
}
