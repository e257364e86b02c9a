import { gunzipSync } from 'node:zlib';
import { cropOfMask, decodeMask, type Structure, type StudyDetail } from '@yuepian/contract';
import type { Page } from 'playwright-core';
import type { TestServer } from '../../server/src/testing.ts';

/** Every structure of a study, the automatic ones and those of all sets, each once. */
export const allStructures = (study: StudyDetail): Structure[] => {
  const all = study.series.flatMap((s) => [
    ...s.structures,
    ...s.structureSets.flatMap((set) => set.structures),
  ]);
  return [...new Map(all.map((s) => [s.id, s])).values()];
};

export const structureIn = (study: StudyDetail, key: string): Structure => {
  const found = allStructures(study).find((s) => s.key === key);
  if (!found) throw new Error(`no ${key} among ${allStructures(study).map((s) => s.key)}`);
  return found;
};

/** The voxels of a structure, one byte each, on its volume's grid. */
export async function maskOn(
  server: TestServer,
  s: Structure,
  study: StudyDetail,
): Promise<Uint8Array> {
  const volume = study.series.flatMap((x) => x.volumes).find((v) => v.id === s.volumeId);
  if (!volume) throw new Error('no volume');
  const [nx, ny, nz] = volume.size;
  const answer = await server.fetch(`/api/structures/${s.id}/mask`);
  const edges = decodeMask(gunzipSync(await answer.arrayBuffer()), nx * ny * nz);
  return cropOfMask(edges, volume.size, { first: [0, 0, 0], size: volume.size });
}

/** Key of a structure's row: structures of a set carry their set. */
export const rowKey = (study: StudyDetail, s: Structure): string => {
  const set = study.series
    .flatMap((x) => x.structureSets)
    .find((x) => x.id !== 'classical' && x.structures.some((m) => m.id === s.id));
  return set ? `${set.id}-${s.key}` : s.key;
};

export async function openRow(page: Page, key: string): Promise<void> {
  const row = page.getByTestId(`structure-${key}`);
  if ((await row.getAttribute('data-open')) !== 'true') {
    await row.locator('button[aria-expanded]').click();
  }
}

/** A choice in the menu “more” of a structure. */
export async function chooseMore(page: Page, key: string, item: string): Promise<void> {
  await openRow(page, key);
  await page.getByTestId(`more-${key}`).click();
  await page.getByTestId(item).click();
}

/**
 * Where the crosshair stands in a view, in pixels of the page; its lines end beside it. They are as
 * long as the view is wide and high, so that lines of the layout before are told from those of this.
 */
export async function crosshairAt(page: Page, kind: string): Promise<[number, number]> {
  const lines = page.locator(`[data-testid="crosshair-${kind}"] line`);
  await lines.first().waitFor({ state: 'attached' });
  for (let left = 200; ; left--) {
    const box = await page.getByTestId(`view-${kind}`).boundingBox();
    const ends = await lines.evaluateAll((all) =>
      all.map((line) => ['x1', 'y1', 'x2', 'y2'].map((name) => Number(line.getAttribute(name)))),
    );
    const at = ends.flatMap(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => {
      const far = Math.hypot(x2 - x1, y2 - y1);
      // The gap in the middle is 14 px; sizes are rounded to an even number of device pixels.
      const isOfThisSize = box && Math.abs(far + 14 - box.width - box.height) < 8;
      return isOfThisSize ? [{ x1, y1, x2, y2 }] : [];
    });
    const x = at.find((l) => Math.abs(l.x1 - l.x2) < 0.5)?.x1;
    const y = at.find((l) => Math.abs(l.y1 - l.y2) < 0.5)?.y1;
    if (box && x !== undefined && y !== undefined) return [box.x + x, box.y + y];
    if (left === 0) throw new Error(`no crosshair in ${kind}: ${JSON.stringify({ box, ends })}`);
    await page.waitForTimeout(50);
  }
}

/** The crosshair's place in the patient, LPS mm, as the three slices say it. */
export async function crosshairMm(page: Page): Promise<[number, number, number]> {
  const of = async (kind: string): Promise<number> => {
    const text = (await page.getByTestId(`info-${kind}`).textContent()) ?? '';
    const found = /(?:位置|Position)\s*([−-]?[\d.]+)\s*mm/.exec(text)?.[1];
    if (found === undefined) throw new Error(`no position in ${text}`);
    return Number(found.replace('−', '-'));
  };
  return [await of('sagittal'), await of('coronal'), await of('axial')];
}

/** Where places of the patient (LPS mm) lie in a slice view, in pixels of the page. */
export async function placesIn(
  page: Page,
  kind: 'axial' | 'coronal' | 'sagittal',
  places: readonly (readonly [number, number, number])[],
  /** Where the crosshair stands, LPS mm; needed where one view is shown alone. */
  crosshair?: readonly [number, number, number],
): Promise<[number, number][]> {
  const [x, y] = await crosshairAt(page, kind);
  const at = crosshair ?? (await crosshairMm(page));
  const scale = page.getByTestId(`info-${kind}`).getByTestId('scale');
  const bar = (await scale.getAttribute('aria-label')) ?? '';
  const [, length = '', unit] = /([\d.]+)\s*(cm|mm)/.exec(bar) ?? [];
  const width = (await scale.locator('> *').last().boundingBox())?.width ?? Number.NaN;
  const perMm = width / (Number(length) * (unit === 'cm' ? 10 : 1));
  // Feet and front as radiologists hang them: left of the patient on the right, back on the right.
  const [across, up] = { axial: [0, 1], coronal: [0, 2], sagittal: [1, 2] }[kind] as [
    number,
    number,
  ];
  const down = kind === 'axial' ? 1 : -1;
  return places.map((p) => [
    x + ((p[across] ?? 0) - (at[across] ?? 0)) * perMm,
    y + down * ((p[up] ?? 0) - (at[up] ?? 0)) * perMm,
  ]);
}
