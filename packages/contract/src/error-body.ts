import { z } from 'zod';
import { errorCodes, sentence, type YuepianError } from './errors.ts';

/** How an error looks on the wire; both sentences, so that a client needs no table of its own. */
export const errorBody = z.object({
  error: z.object({
    code: z.enum(errorCodes),
    details: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    zh: z.string(),
    en: z.string(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;

export const toErrorBody = (e: YuepianError): ErrorBody => ({
  error: {
    code: e.code,
    details: { ...e.details },
    zh: sentence(e.code, 'zh', e.details),
    en: sentence(e.code, 'en', e.details),
  },
});
