import { describe, expect, it, vi } from 'vitest';
import type { Engine } from '../engine/index.ts';
import { dictionaries } from '../i18n/language.ts';
import { applyView } from './apply-view.ts';
import { keyRows } from './keys.ts';
import type { Shown } from './room-state.ts';
import { firstLook, firstTarget, refreshed, targetId } from './targets.ts';
import { throttle } from './throttle.ts';
import { draggedWindow, isSameWindow, windowFor, windowsFor } from './windows.ts';

const volume = (id: string, size: [number, number, number], modality = 'CT') => ({
  id,
  modality,
  size,
  label: '',
  windows: [] as { centre: number; width: number; name: string }[],
  valueRange: [-1000, 2000],
});
const series = (uid: string, modality: string, volumes: object[], frames?: object) => ({
  seriesInstanceUid: uid,
  modality,
  volumes,
  ...(frames && { frames }),
});
const study = (...list: object[]) =>
  ({ series: list }) as unknown as Parameters<typeof firstTarget>[0];

describe('what a study opens with', () => {
  const pet = series('1', 'PT', [volume('pt', [400, 400, 700], 'PT')]);
  const localizer = series('2', 'CT', [volume('loc', [512, 512, 2])]);
  const ct = series('3', 'CT', [volume('ct', [512, 512, 300])]);
  const xray = series('4', 'DX', [], { frames: [{}] });

  it('is the largest anatomical volume', () => {
    const first = firstTarget(study(xray, pet, localizer, ct), {});
    expect(first && targetId(first)).toBe('ct');
  });
  it('is where it was left, when that is still there', () => {
    const left = firstTarget(study(pet, ct), { volumeId: 'pt' });
    expect(left && targetId(left)).toBe('pt');
    const bySeries = firstTarget(study(xray, ct), { volumeId: 'gone', seriesInstanceUid: '4' });
    expect(bySeries?.kind).toBe('frames');
    const gone = firstTarget(study(pet, ct), { volumeId: 'gone', seriesInstanceUid: '9' });
    expect(gone && targetId(gone)).toBe('ct');
  });
  it('is a picture where there is no volume, and nothing where there is neither', () => {
    expect(firstTarget(study(xray), {})?.kind).toBe('frames');
    expect(firstTarget(study(series('5', 'SR', [])), {})).toBeUndefined();
  });
  it('stays the same when the study is asked for again', () => {
    const shown = firstTarget(study(pet, ct), {}) as Shown;
    const again = refreshed(study(ct, pet), shown);
    expect(again && targetId(again)).toBe('ct');
    expect(refreshed(study(pet), shown)).toBeUndefined();
  });
});

describe('how a structure looks at first', () => {
  const bone = { id: 'b', key: 'bone', opacity: 0.9, colour: '#e8dcc0' };
  const femur = { ...bone, id: 'f', key: 'femur_left' };
  const look = (s: object, ...structureSets: object[]) =>
    firstLook(
      { kind: 'volume', series: { structureSets } } as unknown as Shown,
      s as Parameters<typeof firstLook>[1],
    );
  const split = { id: 'fb', of: 'b', complete: true, structures: [femur] };

  it('is in sight, in its own colours', () => {
    const own = { visible: true, opacity: 0.9, colour: '#e8dcc0' };
    expect(look(bone)).toEqual(own);
    expect(look(femur, split)).toEqual(own);
    // Stones lie in a kidney, and both are seen.
    expect(look({ ...bone, id: 'k', key: 'kidney_left' }, { ...split, of: 'k' })).toEqual(own);
  });
  it('is out of sight for a bone whose single bones are listed', () => {
    expect(look(bone, split).visible).toBe(false);
    expect(look({ ...bone, key: 'bone_101' }, split).visible).toBe(false);
  });
  it('stays in sight until all of them are there, and where there are none', () => {
    expect(look(bone, { ...split, complete: false }).visible).toBe(true);
    expect(look(bone, { ...split, structures: [] }).visible).toBe(true);
    expect(look(bone, { ...split, of: 'another' }).visible).toBe(true);
  });
});

describe('windows', () => {
  const shown = (windows: object[], modality = 'CT') =>
    ({
      kind: 'volume',
      manifest: { ...volume('v', [1, 1, 1], modality), windows },
    }) as unknown as Shown;

  it('offers the file’s own first and each once', () => {
    const presets = windowsFor(
      shown([
        { centre: 60, width: 350, name: 'WINDOW1' },
        { centre: 50, width: 400, name: '' },
      ]),
    );
    expect(presets.slice(0, 2)).toMatchObject([
      { name: { own: 'WINDOW1' }, centre: 60 },
      { name: 'abdomen', centre: 50 },
    ]);
    expect(presets.filter((p) => p.centre === 50 && p.width === 400)).toHaveLength(1);
  });
  it('offers no Hounsfield windows for MR', () => {
    expect(windowsFor(shown([], 'MR')).map((p) => p.name)).toEqual(['full']);
  });
  it('drags finely where the window is narrow and never to nothing', () => {
    const brain = draggedWindow({ centre: 40, width: 80 }, 0, 40);
    expect(brain.centre).toBeCloseTo(48, 9);
    expect(draggedWindow({ centre: 0, width: 1500 }, 0, 40).centre).toBeCloseTo(150, 9);
    expect(draggedWindow({ centre: 0, width: 80 }, -1e5, 0).width).toBeGreaterThan(0);
    expect(draggedWindow({ centre: 0, width: 80 }, 250, 0).width).toBeCloseTo(160, 9);
  });
  it('knows the active preset despite rounding', () => {
    expect(isSameWindow({ centre: 40, width: 80 }, { centre: 40.2, width: 79.9 })).toBe(true);
    expect(isSameWindow({ centre: 40, width: 80 }, undefined)).toBe(false);
  });
});

it('throttles to the newest value, and flushes at once', () => {
  vi.useFakeTimers();
  const seen: number[] = [];
  const put = throttle<number>(300, (n) => seen.push(n));
  for (let n = 0; n < 5; n++) put(n);
  vi.advanceTimersByTime(299);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(seen).toEqual([4]);
  put(7);
  put.flush();
  put.flush();
  expect(seen).toEqual([4, 7]);
  vi.advanceTimersByTime(1000);
  expect(seen).toEqual([4, 7]);
  vi.useRealTimers();
});

it.each(['zh', 'en'] as const)('lists no key twice in the help (%s)', (language) => {
  const keys = keyRows(dictionaries[language]).flatMap(([k]) => k.filter((x) => x !== '…'));
  expect(new Set(keys).size).toBe(keys.length);
});

describe('a window kept when PET was in Bq/mL', () => {
  const pet = (suvFactor: number | undefined, highest: number) =>
    ({
      kind: 'volume',
      series: { modality: 'PT' },
      manifest: {
        ...volume('pt', [1, 1, 1], 'PT'),
        valueRange: [0, highest],
        invert: false,
        ...(suvFactor === undefined ? {} : { suvFactor }),
      },
    }) as unknown as Shown;
  const old = { centre: 10_000, width: 20_000 };

  it('is shown in SUV where the voxels are', () => {
    expect(windowFor(pet(2e-4, 25), old)).toEqual({ centre: 2, width: 4 });
    // A full bladder, and a window of little uptake.
    expect(windowFor(pet(2e-4, 150), { centre: 2500, width: 5000 })).toEqual({
      centre: 0.5,
      width: 1,
    });
  });
  it('stays where they are in Bq/mL still, as do windows in SUV, wide ones too', () => {
    expect(windowFor(pet(undefined, 90_000), old)).toBe(old);
    for (const suv of [
      { centre: 5, width: 10 },
      { centre: 25, width: 50 },
    ])
      expect(windowFor(pet(2e-4, 8), suv)).toBe(suv);
    const ct = { kind: 'volume', manifest: volume('ct', [1, 1, 1]) } as unknown as Shown;
    expect(windowFor(ct, old)).toBe(old);
    expect(windowFor(undefined, old)).toBe(old);
  });
  it('reaches the screen of a case opened again so', () => {
    const setWindow = vi.fn();
    const engine = {
      window: { centre: 5, width: 10 },
      defaultWindows: [],
      setWindow,
    } as unknown as Engine;
    const view = { window: old };
    // Everything but the window is as before.
    applyView(engine, view, {}, { shown: pet(2e-4, 25), hasModels: false });
    expect(setWindow).toHaveBeenCalledWith({ centre: 2, width: 4 });
  });
});
