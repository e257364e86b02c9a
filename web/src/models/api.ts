import {
  type ChangedTogether,
  changedTogether,
  decodeMask,
  encodeMask,
  type Job,
  job,
  type Language,
  type MaskEdges,
  type MaskHead,
  type ModelCatalogue,
  type ModelSummary,
  maskHead,
  modelCatalogue,
  modelSummary,
  type PostEdit,
  type PostStructure,
  type PostTogether,
  type SeriesModels,
  type Structure,
  seriesModels,
  structure,
  type Warning,
  warning,
} from '@yuepian/contract';
import type { ProbabilityBox } from '@yuepian/reconstruct';
import { z } from 'zod';
import { command, errorOf, request, Unintelligible, Unreachable } from '../api/index.ts';

const structureUrl = (id: string): string => `/api/structures/${encodeURIComponent(id)}`;

/** A doctor's word on a structure. */
export type Verdict = 'verified' | 'rejected' | 'withdrawn';

/**
 * Says it of the content that is shown here.
 * @throws YuepianError not_allowed; edit_stale when the structure has another content by now.
 */
export const verifyStructure = (
  { id, content }: Pick<Structure, 'id' | 'content'>,
  verdict: Verdict,
): Promise<void> =>
  command(`${structureUrl(id)}/verify`, { method: 'POST', body: { verdict, content } });

/** @throws YuepianError not_allowed, not_a_volume, not_ready */
export const runReconstruction = (seriesInstanceUid: string): Promise<void> =>
  command(`/api/series/${encodeURIComponent(seriesInstanceUid)}/reconstruction`, {
    method: 'POST',
    body: {},
  });

/** Networks that are installed, and which of them fit a series. */
export const modelsFor = (seriesInstanceUid: string): Promise<SeriesModels> =>
  request(seriesModels, `/api/series/${encodeURIComponent(seriesInstanceUid)}/models`);

/** Free models we know of, and whether each can be added here. */
export const catalogue = (): Promise<ModelCatalogue> =>
  request(modelCatalogue, '/api/models/catalogue');

/**
 * Adds a model of the catalogue; the server fetches and checks it.
 * @throws YuepianError internet_not_allowed, model_refused, not_allowed
 */
export const addKnownModel = (catalogueId: string): Promise<ModelSummary> =>
  request(modelSummary, '/api/models', { method: 'POST', body: { catalogueId } });

/**
 * Sends the zip of a model's folder; the server tries it before it is installed.
 * @throws YuepianError model_refused, already_exists, too_large, not_allowed
 */
export async function uploadModel(zip: Blob): Promise<ModelSummary> {
  const path = '/api/models';
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/zip' },
    body: zip,
  }).catch((cause: unknown) => {
    throw new Unreachable(path, { cause });
  });
  if (!response.ok) throw await errorOf(response);
  const parsed = modelSummary.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new Unintelligible(path);
  return parsed.data;
}

/** Starts a network on a series. @throws YuepianError model_does_not_fit, out_of_memory, not_allowed */
export const runModel = (seriesInstanceUid: string, modelId: string): Promise<void> =>
  command(`/api/series/${encodeURIComponent(seriesInstanceUid)}/reconstruction`, {
    method: 'POST',
    body: { modelId },
  });

/**
 * Makes what can be made from one structure: single bones, stones.
 * @throws YuepianError not_confirmed, not_ready, not_allowed
 */
export const startFinding = (id: string): Promise<Job> =>
  request(job, `${structureUrl(id)}/findings`, { method: 'POST', body: {} });

export const cancelJob = (id: string): Promise<void> =>
  command(`/api/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST', body: {} });

export const exportFormats = ['stl', '3mf', 'obj', 'ply', 'glb', 'seg'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Structures of one volume as one file; the browser saves it. */
export const exportUrl = (
  ids: readonly string[],
  format: ExportFormat,
  language: Language,
): string => {
  const [only] = ids;
  const query = `format=${format}&language=${language}`;
  return only !== undefined && ids.length === 1
    ? `${structureUrl(only)}/export?${query}`
    : `/api/export/structures?${query}&ids=${ids.map(encodeURIComponent).join(',')}`;
};

const printable = z.object({ warnings: z.array(warning) });

/** Why a structure could not be printed as it is; empty when it could. */
export const checkPrintable = async (id: string, language: Language): Promise<Warning[]> =>
  (await request(printable, `${structureUrl(id)}/printable?language=${language}`)).warnings;

/** The voxels of a structure. @throws YuepianError not_found, not_ready, mask_missing */
export async function fetchMask(
  id: string,
  signal?: AbortSignal,
): Promise<{ head: MaskHead; mask: MaskEdges }> {
  const path = `${structureUrl(id)}/mask`;
  const response = await fetch(path, {
    credentials: 'same-origin',
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new Unreachable(path, { cause });
  });
  if (!response.ok) throw await errorOf(response);
  const head = maskHead.safeParse(JSON.parse(response.headers.get('x-mask') ?? 'null'));
  if (!head.success || !response.body) throw new Unintelligible(path);
  const plain = response.body.pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  const [nx, ny, nz] = head.data.size;
  return { head: head.data, mask: decodeMask(bytes, nx * ny * nz) };
}

/**
 * How sure a network is around a structure, where it says.
 * @throws YuepianError not_found
 */
export async function fetchSureness({ sureness }: Structure): Promise<ProbabilityBox | undefined> {
  if (!sureness) return undefined;
  const { url, size, affine } = sureness;
  const response = await fetch(url, { credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new Unreachable(url, { cause });
  });
  if (!response.ok) throw await errorOf(response);
  if (!response.body) throw new Unintelligible(url);
  const plain = response.body.pipeThrough(new DecompressionStream('gzip'));
  const data = new Uint8Array(await new Response(plain).arrayBuffer());
  if (data.length !== size[0] * size[1] * size[2]) throw new Unintelligible(url);
  return { size, affine, data };
}

/** @throws YuepianError edit_stale, not_allowed, invalid_request */
export const postEdit = (id: string, edit: PostEdit): Promise<Structure> =>
  request(structure, `${structureUrl(id)}/edits`, { method: 'POST', body: edit });

/** @throws YuepianError not_allowed, invalid_request */
export const postStructure = (volumeId: string, wish: PostStructure): Promise<Structure> =>
  request(structure, `/api/volumes/${encodeURIComponent(volumeId)}/structures`, {
    method: 'POST',
    body: wish,
  });

/**
 * Several structures of a volume change together, or none of them does.
 * @throws YuepianError edit_stale, not_allowed, invalid_request
 */
export const postTogether = (volumeId: string, wish: PostTogether): Promise<ChangedTogether> =>
  request(changedTogether, `/api/volumes/${encodeURIComponent(volumeId)}/changes`, {
    method: 'POST',
    body: wish,
  });

/** Takes a structure away, or back. @returns it, one revision on. @throws YuepianError not_allowed */
export const hideStructure = (id: string, hidden: boolean): Promise<Structure> =>
  request(structure, `${structureUrl(id)}/hidden`, { method: 'POST', body: { hidden } });

/** Voxels as they travel: gzip of encodeMask, base64. */
export async function packedMask(mask: MaskEdges): Promise<string> {
  const plain = new Blob([encodeMask(mask)]).stream();
  const packed = new Response(plain.pipeThrough(new CompressionStream('gzip')));
  const bytes = new Uint8Array(await packed.arrayBuffer());
  let text = '';
  // In parts: a call takes no more than some ten thousand arguments.
  for (let n = 0; n < bytes.length; n += 8192) {
    text += String.fromCharCode(...bytes.subarray(n, n + 8192));
  }
  return btoa(text);
}
