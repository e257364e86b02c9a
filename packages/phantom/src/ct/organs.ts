import type { Box, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import type { Layer, Shade } from '../core/painter.ts';
import type { Random } from '../core/random.ts';
import { clamp, mix } from '../core/sdf.ts';
import { colon, smallBowel } from './bowel.ts';
import { hu, label, type Noises, type Organs, type Part, tissue } from './materials.ts';
import * as urinary from './urinary.ts';
import * as viscera from './viscera.ts';

/** Lungs, heart, and what lies in the abdominal cavity. */
export function visceraParts(
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

export function urinaryParts(n: Noises, { kidneys, bladder }: Organs): Part[] {
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

export function vesselParts({ vessels: v }: Organs): Part[] {
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
