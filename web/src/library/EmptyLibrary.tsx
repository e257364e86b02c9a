import { FolderOpen, UserRound } from 'lucide-react';
import { sentenceOf } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { Button, Progress } from '../ui/index.ts';
import { ImportButtons } from './ImportButtons.tsx';
import styles from './Library.module.css';
import { useDemo } from './useDemo.ts';

/** Nothing is there yet: what to do about it. */
export function EmptyLibrary({ mayImport }: { readonly mayImport: boolean }) {
  const t = useText();
  const demo = useDemo();
  return (
    <div className={styles.empty} data-testid="empty-library">
      <FolderOpen aria-hidden="true" />
      <h2>{t.library.emptyTitle}</h2>
      <p>{mayImport ? t.library.emptyText : t.library.notAllowedImport}</p>
      {mayImport && (
        <div className={styles.actions}>
          <ImportButtons primary />
        </div>
      )}
      {demo.state === 'running' ? (
        <div className={styles.sample} role="status" data-testid="sample-running">
          <p>{t.library.sampleRunning}</p>
          <Progress label={t.library.sampleRunning} />
        </div>
      ) : (
        mayImport && (
          <div className={styles.sample}>
            <Button icon={<UserRound />} data-testid="open-sample" onClick={demo.ask}>
              {t.library.openSample}
            </Button>
            <p>
              {demo.error !== undefined
                ? sentenceOf(demo.error)
                : demo.state === 'failed'
                  ? t.library.sampleFailed
                  : t.library.sampleText}
            </p>
          </div>
        )
      )}
    </div>
  );
}
