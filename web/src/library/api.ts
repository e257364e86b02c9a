import { type StudySummary, studyList } from '@yuepian/contract';
import { command, request } from '../api/index.ts';

export const sortOrders = ['received', 'date', 'name'] as const;
export type SortOrder = (typeof sortOrders)[number];
export const pageSize = 50;

export interface StudyList {
  readonly studies: readonly StudySummary[];
  readonly total: number;
}

/** The most that the server gives at once. */
const largestPage = 500;

/** The first `limit` studies of a search, newest or alphabetically first. */
export async function listStudies(
  query: { readonly q: string; readonly sort: SortOrder; readonly limit: number },
  signal?: AbortSignal,
): Promise<StudyList> {
  const studies: StudySummary[] = [];
  for (;;) {
    const limit = Math.min(largestPage, query.limit - studies.length);
    const search = new URLSearchParams({
      sort: query.sort,
      order: query.sort === 'name' ? 'asc' : 'desc',
      offset: String(studies.length),
      limit: String(limit),
    });
    if (query.q !== '') search.set('q', query.q);
    const page = await request(studyList, `/api/studies?${search}`, signal ? { signal } : {});
    studies.push(...page.studies);
    const isAll = page.studies.length < limit || studies.length >= query.limit;
    if (isAll) return { studies, total: page.total };
  }
}

export const deleteStudy = (uid: string): Promise<void> =>
  command(`/api/studies/${encodeURIComponent(uid)}`, { method: 'DELETE' });
