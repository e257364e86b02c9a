import { mirrored, type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import { Random } from '../core/random.ts';
import type { LocalFrame } from '../core/sdf.ts';
import { toWorld } from '../core/sdf.ts';
import { kidneyFrames } from './urinary.ts';

type Line = readonly TubePoint[];

/** Aorta from the chest to its fork before L4. */
export const aortaLine: Line = [
  [22, 30, 275, 12],
  [18, 24, 215, 11.8],
  [13, 12, 165, 11.3],
  [10, -2, 128, 10.8],
  [8, -12, 90, 10.2],
  [8, -20, 50, 9.6],
  [7, -22, 15, 9.2],
  [4, -19, -4, 9],
];
const iliacArtery: Line = [
  [2, -18, -2, 6.2],
  [14, -15, -22, 6],
  [30, -8, -50, 5.4],
  [46, -12, -80, 4.8],
  [64, -34, -118, 4.6],
  [76, -56, -152, 4.7],
  [80, -62, -185, 4.6],
  [80, -60, -250, 4],
];
const internalIliac: Line = [
  [32, -8, -54, 4.2],
  [36, 10, -78, 3.8],
  [44, 26, -105, 3],
  [46, 34, -130, 2.2],
];
const cavaLine: Line = [
  [-20, 2, 246, 12.5],
  [-21, 2, 205, 13],
  [-20, 4, 165, 12],
  [-18, 0, 125, 11.5],
  [-17, -8, 85, 11.5],
  [-17, -15, 45, 10.8],
  [-17, -17, 10, 10.5],
  [-12, -14, -16, 9.5],
];
const iliacVein: Line = [
  [-8, -12, -16, 7],
  [10, -4, -36, 6.6],
  [30, 2, -58, 6],
  [48, -2, -86, 5.8],
  [62, -24, -120, 5.8],
  [70, -50, -152, 6],
  [72, -54, -185, 6],
  [72, -50, -250, 5.5],
];
const internalIliacVein: Line = [
  [34, 4, -62, 4],
  [40, 20, -86, 3.6],
  [50, 36, -116, 2.6],
];

const from = (frame: LocalFrame, u: number, v: number, w: number, r: number): TubePoint => [
  ...toWorld(frame, [u, v, w]),
  r,
];

/** Arteries of the kidneys: each side one trunk that forks in the hilum. */
function renal(kind: 'artery' | 'vein'): Line[] {
  const { left, right } = kidneyFrames;
  const r = kind === 'artery' ? 2.7 : 4.4;
  const off = kind === 'artery' ? -3 : -7;
  const fork = (frame: LocalFrame): Line[] => [
    [
      from(frame, -32, off, 6, r),
      from(frame, -20, off * 0.6, 14, r * 0.6),
      from(frame, -8, -4, 23, r * 0.4),
    ],
    [
      from(frame, -32, off, 6, r),
      from(frame, -20, off * 0.6, -8, r * 0.6),
      from(frame, -8, -4, -20, r * 0.4),
    ],
    [
      from(frame, -32, off, 6, r),
      from(frame, -18, -6, 4, r * 0.6),
      from(frame, -8, -5, 6, r * 0.4),
    ],
  ];
  const trunks: Line[] =
    kind === 'artery'
      ? [
          [[14, -10, 93, r], [28, -2, 92, r], from(left, -32, off, 6, r)],
          [[0, -10, 90, r], [-18, 6, 84, r], from(right, -32, off, 6, r)],
        ]
      : [
          [[-12, -10, 84, r + 0.8], [8, -25, 88, r], [26, -16, 92, r], from(left, -32, off, 6, r)],
          [[-22, -6, 80, r + 0.5], from(right, -32, off, 6, r)],
        ];
  return [...trunks, ...fork(left), ...fork(right)];
}

const visceralArteries: readonly Line[] = [
  // Coeliac trunk to liver and spleen; superior and inferior mesenteric artery.
  [
    [10, -8, 122, 4],
    [8, -24, 124, 3.6],
  ],
  [
    [8, -24, 124, 3],
    [-14, -32, 122, 2.6],
    [-34, -34, 128, 2.2],
  ],
  [
    [8, -24, 124, 3.4],
    [34, -14, 128, 3],
    [60, 8, 140, 2.8],
    [84, 28, 148, 2.4],
  ],
  [
    [9, -12, 110, 4.2],
    [6, -30, 100, 4],
    [3, -42, 70, 3.6],
    [-4, -50, 30, 3.2],
    [-22, -54, -10, 2.6],
    [-46, -48, -40, 1.8],
  ],
  [
    [8, -26, 30, 2.4],
    [18, -32, 10, 2.2],
    [26, -30, -20, 2],
    [24, -14, -60, 1.8],
  ],
];
const mesentery: readonly Line[] = [-60, -42, -24, -6, 12, 30, 48, 64].map((x, n) => [
  [3 - n, -44, 68 - 10 * n, 1.8],
  [x * 0.5, -56, 44 - 9 * n + Math.abs(x) * 0.2, 1.4],
  [x, -62, 34 - 8 * n, 1],
]);
const portalLines: readonly Line[] = [
  // Superior mesenteric vein, splenic vein, portal vein, inferior mesenteric vein.
  [
    [-44, -52, -34, 2.6],
    [-18, -56, 0, 4],
    [-10, -52, 40, 5],
    [-11, -42, 80, 5.6],
    [-12, -34, 108, 6],
  ],
  [
    [88, 30, 152, 3],
    [62, 14, 140, 4],
    [34, -8, 124, 4.6],
    [8, -26, 110, 5],
    [-12, -34, 108, 5.6],
  ],
  [
    [-12, -34, 108, 6.4],
    [-26, -34, 124, 6.4],
    [-42, -32, 140, 6],
  ],
  [
    [30, -24, -20, 1.6],
    [34, -26, 40, 2],
    [26, -22, 90, 2.2],
    [14, -24, 110, 2.4],
  ],
];

/** A tree that forks inside the liver: main branch first, finer ones with a random lean. */
function branches(
  random: Random,
  start: TubePoint,
  direction: readonly number[],
  depth: number,
): Line[] {
  const [x, y, z, r] = start;
  const length = 12 + r * 4.2;
  const bend = direction.map((d) => d + 0.25 * random.normal());
  const norm = Math.hypot(...bend) || 1;
  const mid = bend.map((d) => d / norm);
  const end: TubePoint = [
    x + (mid[0] ?? 0) * length,
    y + (mid[1] ?? 0) * length,
    z + (mid[2] ?? 0) * length,
    r * 0.78,
  ];
  const own: Line = [start, end];
  if (depth === 0) return [own];
  const side = random.direction();
  const child = (sign: number) => mid.map((d, n) => d + sign * 0.62 * (side[n] ?? 0));
  return [
    own,
    ...branches(random, [end[0], end[1], end[2], r * 0.74], child(1), depth - 1),
    ...branches(random, [end[0], end[1], end[2], r * 0.66], child(-1), depth - 1),
  ];
}

function liverTree(seed: number): { readonly portal: Line[]; readonly hepatic: Line[] } {
  const random = new Random(seed * 7 + 3);
  const portal = [
    ...branches(random, [-42, -32, 140, 5], [-0.9, 0.25, 0.25], 4),
    ...branches(random, [-42, -32, 140, 4], [-0.6, -0.3, -0.6], 3),
    ...branches(random, [-42, -32, 140, 4], [0.75, -0.5, 0.35], 4),
  ];
  const hepatic = [
    ...branches(random, [-24, 2, 208, 5], [-0.9, 0.1, -0.25], 4),
    ...branches(random, [-22, -6, 208, 5], [-0.45, -0.75, -0.3], 4),
    ...branches(random, [-16, -8, 208, 4.2], [0.55, -0.7, -0.2], 3),
  ];
  return { portal, hepatic };
}

/** Vessels of the lung bases: trees that grow downwards and outwards from the roots of the lungs. */
function lungTrees(seed: number): Line[] {
  const random = new Random(seed * 11 + 5);
  const lines: Line[] = [];
  for (const side of [1, -1]) {
    for (let n = 0; n < 9; n++) {
      const angle = -1.2 + n * 0.42;
      const way = [side * (0.35 + 0.5 * Math.cos(angle)), 0.9 * Math.sin(angle), -0.55];
      const start: TubePoint = [side * 62, 8 + 22 * Math.sin(angle), 272, 3.1];
      lines.push(...branches(random, start, way, 4));
    }
  }
  return lines;
}

const fieldOf = (lines: readonly Line[], step: number): Field => {
  const smooth = lines.map((line) => (line.length > 2 ? tube(line, 3) : line));
  const field = new Field(boxAround(smooth.flat(), 4), step);
  for (const line of smooth) field.addTube(line, 4);
  return field;
};

export interface Vessels {
  readonly aorta: Field;
  readonly arteries: Field;
  readonly cava: Field;
  readonly veins: Field;
  readonly portal: Field;
  /** To be painted inside the lungs only. */
  readonly lungVessels: Field;
  /** To be painted inside the liver only. */
  readonly liverVessels: Field;
}

export function vessels(seed: number): Vessels {
  const both = (line: Line): Line[] => [line, mirrored(line)];
  const right = (line: Line): Line => mirrored(line);
  const tree = liverTree(seed);
  // The left common iliac vein crosses the midline behind the artery; the right one runs straight.
  const rightVein: Line = [[-14, -14, -18, 7], ...right(iliacVein).slice(2)];
  return {
    aorta: fieldOf([aortaLine], 1.5),
    arteries: fieldOf(
      [
        ...both(iliacArtery),
        ...both(internalIliac),
        ...renal('artery'),
        ...visceralArteries,
        ...mesentery,
      ],
      1.5,
    ),
    cava: fieldOf([cavaLine], 1.5),
    veins: fieldOf([iliacVein, rightVein, ...both(internalIliacVein), ...renal('vein')], 1.5),
    portal: fieldOf(portalLines, 1.5),
    lungVessels: fieldOf(lungTrees(seed), 1.5),
    liverVessels: fieldOf([...tree.portal, ...tree.hepatic], 1.5),
  };
}
