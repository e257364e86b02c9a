import { type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import { capsule, clamp, ellipsoid, type Sdf, smax } from '../core/sdf.ts';
import { cavity, top, underDiaphragm } from './body.ts';
import { spineCentre } from './spine.ts';

/** Just inside the abdominal cavity: under the diaphragm and within the wall. */
const within =
  (gap: number): Sdf =>
  (x, y, z) => {
    const wall = cavity(x, y, z) + gap;
    if (z < 100) return wall;
    return smax(wall, underDiaphragm(x, y, z) + gap + 1.5, 8);
  };
const room = within(2);

/** The liver: fills the right dome; its lower edge rises to the left; the back is hollowed by the spine. */
export function liverField(lumps: Noise): Field {
  const f: Sdf = (x, y, z) => {
    const a = room(x, y, z);
    if (a > 14) return a;
    // Lower edge, from the right tip to the left lobe, higher behind where the kidney lies.
    const edge =
      46 + (x + 132) * 0.72 + 24 * clamp((y - 5) / 45, 0, 1) - 16 * clamp((5 - y) / 90, 0, 1);
    const under = (edge - z) * 0.79;
    // Behind the left lobe lie stomach, aorta and spine.
    const behind = (y - (6 - 0.62 * (x + 20))) * 0.85;
    const left = x > -34 ? Math.max(behind, x - 92) : behind - (-34 - x) * 1.3;
    let d = smax(smax(a, under, 15), left, 14);
    // Spine and crus; the groove of the vena cava; the fossa of the gallbladder; the fissure.
    const spine = Math.hypot(x, y - spineCentre(z)) - 30;
    d = smax(d, -spine, 10);
    d = smax(d, -(Math.hypot(x + 20, y - 5) - 12), 4);
    d = smax(d, -ellipsoid(x + 46, y + 60, z - 96, 15, 22, 22), 8);
    d = smax(d, -capsule(x, y, z, [2, -90, 150], [-4, -50, 160], 3.5, 2), 5);
    return d + 1.6 * lumps(x, y, z);
  };
  return Field.of({ min: [-152, -112, 30], max: [106, 92, 240] }, 2, f, 5, 1.5);
}

export function spleenField(lumps: Noise): Field {
  const f: Sdf = (x, y, z) => {
    const a = room(x, y, z);
    if (a > 12) return a;
    const outer = ellipsoid(x - 96, y - 54, z - 160, 60, 58, 62);
    const inner = ellipsoid(x - 44, y - 6, z - 150, 36, 48, 90);
    return smax(smax(a, outer, 8), -inner, 9) + 1.2 * lumps(x, y, z);
  };
  return Field.of({ min: [40, -20, 88], max: [156, 110, 232] }, 1.75, f, 5, 1.5);
}

/** Lungs above the diaphragm, without the middle of the chest. */
export function lungField(side: 1 | -1): Field {
  const f: Sdf = (x, y, z) => {
    const wall = cavity(x, y, z) + 1;
    const floor = -underDiaphragm(x, y, z) + 1.5;
    const yc = spineCentre(z);
    const back = Math.hypot(x * 0.86, y - yc) - 29;
    const heart =
      side > 0
        ? ellipsoid(x - 22, y + 46, z - 262, 66, 52, 52)
        : ellipsoid(x - 2, y + 46, z - 270, 52, 50, 60);
    const middle = 14 - side * x + clamp((-y - 20) / 60, 0, 1) * 10;
    return smax(smax(smax(wall, floor, 3), -back, 8), smax(-heart + 3, middle, 8), 8);
  };
  const box =
    side > 0
      ? ({ min: [0, -112, 118], max: [158, 104, top + 4] } as const)
      : ({ min: [-158, -112, 118], max: [0, 104, top + 4] } as const);
  return Field.of(box, 2, f, 5, 1.6);
}

export const heartField = (): Field =>
  Field.of({ min: [-60, -106, 214], max: [92, 16, top + 4] }, 2, (x, y, z) =>
    Math.max(ellipsoid(x - 20, y + 46, z - 264, 60, 47, 46), underDiaphragm(x, y, z) * -1 + 3),
  );
export const heartChamberField = (): Field =>
  Field.of({ min: [-60, -106, 214], max: [92, 16, top + 4] }, 2, (x, y, z) =>
    Math.min(
      ellipsoid(x - 38, y + 42, z - 268, 26, 25, 34),
      ellipsoid(x - 2, y + 62, z - 264, 30, 20, 36),
    ),
  );

export function gallbladderField(): Field {
  const line = tube(
    [
      [-44, -72, 84, 12],
      [-45, -62, 94, 14],
      [-42, -50, 108, 9],
      [-38, -42, 120, 4],
    ],
    3,
  );
  return new Field(boxAround(line, 5), 1.75).addTube(line, 5);
}

export interface Hollow {
  /** Outer wall and lumen. */
  readonly wall: Field;
  readonly lumen: Field;
  readonly thickness: number;
}

/** A hollow organ along a line; `fold` deforms it, `thickness` is that of its wall. */
export function hollow(
  lines: readonly (readonly TubePoint[])[],
  thickness: number,
  step: number,
  deform: (d: number, x: number, y: number, z: number) => number,
): Hollow {
  const box = boxAround(lines.flat(), 6);
  const wall = new Field(box, step);
  for (const line of lines) wall.addTube(line, 6);
  wall.map((d, x, y, z) => (d < 10 ? smax(deform(d, x, y, z), cavity(x, y, z) + 2.5, 8) : d));
  return { wall, lumen: lumenOf(wall, thickness), thickness };
}

function lumenOf(wall: Field, thickness: number): Field {
  const lumen = new Field(wall.box, wall.step);
  lumen.data.set(wall.data.map((d) => d + thickness));
  return lumen;
}

/** Makes room for neighbours: where they would overlap, the target is pressed in. */
export function carve(target: Field, neighbours: readonly Field[], gap: number): Field {
  return target.map((d, x, y, z) => {
    if (d > 6) return d;
    let out = d;
    for (const other of neighbours) out = smax(out, gap - other.at(x, y, z), 4);
    return out;
  });
}

export function carveHollow(organ: Hollow, neighbours: readonly Field[], gap = 0.8): Hollow {
  const wall = carve(organ.wall, neighbours, gap);
  return { ...organ, wall, lumen: lumenOf(wall, organ.thickness) };
}

/**
 * Gas in a hollow organ of a patient who lies on the back: it gathers in front of a level.
 * @param share part of the height that is gas, 0…1, by position along the line
 */
export function gasField(
  organ: Hollow,
  line: readonly TubePoint[],
  share: (t: number) => number,
): Field {
  const gas = new Field(organ.lumen.box, organ.lumen.step);
  line.forEach(([x0, y0, z0, r0], n) => {
    const part = share(n / (line.length - 1));
    if (part <= 0.02) return;
    const r = r0 + 4;
    const level = y0 - r0 + 2 * r0 * part;
    gas.forEachNode([x0 - r, y0 - r, z0 - r], [x0 + r, y0 + r, z0 + r], (index, x, y, z) => {
      const ball = Math.sqrt((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2) - r0;
      const d = Math.max(ball, y - level, organ.lumen.data[index] as number);
      if (d < (gas.data[index] as number)) gas.data[index] = d;
    });
  });
  return gas;
}

/** Stomach from the fundus under the left dome to the pylorus right of the midline. */
export const stomachLine = tube(
  [
    [60, 16, 204, 29],
    [64, -8, 186, 36],
    [64, -32, 158, 34],
    [58, -52, 128, 30],
    [32, -64, 106, 25],
    [6, -62, 100, 19],
    [-16, -52, 108, 12],
  ],
  3,
);
export const stomach = (lumps: Noise): Hollow =>
  hollow([stomachLine], 3.6, 2, (d, x, y, z) => d + 2.2 * lumps(x, y, z));

/** Duodenum round the head of the pancreas. */
export const duodenum = (lumps: Noise): Hollow =>
  hollow(
    [
      tube(
        [
          [-16, -52, 108, 11],
          [-36, -44, 112, 13],
          [-46, -26, 96, 13],
          [-44, -16, 66, 13],
          [-34, -18, 40, 12.5],
          [-6, -26, 32, 11],
          [22, -30, 44, 11.5],
          [34, -42, 62, 11],
        ],
        3,
      ),
    ],
    2.4,
    1.75,
    (d, x, y, z) => d + 1.2 * lumps(x * 2, y * 2, z * 2),
  );

export function pancreasField(lumps: Noise): Field {
  const line = tube(
    [
      [-28, -28, 70, 10],
      [-30, -32, 92, 13],
      [-16, -42, 106, 11],
      [10, -42, 116, 9.5],
      [38, -20, 128, 9.5],
      [66, 8, 140, 8],
      [84, 22, 146, 6],
    ],
    3,
  );
  return new Field(boxAround(line, 6), 1.75)
    .addTube(line, 6)
    .map((d, x, y, z) => (d < 10 ? d + 2.4 * lumps(x * 2.4, y * 2.4, z * 2.4) : d));
}

/** Adrenals: thin limbs above the kidneys. */
export function adrenalField(): Field {
  const limbs: readonly (readonly TubePoint[])[] = [
    [
      [34, 16, 150, 2.6],
      [40, 26, 140, 2.4],
      [46, 40, 128, 2],
    ],
    [
      [40, 22, 143, 2.6],
      [52, 26, 132, 2],
    ],
    [
      [-28, 20, 146, 2.6],
      [-36, 34, 132, 2.4],
      [-44, 46, 120, 1.8],
    ],
  ];
  const lines = limbs.map((limb) => tube(limb, 3));
  const field = new Field(boxAround(lines.flat(), 4), 1.5);
  for (const line of lines) field.addTube(line, 4);
  return field;
}

/** Crura of the diaphragm beside the aorta. */
export const crusField = (): Field => {
  const lines = [
    tube(
      [
        [16, 16, 100, 3],
        [22, 18, 130, 5],
        [24, 26, 165, 5.5],
        [20, 20, 196, 4],
      ],
      3,
    ),
    tube(
      [
        [-10, 10, 84, 3],
        [-12, 12, 125, 6],
        [-10, 18, 165, 6],
        [-2, 8, 198, 4],
      ],
      3,
    ),
  ];
  const field = new Field(boxAround(lines.flat(), 4), 1.5);
  for (const line of lines) field.addTube(line, 4);
  return field;
};

/** A thin sheet of muscle between lung and liver. */
export const diaphragmField = (): Field =>
  Field.of(
    { min: [-156, -112, 118], max: [156, 104, top + 4] },
    2.5,
    (x, y, z) =>
      Math.max(Math.abs(underDiaphragm(x, y, z) + 0.5) - 1.8, cavity(x, y, z) - 1, 122 - z),
    5,
    1.6,
  );

/** Oesophagus left of the midline before the aorta. */
export const oesophagusField = (): Field => {
  const line = tube(
    [
      [10, 8, 276, 7.5],
      [14, 2, 235, 7.5],
      [26, -2, 208, 7.5],
      [44, 2, 196, 8],
    ],
    3,
  );
  return new Field(boxAround(line, 4), 1.75).addTube(line, 4);
};
