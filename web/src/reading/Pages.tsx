import { useText } from '../i18n/index.ts';
import { Segmented } from '../ui/index.ts';
import styles from './ReadingRoom.module.css';
import { useRoom, useRoomState } from './room-context.ts';
import { volumeViews } from './room-state.ts';

/** A phone's four views as words; swiping does the same. */
export function Pages() {
  const t = useText();
  const room = useRoom();
  const phoneView = useRoomState((s) => s.phoneView);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  if (!isVolume) return null;
  return (
    <div className={styles.pages}>
      <Segmented
        label={t.tools.layout}
        value={phoneView}
        options={volumeViews.map((value) => ({ value, label: t.layout[value] }))}
        onChange={(view) => room.state.set({ phoneView: view, activeView: view })}
      />
    </div>
  );
}
