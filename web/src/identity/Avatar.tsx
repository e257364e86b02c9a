import type { User } from '@yuepian/contract';
import type { CSSProperties } from 'react';
import { formatUser, useLanguage } from '../i18n/index.ts';
import styles from './identity.module.css';

/** A person as a dot of their colour; a Chinese name shows its family name, another its initial. */
export function Avatar({ user }: { readonly user: Pick<User, 'displayName' | 'name' | 'colour'> }) {
  const initial = [...formatUser(user, useLanguage())][0]?.toLocaleUpperCase() ?? '';
  return (
    <span
      className={styles.avatar}
      style={{ '--person': user.colour } as CSSProperties}
      aria-hidden="true"
    >
      {initial}
    </span>
  );
}
