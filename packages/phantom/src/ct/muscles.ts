import { type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import type { CellLayer, Shade } from '../core/painter.ts';
import { clamp, type Sdf, smax, smoothstep } from '../core/sdf.ts';
import { cavity, fascia, trunkBox, wallThickness } from './body.ts';
import { hu } from './materials.ts';

/**
 * Muscles of one side as axes with a radius, mirrored at the midline. Neighbours press against each
 * other: where two meet, a seam of fat runs along the surface of equal distance.
 */
const outer: readonly (readonly TubePoint[])[] = [
  // Multifidus, longissimus, iliocostalis.
  [
    [14, 84, 262, 7],
    [14, 80, 190, 8],
    [15, 70, 130, 10],
    [15, 60, 65, 13],
    [15, 60, 10, 15],
    [18, 76, -50, 14],
    [24, 86, -92, 8],
  ],
  [
    [34, 86, 262, 9],
    [36, 82, 190, 10],
    [38, 74, 130, 14],
    [41, 66, 65, 17],
    [41, 66, 10, 16],
    [38, 80, -45, 9],
  ],
  [
    [58, 82, 262, 7],
    [60, 78, 190, 8],
    [62, 70, 130, 12],
    [67, 60, 65, 14],
    [66, 62, 15, 11],
  ],
  // Gluteus maximus in two bundles, medius, minimus.
  [
    [50, 94, -56, 9],
    [76, 92, -88, 20],
    [104, 78, -134, 24],
    [128, 54, -182, 19],
    [138, 38, -235, 10],
  ],
  [
    [30, 96, -112, 10],
    [56, 92, -146, 22],
    [88, 74, -186, 23],
    [120, 48, -220, 14],
    [130, 36, -250, 8],
  ],
  [
    [112, 50, -18, 8],
    [128, 34, -52, 15],
    [142, 18, -100, 17],
    [148, 14, -150, 9],
  ],
  [
    [114, 28, -50, 7],
    [124, 6, -88, 10],
    [132, -4, -130, 9],
    [138, -4, -165, 5],
  ],
  // Tensor fasciae latae, sartorius, rectus femoris.
  [
    [130, -58, -82, 5],
    [144, -44, -125, 9],
    [150, -32, -180, 8],
    [152, -22, -250, 5],
  ],
  [
    [122, -68, -80, 4],
    [112, -72, -130, 6],
    [96, -74, -190, 6],
    [84, -70, -250, 6],
  ],
  [
    [104, -52, -122, 4],
    [112, -58, -165, 9],
    [112, -60, -250, 12],
  ],
  // Vastus lateralis, intermedius, medialis.
  [
    [150, 0, -184, 7],
    [154, -4, -215, 13],
    [152, -8, -250, 15],
  ],
  [
    [124, -20, -196, 6],
    [126, -26, -225, 10],
    [124, -28, -250, 11],
  ],
  [
    [104, -22, -218, 5],
    [100, -30, -250, 9],
  ],
  // Pectineus, adductors, gracilis.
  [
    [34, -58, -166, 5],
    [62, -50, -190, 10],
    [98, -12, -222, 7],
  ],
  [
    [20, -60, -188, 5],
    [42, -54, -214, 10],
    [60, -50, -250, 13],
  ],
  [
    [30, -38, -206, 6],
    [58, -28, -228, 11],
    [84, -14, -250, 10],
  ],
  [
    [46, -6, -216, 8],
    [66, 8, -236, 15],
    [74, 10, -256, 17],
  ],
  [
    [16, -44, -204, 4],
    [26, -36, -250, 6],
  ],
  // Hamstrings, quadratus femoris.
  [
    [62, 40, -214, 7],
    [74, 50, -240, 13],
    [80, 54, -256, 14],
  ],
  [
    [72, 32, -208, 5],
    [104, 26, -206, 5],
  ],
  // Obturator externus.
  [
    [38, -38, -192, 5],
    [64, -12, -196, 8],
    [98, 12, -196, 4],
  ],
];

/** Muscles that lie inside the cavity or cross its border: no spreading. */
const inner: readonly (readonly TubePoint[])[] = [
  // Psoas major; iliacus; both to the lesser trochanter.
  [
    [25, 22, 122, 6],
    [31, 16, 88, 11],
    [37, 13, 50, 14.5],
    [43, 8, 5, 16.5],
    [52, -4, -45, 17],
    [67, -26, -95, 15.5],
    [82, -40, -140, 13],
    [94, -20, -188, 10],
    [110, 12, -216, 6],
  ],
  [
    [112, 4, -16, 6],
    [107, -2, -48, 13],
    [97, -16, -90, 15],
    [92, -36, -130, 11],
  ],
  // Quadratus lumborum as two strands.
  [
    [60, 50, 108, 6],
    [66, 51, 70, 8],
    [72, 52, 35, 9],
    [78, 50, 8, 8],
  ],
  [
    [72, 53, 100, 6],
    [80, 54, 60, 7.5],
    [88, 50, 20, 8],
  ],
  // Obturator internus, piriformis, levator ani.
  [
    [60, 8, -134, 8],
    [60, 8, -160, 9.5],
    [50, -8, -184, 8],
  ],
  [
    [60, -24, -146, 6],
    [56, -28, -170, 7],
  ],
  [
    [28, 64, -112, 8],
    [58, 58, -122, 11],
    [98, 34, -146, 6],
  ],
  [
    [8, 44, -192, 4.5],
    [30, 24, -188, 4.5],
    [42, 2, -178, 4],
  ],
];

/** Layers of the wall: depth of the middle under the fascia and half the thickness, mm. */
function shell(depth: number, half: number, limit: Sdf): Sdf {
  return (x, y, z) => {
    const rest = limit(x, y, z);
    if (rest > 6) return rest;
    return smax(Math.abs(fascia(x, y, z) + depth) - half, rest, half * 1.6);
  };
}

/** Negative between costal margin and inguinal ligament, beside the rectus and the back muscles. */
const flank: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  const ligament = (-74 - (124 - a) * 0.92 - z) * 0.74;
  const crest = z < 12 ? (y - (2 + z * 0.92)) * 0.73 : -20;
  const medial = Math.max(66 - a, y > 20 ? 92 - a : -20);
  return Math.max(ligament, crest, medial, z - 128, y - 62);
};
const rectus: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  const width = z > 0 ? 62 : 62 - 40 * smoothstep(0, -170, z);
  return Math.max(a - width, 3.2 - a, z - 200, -168 - z, y + 20);
};
const betweenRibs: Sdf = (x, y, z) =>
  Math.max(92 - z, fascia(x, y, z) + 3.5, -(fascia(x, y, z) + wallThickness(x, y, z)));
const latissimus: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  return Math.max(60 - a, -y - 20 + (z < 130 ? (130 - z) * 0.8 : 0), 35 - z);
};

const both = (
  lines: readonly (readonly TubePoint[])[],
  reach: number,
  deform: Noise,
  depth: number,
): Field[] =>
  lines.flatMap((points) => {
    const line = tube(points, 10);
    return ([1, -1] as const).map((side) => {
      const own = line.map(([x, y, z, r]) => [side * x, y, z, r] as const);
      return new Field(boxAround(own, reach), 3)
        .addTube(own, reach)
        .map((d, x, y, z) => (d < reach ? d + depth * deform(x, y, z * 0.4) : d));
    });
  });

/** The muscles of the trunk, in paint order. */
export function muscleLayers(fold: Noise, cloud: Noise, lumps: Noise): CellLayer[] {
  const shade = muscleShade(fold, cloud);
  const wall = (f: Sdf) => Field.of(trunkBox, 2.5, f, 4, 1.6);
  const low = -180;
  const cut =
    (f: Sdf): Sdf =>
    (x, y, z) =>
      z < low ? low - z : f(x, y, z);
  // Back, buttocks and thighs are full of muscle up to the fascia.
  const compartment = Field.of(
    trunkBox,
    3,
    (x, y, z) => {
      const inside = smax(fascia(x, y, z) + 0.8, 3 - cavity(x, y, z), 3);
      const back = z > -10 ? 34 - y : -20;
      return Math.max(
        inside,
        z > 0 ? back : Math.min(back, (z + 30) * 0.6 + 10 - Math.abs(x) * 0.12),
      );
    },
    5,
    1.6,
  );
  return [
    {
      cells: [
        wall(cut(shell(3.2, 3, flank))),
        wall(cut(shell(9, 2.9, flank))),
        wall(cut(shell(14, 2.2, flank))),
        wall(cut(shell(5.6, 5, rectus))),
        wall(cut(shell(1.8, 2.8, latissimus))),
        wall((x, y, z) => (z < 80 ? 80 - z : Math.max(betweenRibs(x, y, z), -20))),
      ],
      shade,
      seam: 0.9,
      grow: 0.3,
    },
    { cells: both(outer, 16, lumps, 1.5), shade, seam: 1.5, grow: 11, within: compartment },
    { cells: both(inner, 6, lumps, 3), shade, seam: 1.3, grow: 0.5 },
  ];
}

const muscleShade =
  (fold: Noise, cloud: Noise): Shade =>
  (_d, x, y, z) => {
    const fatty = fattyInfiltration(x, y, z);
    const streak = fold(x, y, z * 0.35);
    const lost =
      fatty > 0 ? fatty * Math.max(0, streak + 0.1) * 130 : Math.max(0, streak - 0.66) * 110;
    return hu.muscle + 5 * cloud(x, y, z) - lost;
  };

/** Share of fat inside a muscle: grows downwards along the multifidus. */
const fattyInfiltration = (x: number, y: number, z: number): number =>
  clamp((y - 55) / 30, 0, 1) * clamp((60 - z) / 120, 0, 1) * clamp((40 - Math.abs(x)) / 15, 0, 1);
