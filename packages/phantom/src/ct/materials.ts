import type { Box } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import type { CellLayer, Layer, Shade } from '../core/painter.ts';
import type { Scene } from '../core/scene.ts';
import type * as urinary from './urinary.ts';
import type { Vessels } from './vessels.ts';

/** Exclusive labels of the CT. */
export const label = {
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

/** Built once, asked by several parts. */
export interface Organs {
  readonly kidneys: Readonly<Record<'left' | 'right', urinary.Kidney>>;
  readonly bladder: ReturnType<typeof urinary.bladderFields>;
  readonly vessels: Vessels;
}

export interface Part {
  readonly layers: readonly (Layer | CellLayer)[];
  readonly boxes?: Readonly<Record<string, Box>>;
}

export interface Noises {
  readonly lumps: Noise;
  readonly small: Noise;
  readonly rough: Noise;
  readonly grain: Noise;
  readonly cloud: Noise;
  readonly fold: Noise;
}

export const tissue =
  (value: number, cloud: Noise, depth = 4): Shade =>
  (_d, x, y, z) =>
    value + depth * cloud(x, y, z);
