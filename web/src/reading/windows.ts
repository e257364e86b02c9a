import type { VoiWindow } from '@yuepian/contract';
import type { Window } from '../engine/index.ts';
import type { Dictionary } from '../i18n/index.ts';
import type { Shown } from './room-state.ts';

export type WindowName = keyof Dictionary['windows'];
export interface WindowPreset {
  readonly key: string;
  /** A word of the dictionary, or the file's own name for it. */
  readonly name: WindowName | { readonly own: string };
  readonly centre: number;
  readonly width: number;
}

/** Usual CT windows in HU (centre, width); radiology department conventions, none is a standard. */
const ct: readonly WindowPreset[] = [
  { key: 'abdomen', name: 'abdomen', centre: 50, width: 400 },
  { key: 'bone', name: 'bone', centre: 400, width: 1800 },
  { key: 'lung', name: 'lung', centre: -600, width: 1500 },
  { key: 'brain', name: 'brain', centre: 40, width: 80 },
  { key: 'mediastinum', name: 'mediastinum', centre: 50, width: 350 },
  { key: 'liver', name: 'liver', centre: 60, width: 160 },
  { key: 'angio', name: 'angio', centre: 250, width: 700 },
  { key: 'subdural', name: 'subdural', centre: 75, width: 215 },
];

const own = (windows: readonly VoiWindow[]): WindowPreset[] =>
  windows.map((w, n) => ({
    key: `file-${n}`,
    name: w.name.trim() === '' ? 'file' : { own: w.name },
    centre: w.centre,
    width: w.width,
  }));

const fullUnknown = { index: 0, full: undefined };

/** Windows offered for what is shown: the file's own first, then those of its modality. */
export function windowsFor(
  shown: Shown,
  frame: { readonly index: number; readonly full: Window | undefined } = fullUnknown,
): readonly WindowPreset[] {
  if (shown.kind === 'frames') {
    const windows = own(shown.stack.frames[frame.index]?.windows ?? []);
    const { full } = frame;
    return distinct([
      ...windows,
      ...(full
        ? [{ key: 'full', name: 'full' as const, centre: full.centre, width: full.width }]
        : []),
    ]);
  }
  const { manifest } = shown;
  const [low, high] = manifest.valueRange;
  const full: WindowPreset = {
    key: 'full',
    name: 'full',
    centre: (low + high) / 2,
    width: Math.max(high - low, 1),
  };
  const usual = manifest.modality === 'CT' ? ct : [];
  return distinct([...own(manifest.windows), ...usual, full]);
}

/** A file often repeats a usual window; it is offered once, under the ward's name where it has one. */
function distinct(presets: readonly WindowPreset[]): WindowPreset[] {
  const found = new Map<string, WindowPreset>();
  for (const preset of presets) {
    const id = `${preset.centre}/${preset.width}`;
    const known = found.get(id);
    const isOwn = known && (known.name === 'file' || typeof known.name === 'object');
    if (!known || (isOwn && preset.name !== 'full')) found.set(id, preset);
  }
  return [...found.values()];
}

export const isSameWindow = (
  a: { readonly centre: number; readonly width: number },
  b: { readonly centre: number; readonly width: number } | undefined,
): boolean =>
  b !== undefined && Math.abs(a.centre - b.centre) < 0.5 && Math.abs(a.width - b.width) < 0.5;

/** Brighter than the brightest voxel by so much that a window shows nothing. */
const farOutside = 20;

/**
 * A window of a case, in the unit that the voxels have now. PET was kept in Bq/mL before it was in
 * SUV, and cases of that time hold windows of thousands of Bq/mL; 1 Bq/mL is some 0.0002 SUV.
 */
export function windowFor<W extends { readonly centre: number; readonly width: number }>(
  shown: Shown | undefined,
  window: W,
): W {
  if (shown?.kind !== 'volume' || shown.manifest.suvFactor === undefined) return window;
  const { suvFactor, valueRange } = shown.manifest;
  const white = window.centre + window.width / 2;
  if (white <= farOutside * Math.max(valueRange[1], 1e-6)) return window;
  return { ...window, centre: window.centre * suvFactor, width: window.width * suvFactor };
}

/**
 * The window after a drag of `dx`, `dy` CSS pixels: right widens, up brightens. A drag of 400 px
 * changes by the present width, so fine windows move finely.
 */
export function draggedWindow(
  window: { readonly centre: number; readonly width: number },
  dx: number,
  dy: number,
): { readonly centre: number; readonly width: number } {
  const speed = Math.max(window.width, 1e-6) / 400;
  return {
    width: Math.max(window.width * 2 ** (dx / 250), 1e-6),
    centre: window.centre + dy * speed,
  };
}
