import type { Dictionary } from '../dictionary.ts';
import { plural } from './plural.ts';

export const caseWords: Pick<Dictionary, 'saved'> = {
  saved: {
    saved: 'Saved',
    saving: 'Saving',
    waiting: (n) => `Offline · ${plural(n, 'change')} waiting`,
    offline: 'Offline',
    offlineText:
      'The connection is lost. Looking, measuring and marking go on; all is saved when it returns.',
    connecting: 'Connecting',
    readOnly: 'Read only',
    refused: 'Cannot be saved: signed out, or not allowed.',
  },
};
