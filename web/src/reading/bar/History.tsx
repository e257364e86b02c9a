import { Redo2, Undo2 } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { Button, classes, useStore } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';

export function History() {
  const t = useText();
  const room = useRoom();
  // What was done is of the present; the past is looked at.
  const isPast = useRoomState((s) => s.replay !== undefined);
  const canUndo = useStore(room.history.state, (s) => s.canUndo);
  const canRedo = useStore(room.history.state, (s) => s.canRedo);
  return (
    <>
      <Button
        kind="quiet"
        className={classes(styles.tool)}
        icon={<Undo2 />}
        disabled={!canUndo || isPast}
        data-testid="undo"
        onClick={() => room.undo()}
      >
        <span className={styles.historyWord}>{t.tools.undo}</span>
      </Button>
      <Button
        kind="quiet"
        className={classes(styles.tool, styles.redo)}
        icon={<Redo2 />}
        disabled={!canRedo || isPast}
        data-testid="redo"
        onClick={() => room.redo()}
      >
        <span className={styles.historyWord}>{t.tools.redo}</span>
      </Button>
    </>
  );
}
