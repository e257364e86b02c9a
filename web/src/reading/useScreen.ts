import type { DeviceKind } from '@yuepian/contract';
import { useEffect, useState } from 'react';

export interface Screen {
  /** One view at a time. */
  readonly isPhone: boolean;
}

/** The same width as in the style sheets. */
export const phoneQuery = '(max-width: 700px)';

export function useScreen(): Screen {
  const [isPhone, setPhone] = useState(() => matchMedia(phoneQuery).matches);
  useEffect(() => {
    const query = matchMedia(phoneQuery);
    const update = () => setPhone(query.matches);
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return { isPhone };
}

/** What the others see that this person works at. */
export function deviceOf(): DeviceKind {
  const { pointer } = document.documentElement.dataset;
  if (matchMedia(phoneQuery).matches) return 'phone';
  return pointer === 'board' ? 'board' : pointer === 'touch' ? 'tablet' : 'desk';
}
