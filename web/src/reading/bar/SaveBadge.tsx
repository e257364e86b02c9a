import { useEffect, useState } from 'react';
import type { SaveState } from '../../case/index.ts';
import { type Dictionary, useText } from '../../i18n/index.ts';
import { useSaveState } from '../room-context.ts';
import styles from './Bar.module.css';

/** Saving that is over sooner than this is not worth a word. */
const patienceMs = 600;

/** Whether what was done here is on the server's disk. */
export function SaveBadge() {
  const t = useText();
  const shown = useSettled(useSaveState());
  return (
    <span
      className={styles.saved}
      role="status"
      title={shown.state === 'offline' ? t.saved.offlineText : undefined}
      data-testid="saved"
      data-state={shown.state}
    >
      <span className={styles.savedWord}>{wordOf(shown, t)}</span>
      <span className={styles.light} data-state={shown.state} />
    </span>
  );
}

function wordOf(save: SaveState, t: Dictionary): string {
  switch (save.state) {
    case 'saved':
      return t.saved.saved;
    case 'saving':
      return t.saved.saving;
    case 'offline':
      return save.waiting > 0 ? t.saved.waiting(save.waiting) : t.saved.offline;
    case 'local':
      return t.saved.readOnly;
    case 'refused':
      return t.saved.refused;
    case 'connecting':
      return t.saved.connecting;
  }
}

/** "Saving" only when it takes a while; everything else at once. */
function useSettled(save: SaveState): SaveState {
  const [shown, setShown] = useState(save);
  useEffect(() => {
    if (save.state !== 'saving') {
      setShown(save);
      return;
    }
    const timer = setTimeout(() => setShown(save), patienceMs);
    return () => clearTimeout(timer);
  }, [save]);
  return shown;
}
