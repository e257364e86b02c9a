import type { Vec3 } from '@yuepian/geometry';
import type { PhantomTruth } from '../case.ts';
import { type Box, Field } from '../core/field.ts';
import { type Noise, valueNoise } from '../core/noise.ts';
import type { CellLayer, Layer, Shade } from '../core/painter.ts';
import { Random } from '../core/random.ts';
import type { Scene } from '../core/scene.ts';
import { clamp, mix, smoothstep } from '../core/sdf.ts';
import { covered, skinField, trunkBox } from './body.ts';
import { colon, smallBowel } from './bowel.ts';
import { muscleLayers } from './muscles.ts';
import { femoralHead, femurField, hipJointField, pelvisField, symphysisField } from './pelvis.ts';
import { cartilageField, ribField, sternumField } from './ribs.ts';
import { canalFields, discField, endplateDistance, sacrumField, spineField } from './spine.ts';
import * as urinary from './urinary.ts';
import { aortaLine, type Vessels, vessels } from './vessels.ts';
import * as viscera from './viscera.ts';

/** Exclusive labels of the CT. */
const label = {
  body: 1,
  spine: 2,
  rib: 3,
  pelvis: 4,
  sacrum: 5,
  femurLeft: 6,
  femurRight: 7,
  lungLeft: 8,
  lungRight: 9,
  kidneyLeft: 10,
  kidneyRight: 11,
  tumour: 12,
  stone: 13,
  urinaryTract: 14,
  bladder: 15,
  liver: 16,
  spleen: 17,
  aorta: 18,
  cava: 19,
} as const;

/** CT numbers in HU, portal venous phase (Hofer, CT Teaching Manual; Hounsfield scale of textbooks). */
export const hu = {
  air: -1000,
  fat: -102,
  muscle: 58,
  liver: 112,
  spleen: 122,
  pancreas: 98,
  cortex: 194,
  medulla: 122,
  tumour: 78,
  necrosis: 28,
  stone: 1050,
  urine: 5,
  aorta: 210,
  artery: 205,
  cava: 150,
  portal: 172,
  lung: -860,
  bowelWall: 88,
  disc: 82,
  cartilage: 105,
} as const;

const bones = [
  label.spine,
  label.rib,
  label.pelvis,
  label.sacrum,
  label.femurLeft,
  label.femurRight,
];

export const abdomenSegments: Scene['segments'] = [
  { key: 'skin', labels: Object.values(label) },
  { key: 'bone', labels: bones },
  { key: 'spine', labels: [label.spine] },
  { key: 'rib', labels: [label.rib] },
  { key: 'pelvis', labels: [label.pelvis] },
  { key: 'sacrum', labels: [label.sacrum] },
  { key: 'femur_left', labels: [label.femurLeft] },
  { key: 'femur_right', labels: [label.femurRight] },
  { key: 'lung_left', labels: [label.lungLeft] },
  { key: 'lung_right', labels: [label.lungRight] },
  { key: 'kidney_left', labels: [label.kidneyLeft] },
  { key: 'kidney_right', labels: [label.kidneyRight] },
  { key: 'kidney_tumour', labels: [label.tumour] },
  { key: 'kidney_stone', labels: [label.stone] },
  { key: 'urinary_tract', labels: [label.urinaryTract] },
  { key: 'bladder', labels: [label.bladder] },
  { key: 'liver', labels: [label.liver] },
  { key: 'spleen', labels: [label.spleen] },
  { key: 'aorta', labels: [label.aorta] },
  { key: 'vena_cava', labels: [label.cava] },
];

/** Every shape and material of the CT patient in paint order. */
export function abdomenScene(seed: number): Scene {
  const random = new Random(seed);
  const noise = {
    lumps: valueNoise(random, 18),
    small: valueNoise(random, 7),
    rough: valueNoise(random, 5),
    grain: valueNoise(random, 1.7),
    cloud: valueNoise(random, 11),
    fold: valueNoise(random, 3.2),
  };
  const organs: Organs = {
    kidneys: {
      left: urinary.kidney('left', noise.small),
      right: urinary.kidney('right', noise.small),
    },
    bladder: urinary.bladderFields(noise.lumps),
    vessels: vessels(seed),
  };
  const parts: Part[] = [
    trunkPart(noise.cloud),
    ...visceraParts(random, noise, organs),
    { layers: muscleLayers(noise.fold, noise.cloud, noise.lumps) },
    ...urinaryParts(noise, organs),
    ...vesselParts(organs),
    ...boneParts(noise),
  ];
  const boxes: Record<string, Box> = {};
  for (const part of parts) Object.assign(boxes, part.boxes);
  return {
    layers: parts.flatMap((part) => part.layers),
    background: hu.air,
    range: [-1024, 3071],
    noise: 17,
    rician: false,
    segments: abdomenSegments,
    boxes,
    box: trunkBox,
    covered,
  };
}

/** Built once, asked by several parts. */
interface Organs {
  readonly kidneys: Readonly<Record<'left' | 'right', urinary.Kidney>>;
  readonly bladder: ReturnType<typeof urinary.bladderFields>;
  readonly vessels: Vessels;
}

interface Part {
  readonly layers: readonly (Layer | CellLayer)[];
  readonly boxes?: Readonly<Record<string, Box>>;
}

function tableField(): Field {
  return Field.of({ min: [-206, 96, -246], max: [206, 176, 270] }, 2, (x, y) => {
    const surface = 127 - (x / 206) ** 2 * 24;
    const depth = 20 * Math.sqrt(Math.max(0, 1 - (x / 212) ** 2));
    return Math.max(surface - y, y - surface - depth - 4, Math.abs(x) - 200);
  });
}

function trunkPart(cloud: Noise): Part {
  return {
    layers: [
      { field: tableField(), shade: (d) => (d > -1.8 ? -60 : -930), edge: 1 },
      {
        field: skinField(),
        label: label.body,
        shade: (d, x, y, z) => (d > -2 ? 28 : hu.fat + 7 * cloud(x, y, z)),
      },
    ],
  };
}

interface Noises {
  readonly lumps: Noise;
  readonly small: Noise;
  readonly rough: Noise;
  readonly grain: Noise;
  readonly cloud: Noise;
  readonly fold: Noise;
}

const tissue =
  (value: number, cloud: Noise, depth = 4): Shade =>
  (_d, x, y, z) =>
    value + depth * cloud(x, y, z);

function visceraParts(
  random: Random,
  n: Noises,
  { kidneys, bladder, vessels: tree }: Organs,
): Part[] {
  const { lumps, small, cloud, grain } = n;
  const renal = [kidneys.left.parenchyma, kidneys.right.parenchyma];
  const liver = viscera.carve(viscera.liverField(lumps), renal, 5);
  const stomach = viscera.carveHollow(viscera.stomach(lumps), [liver], 2);
  const spleen = viscera.carve(viscera.spleenField(small), [...renal, stomach.wall], 3);
  const gallbladder = viscera.gallbladderField();
  const solid = [liver, spleen, stomach.wall, gallbladder, ...renal];
  const { colon: large, rectum } = colon(small);
  const colonOrgan = viscera.carveHollow(large.organ, [...solid, bladder.wall], 2);
  const duodenum = viscera.carveHollow(
    viscera.duodenum(small),
    [stomach.wall, gallbladder, ...renal],
    2,
  );
  const pancreas = viscera.carve(
    viscera.pancreasField(small),
    [stomach.wall, duodenum.wall, spleen],
    1,
  );
  const loops = smallBowel(random, small, [
    ...solid,
    colonOrgan.wall,
    duodenum.wall,
    pancreas,
    bladder.wall,
    rectum.organ.wall,
  ]);
  const inLiver = tree.liverVessels.map((d, x, y, z) => Math.max(d, liver.at(x, y, z) + 2.5));
  const stool: Shade = (_d, x, y, z) => {
    // Two grains on turned lattices, so that no grid shows.
    const g =
      0.65 * grain(0.41 * x + 0.22 * y, 0.41 * y - 0.22 * x, 0.45 * z) +
      0.65 * grain(0.3 * x - 0.27 * z, 0.4 * y + 0.1 * x, 0.3 * z + 0.27 * x);
    return g > 0.34 ? mix(20, -560, clamp((g - 0.34) * 4, 0, 1)) : 24 + 40 * g;
  };
  const hollowLayers = (organ: viscera.Hollow, content: Shade | number): Layer[] => [
    { field: organ.wall, shade: tissue(hu.bowelWall, cloud, 10), label: label.body },
    { field: organ.lumen, shade: content },
  ];
  const loopShade: Shade = (d, x, y, z) =>
    d > -2.3 ? hu.bowelWall + 8 * cloud(x, y, z) : 24 + 20 * small(x, y, z);
  const gas = (field: Field): Layer => ({ field, shade: -960 });
  const lung = lungShade(n.fold, cloud);
  const lungs = [viscera.lungField(1), viscera.lungField(-1)] as const;
  const inLung = tree.lungVessels.map((d, x, y, z) =>
    d > 3 ? d : Math.max(d, Math.min(lungs[0].at(x, y, z), lungs[1].at(x, y, z)) + 2),
  );
  return [
    {
      layers: [
        { field: lungs[0], shade: lung, label: label.lungLeft, edge: 1.6 },
        { field: lungs[1], shade: lung, label: label.lungRight, edge: 1.6 },
        { field: inLung, shade: 40, edge: 1.4 },
        { field: viscera.heartField(), shade: 105, label: label.body },
        { field: viscera.heartChamberField(), shade: 165 },
        { field: viscera.diaphragmField(), shade: hu.muscle - 6, label: label.body },
        { field: viscera.oesophagusField(), shade: (d) => (d < -4.5 ? 5 : 62), label: label.body },
        { field: liver, shade: tissue(hu.liver, cloud, 4), label: label.liver },
        { field: inLiver, shade: hu.portal - 6 },
        { field: spleen, shade: tissue(hu.spleen, cloud, 4), label: label.spleen },
        { field: gallbladder, shade: (d) => (d > -1.8 ? 60 : 9), label: label.body },
        ...hollowLayers(stomach, tissue(18, cloud, 14)),
        gas(viscera.gasField(stomach, viscera.stomachLine, (t) => 0.4 - 0.2 * t)),
        ...hollowLayers(colonOrgan, stool),
        gas(
          viscera.gasField(colonOrgan, large.line, (t) =>
            clamp(0.36 + 0.34 * Math.sin(t * 31) + (t > 0.25 && t < 0.45 ? 0.3 : 0), 0, 0.9),
          ),
        ),
        ...hollowLayers(rectum.organ, stool),
        gas(viscera.gasField(rectum.organ, rectum.line, (t) => (t < 0.6 ? 0.45 : 0.1))),
        { cells: loops.loops, shade: loopShade, seam: 0.3 },
        { field: loops.gas, shade: -880, edge: 1.6 },
        ...hollowLayers(duodenum, 22),
        { field: pancreas, shade: tissue(hu.pancreas, n.fold, 12), label: label.body },
        { field: viscera.adrenalField(), shade: 80, label: label.body },
        { field: viscera.crusField(), shade: hu.muscle, label: label.body },
      ],
      boxes: {
        liver: liver.box,
        spleen: spleen.box,
      },
    },
  ];
}

/** Aerated lung, denser towards the back, with small vessels. */
const lungShade =
  (fold: Noise, cloud: Noise): Shade =>
  (d, x, y, z) => {
    const vessel = Math.max(0, fold(x * 0.8, y * 0.8, z * 0.8) - 0.62) * 1500;
    const dependent = clamp(y / 100, -1, 1) * 32;
    return Math.min(60, hu.lung + 18 * cloud(x, y, z) + dependent + (d < -5 ? vessel : 0));
  };

function urinaryParts(n: Noises, { kidneys, bladder }: Organs): Part[] {
  const { small, cloud } = n;
  const sides = ['left', 'right'] as const;
  const layers: Layer[] = [];
  const boxes: Record<string, Box> = {};
  for (const side of sides) {
    const k = kidneys[side];
    layers.push(
      {
        field: k.parenchyma,
        shade: tissue(hu.cortex, cloud, 6),
        label: side === 'left' ? label.kidneyLeft : label.kidneyRight,
      },
      { field: k.medulla, shade: tissue(hu.medulla, cloud, 5), edge: 2.4 },
      { field: k.sinusFat, shade: hu.fat + 6, label: label.body },
      {
        field: k.collecting,
        shade: (d) => (d > -0.9 ? 45 : hu.urine),
        label: label.urinaryTract,
      },
    );
    boxes[`kidney_${side}`] = k.parenchyma.box;
  }
  const tumour = urinary.tumourFields(small);
  const stone = urinary.stoneField();
  const ureter = urinary.ureterField(urinary.ureters());
  layers.push(
    {
      field: tumour.mass,
      label: label.tumour,
      shade: (d, x, y, z) => hu.tumour + 16 * small(x * 1.5, y * 1.5, z * 1.5) + (d > -2 ? 22 : 0),
    },
    { field: tumour.necrosis, shade: hu.necrosis, edge: 4 },
    { field: ureter, shade: (d) => (d > -0.8 ? 50 : 12), label: label.urinaryTract },
    { field: stone, shade: hu.stone, label: label.stone, edge: 0.9 },
    { field: urinary.prostateField(), shade: tissue(62, cloud, 12), label: label.body },
    { field: bladder.wall, shade: 52, label: label.bladder },
    { field: bladder.lumen, shade: hu.urine },
  );
  return [
    {
      layers,
      boxes: {
        ...boxes,
        kidney_tumour: tumour.mass.box,
        kidney_stone: stone.box,
        bladder: bladder.wall.box,
      },
    },
  ];
}

function vesselParts({ vessels: v }: Organs): Part[] {
  return [
    {
      layers: [
        { field: v.portal, shade: hu.portal, label: label.body },
        { field: v.cava, shade: hu.cava, label: label.cava },
        { field: v.veins, shade: hu.cava - 8, label: label.body },
        { field: v.arteries, shade: hu.artery, label: label.body },
        { field: v.aorta, shade: (d) => (d > -1.2 ? 90 : hu.aorta), label: label.aorta },
      ],
      boxes: { aorta: v.aorta.box, vena_cava: v.cava.box },
    },
  ];
}

/** Bright shell of compact bone round spongy bone. */
function boneShade(shell: (z: number) => number, inside: Shade, dense = 1180): Shade {
  return (d, x, y, z) => {
    const t = shell(z);
    const compact = smoothstep(-t - 1.1, -t + 0.2, d);
    return compact > 0.98 ? dense : mix(inside(d, x, y, z), dense, compact);
  };
}

function boneParts(n: Noises): Part[] {
  const { rough, grain, cloud } = n;
  const spongy =
    (value: number, depth = 90): Shade =>
    (_d, x, y, z) =>
      value + depth * grain(x, y, z) + 25 * cloud(x, y, z);
  const spine = spineField(rough);
  const pelvis = pelvisField(rough);
  const sacrum = viscera.carve(sacrumField(rough), [pelvis], 2.2);
  const femurs = { left: femurField(1, rough), right: femurField(-1, rough) };
  const ribs = ribField();
  const canal = canalFields();
  const endplates = Field.of(spine.box, 2, endplateDistance, 40);
  const vertebral: Shade = (d, x, y, z) => {
    const plate = endplates.at(x, y, z);
    return spongy(165, 70)(d, x, y, z) + 320 * smoothstep(3.2, 0.8, plate);
  };
  const femoral: Shade = (d, x, y, z) => {
    // Spongy head and neck, fat marrow down the shaft.
    const shaft = smoothstep(-200, -226, z);
    return mix(spongy(235)(d, x, y, z), -45 + 30 * grain(x, y, z), shaft);
  };
  const femurShell = (z: number) => mix(1.1, 6.2, smoothstep(-186, -232, z));
  const cartilage: Shade = (_d, x, y, z) =>
    hu.cartilage + 260 * Math.max(0, cloud(x * 1.6, y * 1.6, z * 1.6) - 0.45);
  return [
    {
      layers: [
        { field: discField(), shade: tissue(hu.disc, cloud, 8), label: label.body },
        { field: canal.fat, shade: hu.fat + 20, label: label.body },
        { field: canal.sac, shade: 16 },
        { field: canal.cord, shade: 42 },
        { field: symphysisField(), shade: 110, label: label.body },
        { field: hipJointField(), shade: 92, label: label.body },
        { field: cartilageField(), shade: cartilage, label: label.body },
        { field: spine, shade: boneShade(() => 0.5, vertebral, 820), label: label.spine },
        { field: sacrum, shade: boneShade(() => 0.8, spongy(120, 80), 900), label: label.sacrum },
        { field: sternumField(), shade: boneShade(() => 0.8, spongy(140)), label: label.rib },
        { field: ribs, shade: boneShade(() => 1, spongy(260)), label: label.rib },
        { field: pelvis, shade: boneShade(() => 1.4, spongy(170)), label: label.pelvis },
        {
          field: femurs.left,
          shade: boneShade(femurShell, femoral),
          label: label.femurLeft,
        },
        {
          field: femurs.right,
          shade: boneShade(femurShell, femoral),
          label: label.femurRight,
        },
      ],
      boxes: {
        spine: spine.box,
        sacrum: sacrum.box,
        pelvis: pelvis.box,
        rib: ribs.box,
        femur_left: femurs.left.box,
        femur_right: femurs.right.box,
      },
    },
  ];
}

/** What is known without measuring. */
export function abdomenTruth(): Omit<PhantomTruth, 'volumesMl'> {
  const aorta = nearestOnLine(urinary.tumourCentre, aortaLine);
  const landmarks: Record<string, Vec3> = {
    tumour_centre: urinary.tumourCentre,
    stone_centre: urinary.stoneCentre,
    aorta_at_tumour: aorta,
    femoral_head_left: femoralHead,
    femoral_head_right: [-femoralHead[0], femoralHead[1], femoralHead[2]],
  };
  const between = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return {
    landmarks,
    distances: {
      tumour_centre_to_aorta_axis: between(urinary.tumourCentre, aorta),
      tumour_centre_to_stone_centre: between(urinary.tumourCentre, urinary.stoneCentre),
      femoral_head_to_femoral_head: 2 * femoralHead[0],
      stone_length: 2 * Math.max(...urinary.stoneRadii),
    },
    values: { ...hu },
  };
}

function nearestOnLine(p: Vec3, line: readonly (readonly number[])[]): Vec3 {
  let best: Vec3 = p;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 1; n < line.length; n++) {
    const [a, b] = [line[n - 1] as number[], line[n] as number[]];
    for (let s = 0; s <= 200; s++) {
      const q = [0, 1, 2].map((i) => mix(a[i] as number, b[i] as number, s / 200));
      const d = Math.hypot(...q.map((v, i) => v - (p[i] as number)));
      if (d < least) {
        least = d;
        best = q as unknown as Vec3;
      }
    }
  }
  return best;
}
