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
 * Which sent file each result is about. Results come in the order in which the server got done, named
 * by the path that was sent, and `<path>/<member>` for each member of a zip. A name the server had to
 * clean fits no path; it goes to a file that has no answer yet.
 */
export function assignResults(
  paths: readonly string[],
  results: readonly ImportResult[],
): Answered[] {
  const places = new Map<string, number[]>();
  for (const [index, path] of paths.entries()) {
    places.set(path, [...(places.get(path) ?? []), index]);
  }
  const silent = new Set(paths.keys());
  const answered: Answered[] = [];
  const strange: ImportResult[] = [];
  for (const result of results) {
    const same = places.get(result.file);
    const index = same?.find((n) => silent.has(n)) ?? same?.[0] ?? zipOf(places, result.file);
    if (index === undefined) strange.push(result);
    else {
      silent.delete(index);
      answered.push({ index, result });
    }
  }
  for (const result of strange) {
    const [index = 0] = silent;
    silent.delete(index);
    answered.push({ index, result });
  }
  return answered;
}

/** The sent file that is the beginning of a member's path. */
function zipOf(places: ReadonlyMap<string, readonly number[]>, file: string): number | undefined {
  for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
    const found = places.get(file.slice(0, end));
    if (found) return found[0];
  }
  return undefined;
}
