import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/index.ts';
import { type Display, useDisplay } from '../ui/index.ts';

export interface Screen {
  /** One view at a time. */
  readonly isPhone: boolean;
  /** Not all tools fit into one bar. */
  readonly isCompact: boolean;
}

const phoneWidth = 700;
/** Width of the whole bar in widths of a character: English words are longer. */
const barWidth = { zh: 104, en: 126 } as const;

function measure(language: 'zh' | 'en', display: Display): Screen {
  const style = getComputedStyle(document.body);
  const character = Number.parseFloat(style.fontSize) || 14;
  const target = Number.parseFloat(
    getComputedStyle(document.documentElement).getPropertyValue('--target'),
  );
  // Where targets are larger than text asks for, the bar grows with them.
  const hasLargeTargets = display.pointer !== 'mouse' && Number.isFinite(target);
  const extra = hasLargeTargets ? Math.max(0, target - 2 * character) * 14 : 0;
  const isPhone = innerWidth <= phoneWidth;
  return { isPhone, isCompact: isPhone || innerWidth < barWidth[language] * character + extra };
}

export function useScreen(): Screen {
  const language = useLanguage();
  const display = useDisplay();
  const [screen, setScreen] = useState<Screen>({ isPhone: false, isCompact: false });
  useEffect(() => {
    const update = () =>
      setScreen((old) => {
        const next = measure(language, display);
        const isSame = old.isPhone === next.isPhone && old.isCompact === next.isCompact;
        return isSame ? old : next;
      });
    update();
    addEventListener('resize', update);
    return () => removeEventListener('resize', update);
  }, [language, display]);
  return screen;
}
