import type { Structure, StudyDetail } from '@yuepian/contract';
import type { Page } from 'playwright-core';

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

/** Where the crosshair stands in a view, in pixels of the page; its lines end beside it. */
export async function crosshairAt(page: Page, kind: string): Promise<[number, number]> {
  const lines = page.locator(`[data-testid="crosshair-${kind}"] line`);
  await lines.first().waitFor({ state: 'attached' });
  const box = await page.getByTestId(`view-${kind}`).boundingBox();
  const ends = await lines.evaluateAll((all) =>
    all.map((line) => ['x1', 'y1', 'x2', 'y2'].map((name) => Number(line.getAttribute(name)))),
  );
  const xs = ends.flatMap(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) =>
    Math.abs(x1 - x2) < 0.5 && Math.abs(y1 - y2) > 1 ? [x1] : [],
  );
  const ys = ends.flatMap(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) =>
    Math.abs(y1 - y2) < 0.5 && Math.abs(x1 - x2) > 1 ? [y1] : [],
  );
  const [x, y] = [xs[0], ys[0]];
  if (!box || x === undefined || y === undefined)
    throw new Error(`no crosshair in ${kind}: ${JSON.stringify(ends)}`);
  return [box.x + x, box.y + y];
}
