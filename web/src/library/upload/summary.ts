import type { Row } from './uploader.ts';

export interface UploadSummary {
  readonly stored: number;
  readonly exists: number;
  readonly refused: number;
  readonly ignored: number;
  /** Rows with an answer. */
  readonly done: number;
  readonly total: number;
  /** 0…1 */
  readonly progress: number;
}

export function summarise(rows: readonly Row[]): UploadSummary {
  const count = { stored: 0, exists: 0, refused: 0, ignored: 0 };
  let part = 0;
  for (const row of rows) {
    if (row.status === 'sending') part += row.progress * 0.9;
    else if (row.status !== 'waiting') count[row.status]++;
  }
  const done = count.stored + count.exists + count.refused + count.ignored;
  return {
    ...count,
    done,
    total: rows.length,
    progress: rows.length === 0 ? 0 : (done + part) / rows.length,
  };
}

/** More rows than this are counted, not drawn: thousands of lines help nobody. */
export const shownRows = 200;
const order: Record<Row['status'], number> = {
  refused: 0,
  sending: 1,
  stored: 2,
  exists: 3,
  ignored: 4,
  waiting: 5,
};

/** What needs a person first: refusals, then what is on the line, then the newest results. */
export function rowsToShow(
  rows: readonly Row[],
  onlyRefused: boolean,
): { readonly shown: readonly Row[]; readonly hidden: number } {
  const wanted = onlyRefused ? rows.filter((r) => r.status === 'refused') : [...rows];
  wanted.sort((a, b) => order[a.status] - order[b.status] || a.id - b.id);
  return { shown: wanted.slice(0, shownRows), hidden: Math.max(0, wanted.length - shownRows) };
}
