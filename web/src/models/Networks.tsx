import type { Job, SeriesDetail, SeriesModels } from '@yuepian/contract';
import { Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { formatDuration, useLanguage, useText } from '../i18n/index.ts';
import { Button, notify, Progress } from '../ui/index.ts';
import { cancelJob, modelsFor, runModel } from './api.ts';
import styles from './Networks.module.css';

const addCommand = 'npx yuepian models add …';

/** Networks for this series: those that fit can be run; where none does, what can be done without. */
export function Networks({
  series,
  job,
  mayRun,
  onChanged,
}: {
  readonly series: SeriesDetail;
  /** The newest run of a network on this series. */
  readonly job: Job | undefined;
  readonly mayRun: boolean;
  readonly onChanged: () => void;
}) {
  const t = useText();
  const language = useLanguage();
  const [found, setFound] = useState<SeriesModels>();
  const uid = series.seriesInstanceUid;
  useEffect(() => {
    let isOver = false;
    modelsFor(uid).then(
      (models) => !isOver && setFound(models),
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [uid]);
  const tell = async (doing: Promise<void>) => {
    try {
      await doing;
      onChanged();
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
  };
  if (!found) return null;
  const networks = found.models.filter((m) => m.model.engine !== 'classical');
  const fitting = networks.filter((m) => m.fits);
  const isRunning = job?.state === 'running' || job?.state === 'queued';
  return (
    <section className={styles.networks} aria-label={t.networks.title} data-testid="networks">
      <h3>{t.networks.title}</h3>
      {isRunning && job && (
        <div className={styles.running} data-testid="network-running">
          <span>
            {job.state === 'queued'
              ? t.structures.queued
              : `${t.networks.running} ${Math.round(job.progress * 100)}%`}
            {job.remainingSeconds !== undefined &&
              ` · ${t.structures.remaining(formatDuration(job.remainingSeconds, language))}`}
          </span>
          <Progress
            label={t.networks.running}
            value={job.state === 'running' ? job.progress : undefined}
          />
          {mayRun && (
            <Button small data-testid="cancel-network" onClick={() => void tell(cancelJob(job.id))}>
              {t.networks.cancel}
            </Button>
          )}
        </div>
      )}
      {fitting.map(({ model }) => (
        <div key={model.id} className={styles.model} data-testid={`network-${model.id}`}>
          <span>
            <strong>{model.title[language]}</strong>
            <span className={styles.quiet}>
              {t.networks.facts(model.modelVersion, model.licence, model.classes.length)}
            </span>
          </span>
          {mayRun && !isRunning && (
            <Button
              small
              icon={<Play />}
              data-testid={`run-${model.id}`}
              onClick={() => void tell(runModel(uid, model.id))}
            >
              {t.networks.run}
            </Button>
          )}
        </div>
      ))}
      {fitting.length === 0 && (
        <div className={styles.none} data-testid="no-network">
          <p>{t.networks.none}</p>
          {networks.map(({ model, misfits }) => (
            <p key={model.id} className={styles.quiet}>
              {model.title[language]}: {misfits.map((m) => m[language]).join('; ')}
            </p>
          ))}
          <p className={styles.quiet}>{t.networks.howToAdd(addCommand)}</p>
          <p>{t.networks.without}</p>
        </div>
      )}
    </section>
  );
}
