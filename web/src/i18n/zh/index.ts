import { caseWords } from './case.ts';
import { general } from './general.ts';
import { islands } from './islands.ts';
import { library } from './library.ts';
import { marks } from './marks.ts';
import { meeting } from './meeting.ts';
import { models } from './models.ts';
import { reading } from './reading.ts';

/** One file a room; a word belongs to the room that shows it. */
export const zh = {
  ...general,
  ...library,
  ...islands,
  ...reading,
  ...models,
  ...marks,
  ...caseWords,
  ...meeting,
};
