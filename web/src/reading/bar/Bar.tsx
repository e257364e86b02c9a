import { type ReactNode, useRef, useState } from 'react';
import { useLanguage, useText } from '../../i18n/index.ts';
import { Button, classes, useDisplay, useStore } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';
import { type ToolGroup, toolGroups } from './groups.ts';
import { History } from './History.tsx';
import { SaveBadge } from './SaveBadge.tsx';
import { useDensity } from './useDensity.ts';

/** The one bar: tools by what a person wants. Where it is narrow, one group at a time. */
export function Bar({
  isPhone,
  children,
}: {
  readonly isPhone: boolean;
  readonly children?: ReactNode;
}) {
  const t = useText();
  const [chosen, setChosen] = useState<ToolGroup['key']>('look');
  const offered = useRoomState((s) =>
    toolGroups
      .filter((g) => g.isOffered(s))
      .map((g) => g.key)
      .join(' '),
  );
  const room = useRoom();
  const hasIslands = useStore(room.islands.state, (s) => s.islands.length > 0);
  // What islands hold is not here as well: whose hand would it be for?
  const shown = toolGroups.filter(
    (g) => offered.split(' ').includes(g.key) && !(hasIslands && g.isOnIslands),
  );
  const current = shown.find((g) => g.key === chosen) ?? shown[0];
  const row = useRef<HTMLElement>(null);
  const words = `${offered} ${hasIslands} ${useLanguage()} ${useDisplay().pointer}`;
  const roomiest = useDensity(row, words);
  const density = isPhone ? 'tabs' : roomiest;
  const isCompact = density === 'tabs';
  return (
    <footer
      ref={row}
      className={classes(
        styles.bar,
        isCompact && styles.compact,
        density === 'tight' && styles.tight,
      )}
      data-density={density}
      data-testid="bar"
    >
      {isCompact && shown.length > 0 && (
        <div className={styles.tabs} role="tablist">
          {shown.map((g) => (
            <Button
              key={g.key}
              kind="quiet"
              role="tab"
              aria-selected={g === current}
              pressed={g === current}
              data-testid={`group-${g.key}`}
              onClick={() => setChosen(g.key)}
            >
              {t.groups[g.key]}
            </Button>
          ))}
        </div>
      )}
      {(isCompact && current ? [current] : shown).map((g) => (
        <div key={g.key} className={styles.group} role="toolbar" aria-label={t.groups[g.key]}>
          {density === 'full' && !g.isOneButton && (
            <span className={styles.word}>{t.groups[g.key]}</span>
          )}
          <g.Tools />
        </div>
      ))}
      <span className={styles.space} data-space="" />
      <div className={styles.end}>
        {shown.length > 0 && <History />}
        <SaveBadge />
        {children}
      </div>
    </footer>
  );
}
