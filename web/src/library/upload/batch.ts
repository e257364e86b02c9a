import type { ImportResult } from '@yuepian/contract';

/** Limits of one request: small enough that progress moves, large enough that 2,000 slices are quick. */
export const batchFiles = 40;
export const batchBytes = 32 * 1024 * 1024;

/** Whether a file still fits into a batch; a file larger than the limit travels alone. */
export const fits = (count: number, bytes: number, size: number): boolean =>
  count === 0 || (count < batchFiles && bytes + size <= batchBytes);

export interface Answered {
  /** Index of the sent file this result belongs to. */
  readonly index: number;
  readonly result: ImportResult;
}

/**
 * Which sent file each result is about. The server names a result by the file name it received, and
 * lists the members of a zip one by one (`archive.zip/…` or the member's own path), in order.
 */
export function assignResults(
  paths: readonly string[],
  results: readonly ImportResult[],
): Answered[] {
  if (paths.length === results.length) return results.map((result, index) => ({ index, result }));
  let current = 0;
  return results.map((result) => {
    const ahead = paths.findIndex((path, n) => n >= current && isNamed(path, result.file));
    if (ahead >= 0) current = ahead;
    return { index: current, result };
  });
}

function isNamed(path: string, name: string): boolean {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const isSame = (full: string): boolean => name === full || name.startsWith(`${full}/`);
  return isSame(path) || isSame(base);
}
