import { command } from '../api/index.ts';

/** @throws YuepianError not_allowed */
export const verifyStructure = (id: string, verified: boolean): Promise<void> =>
  command(`/api/structures/${encodeURIComponent(id)}/verify`, {
    method: 'POST',
    body: { verified },
  });

/** @throws YuepianError not_allowed, not_a_volume, not_ready */
export const runReconstruction = (seriesInstanceUid: string): Promise<void> =>
  command(`/api/series/${encodeURIComponent(seriesInstanceUid)}/reconstruction`, {
    method: 'POST',
    body: {},
  });

export const cancelJob = (id: string): Promise<void> =>
  command(`/api/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST', body: {} });

/** A model as a file; the browser saves it. */
export const exportUrl = (id: string, format: 'stl' | 'glb'): string =>
  `/api/structures/${encodeURIComponent(id)}/export?format=${format}`;
