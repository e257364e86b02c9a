import type { Job, SeriesDetail } from '@yuepian/contract';
import { errorSentence, formatDuration, useLanguage, useText } from '../i18n/index.ts';
import { Button, classes, Progress } from '../ui/index.ts';
import styles from './Structures.module.css';

export interface ReconstructionStatusProps {
  readonly series: SeriesDetail;
  /** Newest word of the job, newer than the series when events arrived since. */
  readonly job: Job | undefined;
  readonly mayRun: boolean;
  readonly onRun: () => void;
  readonly onCancel: (jobId: string) => void;
}

/** What a running job does, how long it takes, and how to stop it; or how to start one. */
export function ReconstructionStatus(props: ReconstructionStatusProps) {
  const { series, job, mayRun, onRun, onCancel } = props;
  const t = useText();
  const language = useLanguage();
  const state = job?.state ?? series.reconstruction.state;
  const hasModels = series.structures.length > 0;
  if (job && (state === 'queued' || state === 'running')) {
    const step = t.steps[job.step] ?? t.steps.working ?? '';
    const left =
      job.remainingSeconds !== undefined &&
      t.structures.remaining(formatDuration(job.remainingSeconds, language));
    return (
      <div className={styles.status} data-testid="reconstruction-running">
        <div>
          <span>
            {state === 'queued'
              ? t.structures.queued
              : `${step} ${Math.round(job.progress * 100)}%`}
          </span>
          {left && <span>{left}</span>}
        </div>
        <Progress label={step} value={state === 'running' ? job.progress : undefined} />
        {mayRun && (
          <Button small onClick={() => onCancel(job.id)} data-testid="cancel-reconstruction">
            {t.structures.cancel}
          </Button>
        )}
      </div>
    );
  }
  if (state === 'failed' || state === 'cancelled') {
    const why = job?.error && errorSentence(job.error.code, job.error.details);
    return (
      <div className={classes(styles.status, styles.trouble)} data-testid="reconstruction-stopped">
        <strong>{state === 'failed' ? t.structures.failed : t.structures.cancelled}</strong>
        {why && state === 'failed' && <span>{why}</span>}
        {mayRun && series.reconstructable && <RunButton isAgain onRun={onRun} />}
      </div>
    );
  }
  if (hasModels || series.kind !== 'volume') return null;
  if (!series.reconstructable) {
    return (
      <div className={styles.empty} data-testid="not-reconstructable">
        <strong>{t.structures.empty}</strong>
        <p>{t.structures.obstacles[series.modelObstacle ?? 'modality']}</p>
      </div>
    );
  }
  return (
    <div className={styles.empty} data-testid="no-structures">
      <strong>{t.structures.empty}</strong>
      <p>{mayRun ? t.structures.emptyText : t.structures.emptyViewer}</p>
      {mayRun && <RunButton isAgain={false} onRun={onRun} />}
    </div>
  );
}

function RunButton({ isAgain, onRun }: { readonly isAgain: boolean; readonly onRun: () => void }) {
  const t = useText();
  return (
    <Button kind={isAgain ? 'plain' : 'primary'} onClick={onRun} data-testid="run-reconstruction">
      {isAgain ? t.structures.rerun : t.structures.run}
    </Button>
  );
}
