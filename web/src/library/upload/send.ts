import { type ImportResponse, importResponse } from '@yuepian/contract';
import { errorFromText, parseJson, Unintelligible, Unreachable } from '../../api/index.ts';
import type { FoundFile } from './walk.ts';

export type Sendable = FoundFile & { readonly file: File };

/**
 * Sends files as one form. XMLHttpRequest, because fetch tells nothing about what was sent so far.
 * @param onProgress bytes sent of all bytes
 * @throws YuepianError, Unreachable, Unintelligible; the signal's reason when aborted
 */
export function sendFiles(
  files: readonly Sendable[],
  onProgress: (sent: number, total: number) => void,
  signal: AbortSignal,
): Promise<ImportResponse> {
  const form = new FormData();
  for (const { path, file } of files) form.append('file', file, path);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const finish = (act: () => void) => {
      signal.removeEventListener('abort', abort);
      act();
    };
    request.open('POST', '/api/import');
    request.upload.onprogress = (e) => onProgress(e.loaded, e.total);
    request.onload = () =>
      finish(() => {
        const parsed = importResponse.safeParse(parseJson(request.responseText));
        if (parsed.success) resolve(parsed.data);
        else if (request.status >= 400) reject(errorFromText(request.responseText, request.status));
        else reject(new Unintelligible('/api/import'));
      });
    request.onerror = () => finish(() => reject(new Unreachable('/api/import')));
    request.onabort = () => finish(() => reject(signal.reason));
    signal.addEventListener('abort', abort);
    if (signal.aborted) finish(() => reject(signal.reason));
    else request.send(form);
  });
}
