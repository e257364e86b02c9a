import { useText } from '../i18n/index.ts';
import { Dialog } from '../ui/index.ts';
import { keyRows } from './keys.ts';
import styles from './ReadingRoom.module.css';

/** Every key and gesture; each of them also has a button. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useText();
  const { rows } = t.help;
  const gestures = [
    [t.help.click, rows.jump],
    [t.help.wheel, rows.scroll],
    [t.help.ctrlWheel, rows.zoom],
    [t.help.rightDrag, rows.zoom],
    [t.help.middleDrag, rows.pan],
    [t.help.twoFingers, `${rows.pan} · ${rows.zoom} · ${t.tools.rotate}`],
    [t.help.threeFingers, rows.scroll],
    [t.help.doubleClick, rows.maximise],
    [t.help.emptySpace, rows.present],
  ] as const;
  return (
    <Dialog
      title={t.help.title}
      closeLabel={t.common.close}
      onClose={onClose}
      width={920}
      testId="help-dialog"
    >
      <div className={styles.help}>
        <section>
          <h3>{t.help.keys}</h3>
          <dl className={styles.keys}>
            {keyRows(t).map(([keys, what]) => (
              <Row key={what} keys={keys} what={what} />
            ))}
          </dl>
        </section>
        <section>
          <h3>{t.help.gestures}</h3>
          <dl className={styles.keys}>
            {gestures.map(([gesture, what]) => (
              <Row key={gesture} keys={[gesture]} what={what} />
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

function Row({ keys, what }: { readonly keys: readonly string[]; readonly what: string }) {
  return (
    <div>
      <dt>
        {keys.map((k) => (
          <kbd key={k}>{k}</kbd>
        ))}
      </dt>
      <dd>{what}</dd>
    </div>
  );
}
