import type { Structure } from '@yuepian/contract';
import type { CSSProperties } from 'react';
import { formatMl, useText } from '../i18n/index.ts';
import { Button, useStore } from '../ui/index.ts';
import type { ModelsDesk } from './desk.ts';
import { bandColours } from './plan/bands.ts';
import styles from './Sureness.module.css';

/** What a network says of its own border: a range of mL, and the surface coloured by it. */
export function Sureness({
  structure: s,
  desk,
}: {
  readonly structure: Structure;
  readonly desk: ModelsDesk;
}) {
  const t = useText();
  const isShown = useStore(desk.plan.state, (p) => p.sureOf === s.key);
  const isBusy = useStore(desk.plan.state, (p) => p.isBusy);
  if (!s.sureness) return null;
  const { lowMl, highMl } = s.sureness;
  return (
    <div className={styles.sureness} data-testid={`sureness-${s.key}`}>
      <p title={t.sureness.what}>{t.sureness.range(formatMl(lowMl), formatMl(highMl))}</p>
      <Button
        small
        pressed={isShown}
        aria-disabled={isBusy}
        data-testid={`sure-${s.key}`}
        onClick={() => !isBusy && void desk.plan.setSure(s, !isShown)}
      >
        {t.sureness.colour}
      </Button>
      {isShown && (
        <div className={styles.legend} data-testid="sure-legend">
          <span>{t.sureness.unsure}</span>
          {bandColours.map((colour) => (
            <span
              key={colour}
              className={styles.band}
              style={{ '--band': colour } as CSSProperties}
            />
          ))}
          <span>{t.sureness.sure}</span>
        </div>
      )}
      <p className={styles.quiet}>{t.sureness.what}</p>
    </div>
  );
}
