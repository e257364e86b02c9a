import { useEffect, useState } from 'react';
import { z } from 'zod';
import { request } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { Dialog } from '../ui/index.ts';
import styles from './identity.module.css';

const health = z.object({ version: z.string() });

export function About({ onClose }: { readonly onClose: () => void }) {
  const t = useText();
  const [version, setVersion] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    request(health, '/healthz', { signal: abort.signal }).then(
      (h) => setVersion(h.version),
      () => undefined,
    );
    return () => abort.abort();
  }, []);
  return (
    <Dialog title={t.about.title} closeLabel={t.common.close} onClose={onClose} testId="about">
      <div className={styles.about}>
        <p>{t.about.text}</p>
        <p className={styles.caution}>{t.disclaimer}</p>
        <p className={styles.quiet}>
          {version && `${t.about.version} ${version} · `}
          {t.about.licence}
        </p>
      </div>
    </Dialog>
  );
}
