import type { VoiWindow } from '@yuepian/contract';
import type { VolumePreset } from './types.ts';

export type RGB = readonly [number, number, number];

/** How voxel values become colour and opacity in the 3D view. */
export interface Transfer {
  /** value → colour 0…1, ascending. */
  readonly colour: readonly (readonly [number, ...RGB])[];
  /** value → opacity 0…1 per mm, ascending. */
  readonly opacity: readonly (readonly [number, number])[];
  readonly blend: 'composite' | 'max';
  readonly shade: boolean;
  readonly ambient: number;
  readonly diffuse: number;
  readonly specular: number;
  readonly specularPower: number;
}

interface Definition extends VolumePreset {
  /** `hu`: absolute values. `window`: 0…1 of the shown window, for units that mean nothing (MR). */
  readonly scale: 'hu' | 'window';
  readonly transfer: Transfer;
}

const lit = {
  blend: 'composite',
  shade: true,
  ambient: 0.15,
  diffuse: 0.9,
  specular: 0.2,
  specularPower: 12,
} as const;
const flat = {
  blend: 'max',
  shade: false,
  ambient: 1,
  diffuse: 0,
  specular: 0,
  specularPower: 1,
} as const;

/** Points chosen by the usual HU of tissues: air −1000, fat −100, muscle 40…60, contrast 150…400, bone > 200. */
const definitions: readonly Definition[] = [
  {
    name: 'bone',
    zh: '骨',
    en: 'Bone',
    modalities: ['CT'],
    scale: 'hu',
    transfer: {
      ...lit,
      colour: [
        [100, 0.55, 0.25, 0.15],
        [250, 0.88, 0.72, 0.5],
        [500, 0.95, 0.9, 0.78],
        [1500, 1, 1, 0.98],
      ],
      opacity: [
        [140, 0],
        [250, 0.25],
        [500, 0.75],
        [1500, 0.95],
      ],
    },
  },
  {
    name: 'vessels',
    zh: '软组织与血管',
    en: 'Soft tissue and vessels',
    modalities: ['CT'],
    scale: 'hu',
    transfer: {
      ...lit,
      colour: [
        [-50, 0.6, 0.3, 0.2],
        [60, 0.65, 0.25, 0.2],
        [150, 0.85, 0.3, 0.22],
        [280, 0.95, 0.75, 0.6],
        [600, 1, 0.96, 0.88],
      ],
      opacity: [
        [40, 0],
        [110, 0.04],
        [160, 0.35],
        [300, 0.75],
        [700, 0.9],
      ],
    },
  },
  {
    name: 'skin',
    zh: '皮肤',
    en: 'Skin',
    modalities: ['CT'],
    scale: 'hu',
    transfer: {
      ...lit,
      colour: [
        [-500, 0.85, 0.65, 0.52],
        [-100, 0.88, 0.68, 0.55],
        [150, 0.92, 0.75, 0.62],
        [400, 1, 0.95, 0.85],
      ],
      opacity: [
        [-400, 0],
        [-220, 0.5],
        [-100, 0.9],
        [400, 0.95],
      ],
    },
  },
  {
    name: 'muscle',
    zh: '肌肉',
    en: 'Muscle',
    modalities: ['CT'],
    scale: 'hu',
    transfer: {
      ...lit,
      colour: [
        [-30, 0.45, 0.15, 0.12],
        [60, 0.72, 0.3, 0.24],
        [150, 0.9, 0.6, 0.45],
        [400, 1, 0.95, 0.85],
      ],
      opacity: [
        [-30, 0],
        [20, 0.12],
        [70, 0.6],
        [400, 0.9],
      ],
    },
  },
  {
    name: 'lung',
    zh: '肺',
    en: 'Lung',
    modalities: ['CT'],
    scale: 'hu',
    transfer: {
      ...lit,
      colour: [
        [-1000, 0.3, 0.45, 0.7],
        [-800, 0.45, 0.6, 0.8],
        [-500, 0.8, 0.72, 0.7],
        [100, 0.95, 0.85, 0.8],
      ],
      opacity: [
        [-980, 0],
        [-900, 0.005],
        [-750, 0.03],
        [-600, 0.05],
        [-450, 0.2],
        [-300, 0.02],
        [0, 0.01],
        [300, 0.05],
      ],
    },
  },
  {
    name: 'mip',
    zh: '最大密度投影',
    en: 'Maximum intensity (MIP)',
    modalities: ['CT', 'MR', 'PT'],
    scale: 'window',
    transfer: {
      ...flat,
      colour: [
        [0, 0, 0, 0],
        [1, 1, 1, 1],
      ],
      opacity: [
        [0, 0],
        [0.02, 1],
      ],
    },
  },
  {
    name: 'mr',
    zh: '磁共振',
    en: 'MR surface',
    modalities: ['MR'],
    scale: 'window',
    transfer: {
      ...lit,
      colour: [
        [0, 0.1, 0.07, 0.06],
        [0.25, 0.6, 0.42, 0.36],
        [0.6, 0.88, 0.76, 0.7],
        [1, 1, 1, 1],
      ],
      opacity: [
        [0.1, 0],
        [0.2, 0.06],
        [0.45, 0.35],
        [1, 0.75],
      ],
    },
  },
  {
    name: 'mr-inside',
    zh: '磁共振透视',
    en: 'MR see-through',
    modalities: ['MR'],
    scale: 'window',
    transfer: {
      ...lit,
      colour: [
        [0, 0.08, 0.1, 0.16],
        [0.4, 0.45, 0.5, 0.6],
        [0.8, 0.95, 0.85, 0.75],
        [1, 1, 1, 1],
      ],
      opacity: [
        [0.15, 0],
        [0.5, 0.015],
        [0.8, 0.08],
        [1, 0.4],
      ],
    },
  },
  {
    name: 'uptake',
    zh: '代谢热图',
    en: 'Uptake',
    modalities: ['PT', 'NM'],
    scale: 'window',
    transfer: {
      ...lit,
      shade: false,
      colour: [
        [0, 0.1, 0, 0.2],
        [0.4, 0.8, 0.15, 0.1],
        [0.75, 1, 0.7, 0.1],
        [1, 1, 1, 0.9],
      ],
      opacity: [
        [0.1, 0],
        [0.4, 0.06],
        [1, 0.6],
      ],
    },
  },
];

export const volumePresets: readonly VolumePreset[] = definitions.map(
  ({ name, zh, en, modalities }) => ({ name, zh, en, modalities }),
);

export const followsWindow = (name: string): boolean => find(name).scale === 'window';

const find = (name: string): Definition => {
  const found = definitions.find((d) => d.name === name) ?? definitions[0];
  if (!found) throw new RangeError('no presets');
  return found;
};

export const defaultPreset = (modality: string): string =>
  modality === 'MR' ? 'mr' : modality === 'PT' || modality === 'NM' ? 'uptake' : 'bone';

/** The preset in voxel values. @param lower @param upper the shown window. */
export function transferOf(name: string, lower: number, upper: number): Transfer {
  const { scale, transfer } = find(name);
  if (scale === 'hu') return transfer;
  const span = Math.max(upper - lower, 1e-6);
  return {
    ...transfer,
    colour: transfer.colour.map(([v, ...rgb]) => [lower + v * span, ...rgb] as const),
    opacity: transfer.opacity.map(([v, o]) => [lower + v * span, o] as const),
  };
}

/** Opacity at a value, linear between points. */
export function opacityAt(t: Transfer, value: number): number {
  const points = t.opacity;
  const above = points.findIndex(([v]) => v >= value);
  if (above < 0) return points.at(-1)?.[1] ?? 0;
  const [hi, lo] = [points[above], points[above - 1]];
  if (!hi) return 0;
  if (!lo) return hi[1];
  return lo[1] + ((hi[1] - lo[1]) * (value - lo[0])) / (hi[0] - lo[0] || 1);
}

const ct: readonly VoiWindow[] = [
  { name: 'abdomen', centre: 50, width: 400 },
  { name: 'lung', centre: -600, width: 1500 },
  { name: 'bone', centre: 400, width: 1800 },
  { name: 'brain', centre: 40, width: 80 },
  { name: 'mediastinum', centre: 50, width: 350 },
];

/**
 * Windows of a modality where the file gives none.
 * @param range smallest and largest value.
 */
export function defaultWindowsFor(
  modality: string,
  range: readonly [number, number],
): readonly VoiWindow[] {
  if (modality === 'CT') return ct;
  const [low, high] = range;
  // The brightest few voxels (flow, fat near a coil, bladder in PET) would leave everything else dark.
  const top = low + (high - low) * (modality === 'PT' || modality === 'NM' ? 0.35 : 0.6);
  const width = Math.max(top - low, 1e-3);
  return [{ name: 'auto', centre: low + width / 2, width }];
}
