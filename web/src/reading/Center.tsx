import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useText } from '../i18n/index.ts';
import { Button } from '../ui/index.ts';
import styles from './ReadingRoom.module.css';

/** A word in the middle where otherwise images are. */
export const Center = ({ children }: { readonly children: ReactNode }) => (
  <div className={styles.center}>{children}</div>
);

/** A room that cannot be entered: why, and the way out. */
export function Notice({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) {
  const t = useText();
  const [, navigate] = useLocation();
  return (
    <main className={styles.room} data-testid="message">
      <span />
      <Center>
        <h2>{title}</h2>
        {typeof children === 'string' ? <p>{children}</p> : children}
        <Button onClick={() => navigate('/')}>{t.common.toLibrary}</Button>
      </Center>
    </main>
  );
}
