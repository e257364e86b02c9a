import type { Dictionary } from '../dictionary.ts';
import { caseWords } from './case.ts';
import { general } from './general.ts';
import { islands } from './islands.ts';
import { library } from './library.ts';
import { marks } from './marks.ts';
import { meeting } from './meeting.ts';
import { models } from './models.ts';
import { reading } from './reading.ts';

export const en: Dictionary = {
  ...general,
  ...library,
  ...islands,
  ...reading,
  ...models,
  ...marks,
  ...caseWords,
  ...meeting,
};
