import type { VoiWindow } from '@yuepian/contract';
import { type Affine, invert, type PatientPoint, type Volume } from '@yuepian/geometry';
import type { ClipPlane } from './clip.ts';
import { clampToGrid, type Grid, middle } from './grid.ts';
import type { LabelTexture } from './label-texture.ts';
import type { LabelGrid } from './labels.ts';
import type { Models } from './models.ts';
import { defaultPreset } from './presets.ts';
import type { VolumeTexture } from './texture.ts';
import type { Slab, Window } from './types.ts';

/** The volume the views share. */
export interface ShownVolume {
  /** Grid of the full level, whatever level is on the screen. */
  readonly grid: Grid;
  readonly inverse: Affine;
  readonly wholeNumbers: boolean;
  /** Voxels and texture of the level on the screen; undefined before the first. */
  volume: Volume | undefined;
  texture: VolumeTexture | undefined;
}

export const shownVolume = (grid: Grid, wholeNumbers: boolean): ShownVolume => ({
  grid,
  inverse: invert(grid.affine),
  wholeNumbers,
  volume: undefined,
  texture: undefined,
});

export const centreOf = (s: ShownVolume): PatientPoint => middle(s.grid);
export const clampTo = (s: ShownVolume, p: PatientPoint): PatientPoint =>
  clampToGrid(s.grid, s.inverse, p);

/** What the views read when they draw; the engine writes it and asks them to draw again. */
export interface Scene {
  shown: ShownVolume | undefined;
  crosshair: PatientPoint | undefined;
  window: Window;
  /** The volume's own windows: they say what curve a window has. */
  windows: readonly VoiWindow[];
  inverted: boolean;
  slab: Slab;
  outlines: boolean;
  labels: LabelGrid | undefined;
  labelTexture: LabelTexture | undefined;
  preset: string;
  volumeVisible: boolean;
  modelsVisible: boolean;
  /** Volume and models together; the models of marks and plans too. */
  clip: readonly ClipPlane[];
  /** 3D is drawn by the CPU: coarser pictures, so that a frame takes tenths of a second. */
  readonly software: boolean;
  /** Levels still arrive on a machine that draws 3D by its CPU: a full picture now would hold them up. */
  hurried: boolean;
  readonly models: Models;
}

/** What the views share before anything is shown. */
export const emptyScene = (models: Models, software: boolean): Scene => ({
  shown: undefined,
  crosshair: undefined,
  window: { centre: 50, width: 400 },
  windows: [],
  inverted: false,
  slab: { mode: 'none', thickness: 0 },
  outlines: false,
  labels: undefined,
  labelTexture: undefined,
  preset: defaultPreset('CT'),
  volumeVisible: true,
  modelsVisible: true,
  clip: [],
  software,
  hurried: false,
  models,
});
