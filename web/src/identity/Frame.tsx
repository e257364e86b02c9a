import type { ReactNode } from 'react';
import { useText } from '../i18n/index.ts';
import styles from './identity.module.css';
import { LanguageButton } from './LanguageButton.tsx';

/** The quiet page around signing in. */
export function Frame({
  title,
  subtitle,
  children,
}: {
  readonly title: string;
  readonly subtitle: string;
  readonly children: ReactNode;
}) {
  const t = useText();
  return (
    <main className={styles.page}>
      <div className={styles.bar}>
        <LanguageButton />
      </div>
      <div className={styles.centre}>
        <header className={styles.brand}>
          <img src="/icon.svg" alt="" />
          <h1>{title}</h1>
          <p className={styles.quiet}>{subtitle}</p>
        </header>
        {children}
      </div>
      <p className={styles.foot}>{t.disclaimer}</p>
    </main>
  );
}
