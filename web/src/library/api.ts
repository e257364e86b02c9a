import { studyList } from '@yuepian/contract';
import { command, request } from '../api/index.ts';

export const sortOrders = ['received', 'date', 'name'] as const;
export type SortOrder = (typeof sortOrders)[number];
export const pageSize = 50;

export function listStudies(
  query: { readonly q: string; readonly sort: SortOrder; readonly limit: number },
  signal?: AbortSignal,
) {
  const search = new URLSearchParams({ sort: query.sort, limit: String(query.limit) });
  if (query.q !== '') search.set('q', query.q);
  return request(studyList, `/api/studies?${search}`, signal ? { signal } : {});
}

export const deleteStudy = (uid: string): Promise<void> =>
  command(`/api/studies/${encodeURIComponent(uid)}`, { method: 'DELETE' });
