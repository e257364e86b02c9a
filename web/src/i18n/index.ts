export type { Dictionary } from './dictionary.ts';
export {
  formatAge,
  formatDate,
  formatDuration,
  formatMl,
  formatMm,
  formatName,
  formatNumber,
  formatPerson,
  formatSex,
  formatUnit,
  formatUser,
  formatValue,
} from './format.ts';
export {
  currentLanguage,
  dictionaries,
  errorSentence,
  preferredLanguage,
  setLanguage,
  startLanguage,
  text,
  useLanguage,
  useText,
} from './language.ts';
