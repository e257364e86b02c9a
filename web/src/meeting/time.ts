import type { Language } from '@yuepian/contract';

const localeOf = { zh: 'zh-CN', en: 'en-GB' } as const;

/** Day and time of a moment in ms since 1970, in the reader's own time zone. */
export const formatMoment = (ms: number, language: Language): string =>
  new Intl.DateTimeFormat(localeOf[language], {
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  }).format(ms);

/** Minutes and seconds of a stretch of time. */
export const formatStretch = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};
