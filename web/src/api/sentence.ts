import { YuepianError } from '@yuepian/contract';
import { errorSentence, text } from '../i18n/index.ts';
import { Unreachable } from './client.ts';

/** What to tell the user about anything thrown, in the current language. */
export function sentenceOf(error: unknown): string {
  if (error instanceof YuepianError) return errorSentence(error.code, error.details);
  if (error instanceof Unreachable) return text().common.offline;
  return text().common.unexpected;
}
