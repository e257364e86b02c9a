import type { Vec3 } from '@yuepian/geometry';
import { type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import {
  capsule,
  ellipsoid,
  frameAlong,
  type LocalFrame,
  placed,
  type Sdf,
  smax,
  smin,
  toWorld,
} from '../core/sdf.ts';

/**
 * Kidney frames: u points to the lateral border, v backwards, w to the upper pole. The long axis
 * leans along psoas (upper poles closer to the spine) and the hilum looks inwards and forwards.
 */
export const kidneyFrames = {
  left: frameAlong([63, 36, 84], [-0.24, 0.22, 0.94], [0.86, 0.5, 0]),
  right: frameAlong([-64, 38, 70], [0.24, 0.22, 0.94], [-0.86, 0.5, 0]),
} as const;
const [ru, rv, rw] = [29, 25, 55] as const;

/** Outer shape of a kidney before the sinus is cut out; local coordinates. */
const bean: Sdf = (u, v, w) => {
  // Bend the axis: poles lie nearer to the spine than the middle.
  const bent = u + 0.0034 * w * w - 3;
  return ellipsoid(bent, v, w, ru, rv, rw);
};
const sinus: Sdf = (u, v, w) => ellipsoid(u + 17, v, w, 20, 8.5, 25);

/** Renal pelvis and calyces, local coordinates: a funnel with three arms each with two cups. */
const calyces: readonly (readonly TubePoint[])[] = [
  [
    [-36, -1, -14, 2.6],
    [-28, 0, -8, 5],
    [-20, 0, -3, 6],
  ],
  [
    [-22, 0, 2, 4],
    [-12, 0, 17, 2.8],
    [-5, 0, 26, 3.6],
  ],
  [
    [-12, 0, 17, 2.8],
    [-3, 3, 17, 3.4],
  ],
  [
    [-22, 0, -3, 4],
    [-7, -2, 1, 2.8],
    [-1, -3, 5, 3.4],
  ],
  [
    [-22, 0, -7, 4],
    [-12, 0, -19, 2.8],
    [-6, 0, -27, 3.8],
  ],
  [
    [-12, 0, -19, 2.8],
    [-3, 3, -16, 3.4],
  ],
];

/** Medullary pyramids: base towards the cortex, tip in a calyx; local coordinates. */
const pyramids: readonly (readonly [Vec3, Vec3])[] = [-1, 1].flatMap((face) =>
  [-100, -66, -33, 0, 33, 66, 100].map((degrees) => {
    const a = ((degrees + face * 8) * Math.PI) / 180;
    const bend = (w: number) => 3 - 0.0034 * w * w;
    const [c, s] = [Math.cos(a), Math.sin(a)];
    const tip: Vec3 = [bend(26 * s) - 12 + 11 * c, face * 4, 27 * s];
    const base: Vec3 = [bend(43 * s) - 2 + 20.5 * c, face * 10.5, 43.5 * s];
    return [tip, base] as const;
  }),
);

export interface Kidney {
  readonly parenchyma: Field;
  readonly medulla: Field;
  readonly sinusFat: Field;
  readonly collecting: Field;
  readonly frame: LocalFrame;
}

export function kidney(side: 'left' | 'right', lumps: Noise): Kidney {
  const frame = kidneyFrames[side];
  const [cx, cy, cz] = frame.origin;
  const box = {
    min: [cx - 46, cy - 44, cz - 68],
    max: [cx + 46, cy + 44, cz + 68],
  } as const;
  const outer: Sdf = (u, v, w) => smax(bean(u, v, w), -sinus(u, v, w), 5);
  const parenchyma = Field.of(
    box,
    1.25,
    (x, y, z) => placed(frame, outer)(x, y, z) + 0.8 * lumps(x * 1.4, y * 1.4, z * 1.4),
    6,
  );
  const cones: Sdf = (u, v, w) => {
    let d = 40;
    for (const [tip, base] of pyramids) d = smin(d, capsule(u, v, w, tip, base, 2.5, 7), 1);
    return Math.max(d, bean(u, v, w) + 5.5);
  };
  const local = tubeDistance(calyces.map((c) => tube(c, 3)));
  return {
    parenchyma,
    medulla: Field.of(box, 1.25, placed(frame, cones), 4),
    sinusFat: Field.of(
      box,
      1.5,
      placed(frame, (u, v, w) => Math.max(sinus(u, v, w), bean(u, v, w) - 2)),
      4,
    ),
    collecting: Field.of(box, 1.25, placed(frame, local), 4),
    frame,
  };
}

function tubeDistance(lines: readonly (readonly TubePoint[])[]): Sdf {
  return (x, y, z) => {
    let d = 40;
    for (const line of lines) {
      for (let n = 1; n < line.length; n++) {
        const [a, b] = [line[n - 1] as TubePoint, line[n] as TubePoint];
        const one = capsule(x, y, z, [a[0], a[1], a[2]], [b[0], b[1], b[2]], a[3], b[3]);
        d = smin(d, one, 1.5);
      }
    }
    return d;
  };
}

/** Where things are that surgeons measure to, LPS mm. */
export const tumourCentre: Vec3 = toWorld(kidneyFrames.left, [21, 4, -27]);
export const stoneCentre: Vec3 = toWorld(kidneyFrames.right, [-8, 0, -23.5]);
export const stoneRadii: Vec3 = [3.6, 3, 4.2];

/** A lobulated mass of the left kidney's lower half, partly outside the kidney; necrotic middle. */
export function tumourFields(lumps: Noise): { readonly mass: Field; readonly necrosis: Field } {
  const [cx, cy, cz] = tumourCentre;
  const box = { min: [cx - 30, cy - 30, cz - 30], max: [cx + 30, cy + 30, cz + 30] } as const;
  const lobes: readonly (readonly [number, number, number, number])[] = [
    [0, 0, 0, 14.5],
    [7, -5, 4, 10],
    [-4, 6, -7, 10.5],
    [5, 6, 6, 9],
    [2, -6, -8, 9],
  ];
  const mass: Sdf = (x, y, z) => {
    let d = 40;
    for (const [ox, oy, oz, r] of lobes) {
      d = smin(d, Math.hypot(x - cx - ox, y - cy - oy, z - cz - oz) - r, 5);
    }
    return d + 1.1 * lumps(x, y, z);
  };
  return {
    mass: Field.of(box, 1, mass, 6),
    necrosis: Field.of(
      box,
      1,
      (x, y, z) =>
        ellipsoid(x - cx - 1, y - cy, z - cz + 1, 8, 7, 9) + 2.6 * lumps(x * 1.6, y * 1.6, z * 1.6),
      4,
    ),
  };
}

export function stoneField(): Field {
  const [cx, cy, cz] = stoneCentre;
  const [a, b, c] = stoneRadii;
  return Field.of(
    { min: [cx - 8, cy - 8, cz - 8], max: [cx + 8, cy + 8, cz + 8] },
    0.5,
    (x, y, z) => ellipsoid(x - cx, y - cy, z - cz, a, b, c),
    8,
  );
}

/** Ureter lines from the renal pelvis down psoas, over the iliac vessels, to the bladder. */
export function ureters(): readonly TubePoint[][] {
  return (['left', 'right'] as const).map((side) => {
    const s = side === 'left' ? 1 : -1;
    const start = toWorld(kidneyFrames[side], [-36, -1, -14]);
    return tube(
      [
        [...start, 2.4],
        [s * 34, 4, start[2] - 22, 2.2],
        [s * 35, -4, 20, 1.9],
        [s * 34, -16, -20, 1.9],
        [s * 32, -12, -60, 2],
        [s * 46, 14, -100, 2],
        [s * 44, 22, -130, 2],
        [s * 22, 4, -156, 2],
      ],
      4,
    );
  });
}

export const ureterField = (lines: readonly TubePoint[][]): Field => {
  const field = new Field(boxAround(lines.flat(), 4), 1.5);
  for (const line of lines) field.addTube(line, 4);
  return field;
};

/** Bladder: full, flattened by the bowel above; outer wall and lumen. */
export function bladderFields(lumps: Noise): { readonly wall: Field; readonly lumen: Field } {
  const shape: Sdf = (x, y, z) => {
    const d = ellipsoid(x, y + 27, z + 140, 43, 33, 34);
    const lid = (z + 110 + 0.18 * (y + 27)) * 0.98;
    return smax(d, lid, 16) + 0.9 * lumps(x * 0.5, y * 0.5, z * 0.5);
  };
  const box = { min: [-52, -68, -182], max: [52, 14, -100] } as const;
  return {
    wall: Field.of(box, 1.5, shape, 6),
    lumen: Field.of(box, 1.5, (x, y, z) => shape(x, y, z) + 2.8, 6),
  };
}

/** Prostate and seminal vesicles. */
export const prostateField = (): Field =>
  Field.of({ min: [-36, -46, -208], max: [36, 34, -152] }, 1.5, (x, y, z) => {
    const gland = ellipsoid(x, y + 16, z + 184, 22, 15, 16);
    const vesicle = capsule(Math.abs(x), y, z, [6, 2, -166], [27, 10, -158], 5, 5);
    return smin(gland, vesicle, 3);
  });
