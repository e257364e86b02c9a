import type { Vec3 } from '@yuepian/geometry';
import type { PhantomTruth } from '../case.ts';
import { mirrored, type TubePoint, tube } from '../core/curve.ts';
import { boxAround, Field } from '../core/field.ts';
import { valueNoise } from '../core/noise.ts';
import type { CellLayer, Layer, Shade } from '../core/painter.ts';
import { Random } from '../core/random.ts';
import type { Scene } from '../core/scene.ts';
import { ellipsoid, mix, smax, smoothstep } from '../core/sdf.ts';
import { type Warp, warpOf } from '../core/warp.ts';
import { brain, cortex, folia, tumourCentre } from './brain.ts';
import * as skull from './skull.ts';

const label = { head: 1, skull: 2, brain: 3, ventricles: 4, tumour: 5 } as const;

/** Signal of a T1-weighted gradient echo after contrast medium; arbitrary units, white matter 620. */
export const signal = {
  air: 6,
  fat: 700,
  skin: 470,
  muscle: 340,
  compactBone: 45,
  marrow: 560,
  csf: 120,
  grey: 425,
  white: 620,
  deepGrey: 470,
  vitreous: 105,
  blood: 760,
  tumourRim: 830,
  tumourCore: 235,
  oedema: 430,
} as const;

export const headSegments: Scene['segments'] = [
  { key: 'skin', labels: Object.values(label) },
  { key: 'skull', labels: [label.skull] },
  { key: 'brain', labels: [label.brain, label.ventricles, label.tumour] },
  { key: 'ventricles', labels: [label.ventricles] },
  { key: 'brain_tumour', labels: [label.tumour] },
];

/** Muscles of head and neck on one side. */
const muscles: readonly (readonly TubePoint[])[] = [
  [
    [66, -22, 34, 4],
    [68, -24, 6, 7],
    [62, -26, -24, 8],
    [54, -24, -44, 5],
  ],
  [
    [64, -34, -30, 6],
    [60, -28, -56, 9],
    [54, -20, -80, 7],
  ],
  [
    [20, -30, -36, 6],
    [40, -20, -58, 9],
    [46, -14, -80, 6],
  ],
  [
    [30, -34, -26, 7],
    [48, -16, -34, 8],
  ],
  [
    [62, 26, -42, 6],
    [60, 14, -80, 9],
    [54, 0, -124, 10],
  ],
  [
    [24, 92, -30, 5],
    [30, 90, -70, 9],
    [48, 84, -124, 10],
  ],
  [
    [12, 78, -44, 8],
    [14, 76, -84, 11],
    [14, 76, -124, 12],
  ],
  [
    [34, 70, -46, 9],
    [34, 66, -84, 12],
    [36, 64, -124, 13],
  ],
  [
    [46, 42, -50, 7],
    [42, 40, -90, 10],
    [42, 42, -124, 11],
  ],
  [
    [12, 4, -56, 6],
    [13, 2, -90, 7],
    [14, 2, -124, 7],
  ],
  [
    [0, -72, -72, 15],
    [0, -50, -76, 22],
    [0, -32, -88, 15],
  ],
  [
    [0, -74, -100, 9],
    [0, -40, -106, 11],
    [0, -28, -114, 8],
  ],
  [
    [12, -100, -64, 5],
    [26, -92, -74, 5],
    [36, -78, -62, 5],
  ],
];

/** Every shape and material of the MR patient in paint order. */
export function headScene(seed: number): Scene {
  const random = new Random(seed + 1000);
  const cloud = valueNoise(random, 9);
  const fold = valueNoise(random, 3);
  const grain = valueNoise(random, 2.2);
  const skin = Field.of(skull.headBox, 2, skull.headSkin, 8, 1.5);
  const inner = Field.of(
    { min: [-92, -102, skull.bottom - 4], max: [92, 112, 104] },
    2,
    skull.vault,
    30,
    1.3,
  );
  const bone = skull.skullField(inner, grain);
  const b = brain(random, inner);
  const air = skull.airField(cloud, skin);
  return {
    layers: [
      {
        field: skin,
        label: label.head,
        shade: (d, x, y, z) => (d > -2.2 ? signal.skin : signal.fat + 40 * cloud(x, y, z)),
      },
      {
        cells: muscleCells(),
        shade: (_d, x, y, z) => signal.muscle + 34 * fold(x, y, z * 0.5),
        seam: 1.4,
        grow: 11,
        within: Field.of({ ...skull.headBox, max: [104, 118, 60] }, 2.5, (x, y, z) =>
          smax(skin.at(x, y, z) + 6, 8.5 - inner.at(x, y, z), 2),
        ),
      },
      ...faceLayers(air, skin, fold),
      {
        field: bone,
        label: label.skull,
        shade: boneShade(inner, grain),
      },
      ...jawLayers(grain),
      { field: air, label: label.head, shade: signal.air, edge: 1.4 },
      ...eyeLayers(),
      ...brainLayers(b, inner, fold),
    ],
    background: signal.air,
    range: [0, 4095],
    noise: 15,
    rician: true,
    gain: (x, y, z) =>
      0.9 + 0.16 * ((x / 90) ** 2 + ((y - 4) / 105) ** 2) + 0.0007 * z - 0.0004 * x,
    segments: headSegments,
    boxes: {
      skull: { min: [-88, -114, -118], max: [88, 110, 102] },
      brain: { min: [-74, -90, -118], max: [74, 96, 90] },
      ventricles: b.ventricles.box,
      brain_tumour: b.tumour.box,
    },
    box: skull.headBox,
    covered: skull.covered,
    warp: warpOf(seed, skull.covered),
  };
}

function muscleCells(): Field[] {
  return muscles.flatMap((points) => {
    const line = tube(points, 8);
    // What lies in the middle has no twin.
    const sides = line.every((p) => p[0] === 0) ? [line] : [line, mirrored(line)];
    return sides.map((own) => new Field(boxAround(own, 15), 2.5).addTube(own, 15));
  });
}

/** Dark tables of compact bone with bright marrow between them. */
function boneShade(inner: Field, grain: (x: number, y: number, z: number) => number): Shade {
  return (d, x, y, z) => {
    const fromInside = inner.at(x, y, z);
    const depth = Math.min(-d, fromInside, 12);
    const marrow = smoothstep(1.5, 2.7, depth);
    return mix(signal.compactBone, signal.marrow + 110 * grain(x, y, z), marrow);
  };
}

function faceLayers(
  air: Field,
  skin: Field,
  fold: (x: number, y: number, z: number) => number,
): Layer[] {
  // Mucosa lines the air spaces.
  const lining = new Field(air.box, 1.5);
  lining.data.set(air.data);
  lining.map((d, x, y, z) => Math.max(d - 2.6, skin.at(x, y, z)));
  const parotid = Field.of({ min: [-84, -30, -84], max: [84, 34, -20] }, 2, (x, y, z) =>
    Math.max(ellipsoid(Math.abs(x) - 56, y - 4, z + 54, 10, 16, 23), skin.at(x, y, z) + 4),
  );
  return [
    { field: parotid, shade: (_d, x, y, z) => 560 + 60 * fold(x, y, z) },
    { field: lining, shade: 520 },
  ];
}

function jawLayers(grain: (x: number, y: number, z: number) => number): Layer[] {
  const shell: Shade = (d, x, y, z) =>
    mix(signal.compactBone, signal.marrow + 90 * grain(x, y, z), smoothstep(-1.6, -2.8, d));
  return [
    { field: skull.cervicalField(), label: label.head, shade: shell },
    { field: skull.mandibleField(), label: label.skull, shade: shell },
    { field: skull.teethField(), label: label.skull, shade: 40 },
  ];
}

function eyeLayers(): Layer[] {
  const box = { min: [-56, -104, -34], max: [56, -26, 12] } as const;
  const of = (f: (a: number, y: number, z: number) => number): Field =>
    Field.of(box, 1.25, (x, y, z) => f(Math.abs(x), y, z));
  const globe = of((a, y, z) => Math.hypot(a - 32, y + 78, z + 12) - 12.2);
  const lens = of((a, y, z) => ellipsoid(a - 32, y + 87, z + 12, 4.6, 2.1, 4.6));
  const optic = new Field(box, 1.25);
  const nerve = tube(
    [
      [31, -67, -12, 2.4],
      [24, -50, -11, 2.2],
      [14, -32, -8, 2.3],
    ],
    3,
  );
  const straps: readonly (readonly TubePoint[])[] = [
    [
      [43, -74, -12, 2],
      [36, -56, -11, 2.6],
      [18, -36, -9, 1.6],
    ],
    [
      [21, -74, -12, 2],
      [19, -56, -11, 2.6],
      [14, -36, -9, 1.6],
    ],
    [
      [32, -74, -1.5, 1.8],
      [27, -56, -3, 2.4],
      [16, -36, -7, 1.6],
    ],
    [
      [32, -74, -22, 1.8],
      [27, -56, -19, 2.4],
      [16, -36, -12, 1.6],
    ],
  ];
  const muscle = new Field(box, 1.25);
  for (const line of [nerve, mirrored(nerve)]) optic.addTube(line, 4);
  for (const strap of straps) {
    const line = tube(strap, 3);
    muscle.addTube(line, 4).addTube(mirrored(line), 4);
  }
  return [
    { field: muscle, shade: 420 },
    { field: optic, shade: (d) => (d > -0.7 ? 180 : 520) },
    { field: globe, shade: (d) => (d > -1.1 ? 380 : signal.vitreous) },
    { field: lens, shade: 330 },
  ];
}

function brainLayers(
  b: ReturnType<typeof brain>,
  inner: Field,
  fold: (x: number, y: number, z: number) => number,
): (Layer | CellLayer)[] {
  const grey =
    (value: number): Shade =>
    (_d, x, y, z) =>
      value + 14 * fold(x, y, z);
  const ribbon =
    (thickness: number): Shade =>
    (d, x, y, z) => {
      const white = smoothstep(-thickness + 0.7, -thickness - 0.9, d);
      return mix(signal.grey, signal.white, white) + 12 * fold(x, y, z);
    };
  const sinus = venousSinuses();
  const folded = cortex(b);
  return [
    { field: inner, label: label.head, shade: (d) => (d > -1 ? 300 : signal.csf), edge: 1.2 },
    { field: sinus, shade: signal.blood },
    { field: b.hull, label: label.brain, refine: folded, shade: ribbon(3), edge: 1 },
    { field: b.cerebellum, label: label.brain, refine: folia(b), shade: ribbon(1.9), edge: 0.9 },
    { field: b.stem, label: label.brain, shade: grey(585) },
    { field: b.callosum, label: label.brain, shade: grey(signal.white + 20) },
    {
      field: b.oedema,
      shade: grey(signal.oedema),
      edge: 9,
      // Water spreads in the white matter and spares the cortex.
      refine: (d, x, y, z) => {
        const hull = b.hull.at(x, y, z);
        return Math.max(d, hull > 2 ? 5 : folded(hull, x, y, z) + 3);
      },
    },
    { field: b.hippocampus, shade: grey(signal.grey) },
    { field: b.thalamus, label: label.brain, shade: grey(signal.deepGrey + 40), edge: 2 },
    { field: b.putamen, label: label.brain, shade: grey(signal.deepGrey), edge: 1.4 },
    { field: b.pallidum, label: label.brain, shade: grey(signal.deepGrey + 70), edge: 1.4 },
    { field: b.caudate, label: label.brain, shade: grey(signal.deepGrey - 10), edge: 1.4 },
    { field: b.ventricles, label: label.ventricles, shade: signal.csf - 5 },
    {
      field: b.tumour,
      label: label.tumour,
      shade: (_d, x, y, z) => signal.tumourRim + 70 * fold(x, y, z),
    },
    {
      field: b.tumourCore,
      shade: (_d, x, y, z) => signal.tumourCore + 45 * fold(x * 0.7, y * 0.7, z * 0.7),
      edge: 2,
    },
  ];
}

/** Superior sagittal, transverse and straight sinus, bright after contrast medium. */
function venousSinuses(): Field {
  const lines: TubePoint[][] = [];
  const sagittal: TubePoint[] = [];
  for (let n = 0; n <= 24; n++) {
    const angle = mix(-1.1, 2.05, n / 24);
    sagittal.push([
      0,
      4 + 84.5 * Math.sin(angle),
      20 + 60.5 * Math.cos(angle),
      mix(1.6, 4, n / 24),
    ]);
  }
  lines.push(sagittal);
  const transverse = tube(
    [
      [0, 80, -8, 4],
      [26, 76, -12, 3.6],
      [50, 54, -16, 3.8],
      [54, 30, -28, 4],
      [40, 16, -44, 4],
    ],
    4,
  );
  lines.push(transverse, mirrored(transverse));
  lines.push(
    tube(
      [
        [0, 36, 16, 2],
        [0, 58, 4, 2.2],
        [0, 80, -8, 3],
      ],
      4,
    ),
  );
  const field = new Field(boxAround(lines.flat(), 4), 1.5);
  for (const line of lines) field.addTube(line, 4);
  return field;
}

export function headTruth(warp: Warp): Omit<PhantomTruth, 'volumesMl'> {
  const landmarks = {
    tumour_centre: warp.toPatient(tumourCentre),
    eye_left: warp.toPatient([32, -78, -12]),
    eye_right: warp.toPatient([-32, -78, -12]),
  };
  const between = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return {
    landmarks,
    distances: {
      eye_to_eye: between(landmarks.eye_left, landmarks.eye_right),
      tumour_centre_to_right_eye: between(landmarks.tumour_centre, landmarks.eye_right),
    },
    values: { ...signal },
  };
}
