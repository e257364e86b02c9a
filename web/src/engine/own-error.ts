import { YuepianError } from '@yuepian/contract';

/** Whatever was thrown, as one of ours: only these have a sentence in the interface. */
export function ownError(error: unknown): YuepianError {
  if (error instanceof YuepianError) return error;
  const id = error instanceof Error ? error.message : String(error);
  return new YuepianError('internal', { id }, { cause: error });
}
