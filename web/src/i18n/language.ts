import type { ErrorCode, ErrorDetails, Language } from '@yuepian/contract';
import { sentence } from '@yuepian/contract';
import { createStore, memory, useStore } from '../ui/index.ts';
import type { Dictionary } from './dictionary.ts';
import { en } from './en/index.ts';
import { zh } from './zh/index.ts';

export const dictionaries: Record<Language, Dictionary> = { zh, en };

const store = createStore<{ language: Language }>({ language: 'zh' });

/** Language of a visitor: what was chosen here, else the browser's, else Chinese. */
export function preferredLanguage(
  stored: string | undefined,
  browser: readonly string[],
): Language {
  if (stored === 'zh' || stored === 'en') return stored;
  for (const tag of browser) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'zh' || base === 'en') return base;
  }
  return 'zh';
}

function apply(): void {
  const { language } = store.get();
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = dictionaries[language].product;
}

export function startLanguage(): void {
  store.set({ language: preferredLanguage(memory.read('language'), navigator.languages) });
  apply();
  store.subscribe(apply);
}

export function setLanguage(language: Language): void {
  memory.write('language', language);
  store.set({ language });
}

export const currentLanguage = (): Language => store.get().language;
export const useLanguage = (): Language => useStore(store, (s) => s.language);
/** The words of the current language. */
export const useText = (): Dictionary => dictionaries[useLanguage()];
/** The same outside of components. */
export const text = (): Dictionary => dictionaries[currentLanguage()];

/** The sentence of an error of the closed set in the current language. */
export const errorSentence = (code: ErrorCode, details: ErrorDetails = {}): string =>
  sentence(code, currentLanguage(), details);
