import type { ViewState } from '@yuepian/contract';
import { patientPoint } from '@yuepian/geometry';
import type { Engine, VolumePreset, Window } from '../engine/index.ts';
import type { Shown } from './room-state.ts';
import { isInside } from './targets.ts';
import { windowFor } from './windows.ts';

/** What counts where the document says nothing. */
export const viewDefaults = {
  layout: 'four',
  slab: { mode: 'none', thickness: 10 },
  modelsVisible: true,
  outlines: true,
} as const satisfies Partial<ViewState>;

export interface ViewContext {
  readonly shown: Shown;
  /** Whether the shown volume has models. */
  readonly hasModels: boolean;
}

/** Models say more than the volume; where there are none, the volume is what there is to see. */
export const isVolumeVisible = (view: Partial<ViewState>, hasModels: boolean): boolean =>
  view.volumeVisible ?? !hasModels;

/** The chosen preset, else the one made for the modality. */
export function presetOf(
  view: Partial<ViewState>,
  presets: readonly VolumePreset[],
  shown: Shown | undefined,
): string {
  const modality = shown?.series.modality ?? '';
  const usual = presets.find((p) => p.modalities[0] === modality) ?? presets[0];
  return view.volumePreset ?? usual?.name ?? '';
}

/**
 * Tells the engine what the document says and the engine does not show yet.
 * @param before what the engine shows already; undefined for a new series: then everything is told.
 */
export function applyView(
  engine: Engine,
  view: Partial<ViewState>,
  before: Partial<ViewState> | undefined,
  { shown, hasModels }: ViewContext,
): void {
  const isNew = (key: keyof ViewState): boolean =>
    before === undefined || JSON.stringify(view[key]) !== JSON.stringify(before[key]);
  const chosen = view.window && windowFor(shown, view.window);
  // Chosen and the file's own may be the same numbers: an image still has to know which it is.
  const isOther = chosen && !isEqualWindow(chosen, engine.window);
  if (isNew('window') || isOther) engine.setWindow(chosen);
  if (isNew('invert')) engine.setInvert(view.invert ?? startsInverted(shown));
  if (shown.kind !== 'volume') return;
  if (isNew('slab')) engine.setSlab(view.slab ?? viewDefaults.slab);
  if (isNew('volumePreset')) engine.setVolumePreset(presetOf(view, engine.volumePresets, shown));
  if (isNew('volumeVisible')) engine.setVolumeVisible(isVolumeVisible(view, hasModels));
  if (isNew('modelsVisible')) {
    engine.setModelsVisible(view.modelsVisible ?? viewDefaults.modelsVisible);
  }
  if (isNew('outlines')) engine.setOutlines(view.outlines ?? viewDefaults.outlines);
  const { crosshair } = view;
  if (crosshair && isNew('crosshair')) {
    const point = patientPoint(...crosshair);
    // A crosshair of another series may lie outside of this one.
    if (isInside(shown, point)) engine.jumpTo(point);
  }
}

/** What the file says (MONOCHROME1); uptake is read dark on white, the nuclear medicine convention. */
export const startsInverted = (shown: Shown | undefined): boolean =>
  shown?.kind === 'volume' && shown.manifest.invert !== (shown.series.modality === 'PT');

const isEqualWindow = (a: Window, b: Window): boolean =>
  a.centre === b.centre && a.width === b.width;
