import { useEffect, useState } from 'react';

export interface Screen {
  /** One view at a time. */
  readonly isPhone: boolean;
}

/** The same width as in the style sheets. */
const phone = '(max-width: 700px)';

export function useScreen(): Screen {
  const [isPhone, setPhone] = useState(() => matchMedia(phone).matches);
  useEffect(() => {
    const query = matchMedia(phone);
    const update = () => setPhone(query.matches);
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return { isPhone };
}
